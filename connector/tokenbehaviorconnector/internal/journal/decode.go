package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

var errEntry = errors.New("malformed journal entry")

// Decode reads an entry that an Encoder wrote.
func Decode(b []byte) (*Entry, error) {
	if len(b) == 0 {
		return nil, errEntry
	}
	if b[0] < version || b[0] > versionWeights {
		return nil, fmt.Errorf("journal entry of version %d, want %d to %d", b[0], version, versionWeights)
	}
	d := decoder{rest: b[1:]}
	e := &Entry{}
	if b[0] >= versionResponses {
		e.Responses = d.responses()
	}
	if b[0] >= versionMore {
		e.Feedback, e.Uses = d.feedback(), d.uses(b[0] == versionWeights)
	}
	e.Arrival, e.Drain = d.varint(), d.byte() == 1
	count := d.count(minRecord)
	if count > 0 {
		e.Records = make([]otelattr.Record, count)
	}
	var lastTime int64
	previous := new(otelattr.Record)
	for i := range e.Records {
		r := &e.Records[i]
		d.texts(r, previous)
		d.record(r, lastTime)
		previous, lastTime = r, r.Time
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errEntry
	}
	return e, nil
}

// minRecord is the size of the smallest record: so many of them at most are in an encoding.
const minRecord = 8

// decoder reads an encoding; after a mistake in it everything is zero and failed is set.
type decoder struct {
	rest   []byte
	known  []string
	failed bool
}

func (d *decoder) texts(r, previous *otelattr.Record) {
	changed := d.uvarint()
	current, last := texts(r), texts(previous)
	for i := range current {
		if changed&(1<<i) == 0 {
			*current[i] = *last[i]
		} else {
			*current[i] = d.text()
		}
	}
}

func (d *decoder) text() string {
	v := d.uvarint()
	if v&1 == 0 {
		back := v >> 1
		if back == 0 || back > uint64(len(d.known)) {
			d.fail()
			return ""
		}
		return d.known[uint64(len(d.known))-back]
	}
	text := string(d.bytes(v >> 1))
	d.known = append(d.known, text)
	return text
}

func (d *decoder) record(r *otelattr.Record, lastTime int64) {
	o := &r.Observation
	flags := d.byte()
	o.Outbound, r.Remote, r.Served = flags&flagOutbound != 0, flags&flagRemote != 0, flags&flagServed != 0
	r.Unreadable, r.Provisional = flags&flagUnreadable != 0, flags&flagProvisional != 0
	bits := d.byte()
	o.HourUnknown, o.Astray = bits>>bitHourUnknown&1 == 1, bits>>bitAstray&1 == 1
	o.Outcome = behavior.Outcome(bits &^ (1<<bitHourUnknown | 1<<bitAstray))
	if o.Outcome > behavior.ServerError {
		d.fail()
	}
	o.Time = lastTime + d.varint()
	if flags&flagIDs != 0 {
		copy(o.Trace[:], d.bytes(16))
		copy(o.Span[:], d.bytes(8))
		copy(r.Parent[:], d.bytes(8))
	}
	o.HTTPStatus = uint16(d.uvarint())
	o.Duration, o.RequestBytes, o.ResponseBytes = d.varint(), d.varint(), d.varint()
	if flags&flagWeight != 0 {
		o.Weight = d.float()
	}
	if flags&flagViolations != 0 {
		for range d.count(1) {
			o.Violations = append(o.Violations, string(d.bytes(d.uvarint())))
		}
	}
	if d.failed {
		*r = otelattr.Record{}
	}
}

// minFeedback is the size of the smallest feedback.
const minFeedback = 7

func (d *decoder) feedback() (all []behavior.Feedback) {
	for range d.count(minFeedback) {
		bits := d.byte()
		if bits > 3 {
			d.fail()
		}
		f := behavior.Feedback{Verdict: behavior.Verdict(bits & 1), Outbound: bits&2 != 0}
		f.Time, f.TTL = d.varint(), time.Duration(d.varint())
		for _, s := range [...]*string{&f.Token, &f.Facet, &f.Value, &f.By} {
			*s = d.string()
		}
		all = append(all, f)
	}
	return all
}

// minResponse is the size of the smallest response.
const minResponse = 9

func (d *decoder) responses() (all []behavior.Response) {
	for range d.count(minResponse) {
		bits := d.byte()
		r := behavior.Response{Incident: behavior.IncidentState(bits & 3), Outbound: bits>>4 == 1}
		r.Act.State = behavior.ActState(bits >> 2 & 3)
		if bits > 31 || r.Incident > behavior.IncidentOver || r.Act.State > behavior.ActOver {
			d.fail()
		}
		r.Time, r.Act.Delay, r.Act.For = d.varint(), time.Duration(d.varint()), time.Duration(d.varint())
		for _, s := range [...]*string{&r.Token, &r.Hint, &r.Act.ID, &r.Act.Action, &r.Act.Target} {
			*s = d.string()
		}
		all = append(all, r)
	}
	return all
}

// minUse and minAmount are the sizes of the smallest of them.
const (
	minUse    = 27
	minAmount = 2
)

func (d *decoder) uses(weighted bool) (all []otelattr.Consumption) {
	for range d.count(minUse) {
		var u otelattr.Consumption
		copy(u.Trace[:], d.bytes(16))
		copy(u.Span[:], d.bytes(8))
		u.Time, u.Model = d.varint(), d.string()
		for range d.count(minAmount) {
			u.Amounts = append(u.Amounts, otelattr.Amount{Unit: d.string(), N: d.uvarint()})
		}
		if weighted {
			u.Weight = d.float()
		}
		all = append(all, u)
	}
	return all
}

func (d *decoder) float() float64 {
	b := d.bytes(8)
	if d.failed {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (d *decoder) string() string { return string(d.bytes(d.uvarint())) }

func (d *decoder) fail() { d.rest, d.failed = nil, true }

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	b := d.bytes(1)
	if d.failed {
		return 0
	}
	return b[0]
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads a number of things of at least size bytes each.
func (d *decoder) count(size int) int {
	v := d.uvarint()
	if v > uint64(len(d.rest)/size) {
		d.fail()
		return 0
	}
	return int(v)
}
