package behavior

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// stateVersion heads every record. A reader takes what an older build has written, and refuses what it does not know. Version 2
// added travel, mixtures, request sizes, the suspect and the request that tipped a day; version 3 words, and leaves out what is zero, and
// the day of an incident; version 4 the detector of networks, and how long a token slept that woke;
// version 5 tenants; version 6 how answers lean; version 7 what evidence came to before; version 8 answers to each kind of method,
// and the latest gaps; version 9 notes on owners, and examples; version 10 which of a day's endpoints a release explains, when most
// requests were made, and how often a crowd was told of.
const (
	stateVersion  = 10
	oldestVersion = 1
	wordsVersion  = 3
	// from tenantsVersion on a state says which tenants there are
	tenantsVersion = 5
	// from leaningVersion on it says how answers lean towards far larger ones
	leaningVersion = 6
	// from pastVersion on it says what the evidence came to before
	pastVersion = 7
	// from verbsVersion on it keeps answers to each kind of method apart, and how long the latest gaps were
	verbsVersion = 8
	// from ownersVersion on it says what was noted for the owners' other tokens
	ownersVersion = 9
	// from roundsVersion on it says how often a crowd was told of
	roundsVersion = 10
)

// pack writes a token into the memory of an earlier encoding. Its id comes first.
func (t *token) pack(into []byte, words *baseline.Words) []byte {
	w := &baseline.Writer{Bytes: into[:0], Words: words}
	t.put(w)
	return w.Bytes
}

// unpack reads what pack wrote into a token, whose lists are used again.
func (t *token) unpack(state []byte, words *baseline.Words) error {
	t.reset()
	r := &baseline.Reader{Bytes: state, Words: words}
	t.get(r, stateVersion)
	return r.Err
}

// reset forgets everything but the memory of the lists.
func (t *token) reset() {
	b, s := &t.block, t.suspect
	fresh := token{
		countries: t.countries.Emptied(), networks: t.networks.Emptied(), clients: t.clients.Emptied(), services: t.services.Emptied(),
		endpoints: t.endpoints[:0],
		block: block{
			endpoints: b.endpoints[:0], sizes: b.sizes[:0], requests: b.requests[:0], mixNow: b.mixNow[:0], mixBefore: b.mixBefore[:0],
			moreBlock: moreBlock{orders: b.orders[:0]},
		},
	}
	for f := range b.seen {
		fresh.block.seen[f] = b.seen[f][:0]
	}
	if fresh.spare = t.spare; s != nil {
		s.clear()
		fresh.spare = s
	}
	*t = fresh
}

// idOf is the id of a packed token.
func idOf(pack []byte) []byte {
	n, from := binary.Uvarint(pack)
	return pack[from : from+int(n)]
}

// usedOf is the shard's clock at the newest use of a packed token, and whether its block would raise an event if it ended now.
func usedOf(pack []byte) (used uint64, tipped bool) {
	n, from := binary.Uvarint(pack)
	used, _ = binary.Uvarint(pack[from+int(n):])
	return used >> 1, used&1 != 0
}

// repack reads a record of one token, of any version, into the form of memory.
func (s *shard) repack(record []byte) ([]byte, error) {
	r := &baseline.Reader{Bytes: record, Words: &s.words}
	version, err := versionOf(r)
	if err != nil {
		return nil, err
	}
	if version == stateVersion {
		if !packWhole(r.Bytes) {
			return nil, baseline.ErrCorrupt
		}
		return slices.Clone(r.Bytes), nil
	}
	return s.renew(r, version)
}

// renew reads a token that an older build packed into the form of memory.
func (s *shard) renew(r *baseline.Reader, version uint64) ([]byte, error) {
	t := &token{}
	if t.get(r, version); r.Err != nil {
		return nil, r.Err
	}
	return t.pack(nil, &s.words), nil
}

// packWhole says whether the head of a pack can be read.
func packWhole(pack []byte) bool {
	n, from := binary.Uvarint(pack)
	return from > 0 && n > 0 && n < uint64(len(pack)-from)
}

func versionOf(r *baseline.Reader) (uint64, error) {
	v := r.Uint()
	r.Plain = v < wordsVersion
	if r.Err == nil && (v < oldestVersion || v > stateVersion) {
		return v, fmt.Errorf("state has version %d, this build reads %d to %d", v, oldestVersion, stateVersion)
	}
	return v, r.Err
}

func (t *token) put(w *baseline.Writer) {
	w.String(t.id)
	w.Uint(t.used<<1 | flags(t.block.tipped != nil))
	a := &t.about
	w.String(a.hint)
	w.Word(a.kind)
	w.String(a.registry)
	w.Word(a.ownerID)
	w.Word(a.ownerName)
	w.Word(a.ownerTeam)
	w.Uint(flags(a.outbound, t.hasAlert, t.open, t.hidden, t.tenant != ""))
	if t.tenant != "" {
		w.Word(t.tenant)
	}
	w.Int(t.first)
	w.Int(t.last)
	w.Uint(t.requests)
	w.Uint(uint64(t.days))
	w.Uint(t.learned)
	w.Int(int64(t.alertDay))
	for _, c := range [...]*baseline.Categorical[string]{&t.countries, &t.networks, &t.clients, &t.services} {
		c.Put(w, putWord)
	}
	w.Uint(uint64(len(t.endpoints)))
	for i := range t.endpoints {
		w.Word(t.endpoints[i].service)
		t.endpoints[i].routes.Put(w, putEndpoint)
	}
	t.hours.Put(w)
	t.burst.Put(w)
	t.volume.Put(w)
	t.breadth.Put(w)
	t.errors.Put(w)
	t.size.Put(w)
	t.gaps.Put(w)
	var evidence [detectorCount]float32
	for d, c := range t.evidence {
		evidence[d] = float32(c)
	}
	putNats(w, &evidence)
	t.block.put(w)
	t.putMore(w)
	w.Int(int64(t.incident))
	t.more.put(w)
	t.block.moreBlock.put(w)
	t.past.put(w)
	t.answers.put(w)
}

func (t *token) get(r *baseline.Reader, version uint64) {
	t.id = r.String()
	if !r.Plain {
		t.used = r.Uint() >> 1
	}
	a := &t.about
	a.hint, a.kind, a.registry = r.String(), r.Word(), r.String()
	a.ownerID, a.ownerName, a.ownerTeam = r.Word(), r.Word(), r.Word()
	var hasTenant bool
	setFlags(r.Uint(), &a.outbound, &t.hasAlert, &t.open, &t.hidden, &hasTenant)
	if hasTenant {
		t.tenant = r.Word()
	}
	t.first, t.last = r.Int(), r.Int()
	if r.Plain {
		t.id = keyOf(t.id, a.outbound)
		t.used = r.Uint()
	}
	t.requests, t.days, t.learned = r.Uint(), uint32(r.Uint()), r.Uint()
	t.alertDay = int32(r.Int())
	for _, c := range [...]*baseline.Categorical[string]{&t.countries, &t.networks, &t.clients, &t.services} {
		c.Get(r, getWord)
	}
	n := r.Count()
	t.endpoints = slices.Grow(t.endpoints[:0], n)[:n]
	for i := range t.endpoints {
		t.endpoints[i].service = r.Word()
		t.endpoints[i].routes.Get(r, getEndpoint)
	}
	t.hours.Get(r)
	t.burst.Get(r)
	t.volume.Get(r)
	t.breadth.Get(r)
	t.errors.Get(r)
	t.size.Get(r)
	t.gaps.Get(r)
	var evidence [detectorCount]float32
	getNats(r, version, &evidence)
	for d, v := range evidence {
		t.evidence[d] = baseline.Cusum(v)
	}
	t.block.get(r, version)
	if version >= 2 {
		t.getMore(r)
	}
	if version >= 3 {
		t.incident = int32(r.Int())
		t.more.get(r)
		t.block.moreBlock.get(r)
	}
	if version >= pastVersion {
		t.past.get(r, version)
	}
	if version >= verbsVersion {
		t.answers.get(r)
	}
}

func (b *block) put(w *baseline.Writer) {
	w.Int(int64(b.day))
	w.Uint(uint64(b.n))
	for f := range b.bets {
		b.bets[f].Put(w)
	}
	w.Floats(b.peaks[:]...)
	for _, s := range b.peakIs {
		w.Word(s)
	}
	putEndpoint(w, b.peakAt)
	w.Uint(uint64(b.peakBin))
	b.errors.Put(w)
	w.Uint(uint64(b.fresh))
	w.Uint(flags(b.gapNats != 0, b.slept != 0))
	if b.gapNats != 0 {
		w.Double(b.gapNats)
	}
	if b.slept != 0 {
		w.Floats(b.slept, b.longest)
	}
	b.excess.Put(w)
	w.Int(b.slot)
	w.Floats(b.largest, b.inSlot, b.before, b.busiest)
	var used uint64
	for bin, n := range b.hours {
		if n != 0 {
			used |= 1 << bin
		}
	}
	w.Uint(used)
	for ; used != 0; used &= used - 1 {
		w.Uint(uint64(b.hours[bits.TrailingZeros64(used)]))
	}
	for f := range b.seen {
		putCounts(w, b.seen[f])
	}
	putEndpointCounts(w, b.endpoints)
	putAnswers(w, b.sizes)
	putNats(w, &b.worst)
	var explained uint64
	for i := range b.endpoints {
		if b.endpoints[i].explained {
			explained |= 1 << i
		}
	}
	w.Uint(flags(b.alerted, b.partial, b.unlike > 0, explained != 0, b.busySlot != b.slot))
	w.Uint(uint64(b.rules))
	if explained != 0 {
		w.Uint(explained)
	}
	if b.busySlot != b.slot {
		w.Int(b.busySlot)
	}
	if b.unlike > 0 {
		w.Uint(uint64(b.unlike))
		for _, trace := range b.traces[:b.unlike] {
			w.Bytes = append(w.Bytes, trace[:]...)
		}
	}
}

func (b *block) get(r *baseline.Reader, version uint64) {
	b.day, b.n = int32(r.Int()), uint32(r.Uint())
	for f := range b.bets {
		b.bets[f].Get(r)
		if r.Plain {
			b.peaks[f] = r.Float()
		}
	}
	if !r.Plain {
		r.Floats(&b.peaks[0], &b.peaks[1], &b.peaks[2], &b.peaks[3], &b.peaks[4], &b.peaks[5])
	}
	for i := range b.peakIs {
		b.peakIs[i] = r.Word()
	}
	b.peakAt = getEndpoint(r)
	b.peakBin = uint8(r.Uint())
	b.errors.Get(r)
	b.fresh = uint32(r.Uint())
	if r.Plain {
		b.getPlain(r)
	} else {
		b.getSparse(r, version)
	}
	for f := range b.seen {
		b.seen[f] = getCounts(r, b.seen[f][:0])
	}
	b.endpoints = getEndpointCounts(r, b.endpoints[:0])
	b.sizes = getAnswers(r, version, b.sizes)
	getNats(r, version, &b.worst)
	var unlike bool
	var explained, moved bool
	setFlags(r.Uint(), &b.alerted, &b.partial, &unlike, &explained, &moved)
	b.rules = uint16(r.Uint())
	if explained {
		for mask := r.Uint(); mask != 0; mask &= mask - 1 {
			if i := bits.TrailingZeros64(mask); i < len(b.endpoints) {
				b.endpoints[i].explained = true
			}
		}
	}
	b.busySlot = b.slot
	if moved {
		b.busySlot = r.Int()
	}
	if unlike {
		b.unlike = uint8(min(r.Uint(), unlikeKept))
		for i := range b.traces[:b.unlike] {
			r.Raw(b.traces[i][:])
		}
	}
}

func (b *block) getSparse(r *baseline.Reader, version uint64) {
	var gapped, slept, sized bool
	if version < leaningVersion {
		setFlags(r.Uint(), &gapped, &sized, &slept)
	} else {
		setFlags(r.Uint(), &gapped, &slept)
	}
	if gapped {
		b.gapNats = r.Double()
	}
	if sized {
		r.Double()
	}
	if slept {
		r.Floats(&b.slept, &b.longest)
	}
	if version < leaningVersion {
		r.Uint()
	} else {
		b.excess.Get(r)
	}
	b.slot = r.Int()
	r.Floats(&b.largest, &b.inSlot, &b.before, &b.busiest)
	for used := r.Uint() & (1<<len(b.hours) - 1); used != 0; used &= used - 1 {
		b.hours[bits.TrailingZeros64(used)] = uint32(r.Uint())
	}
}

// getPlain reads what versions before words wrote.
func (b *block) getPlain(r *baseline.Reader) {
	b.gapNats, _ = r.Double(), r.Double()
	_, b.largest = r.Uint(), r.Float()
	b.slot = r.Int()
	b.inSlot, b.before, b.busiest = r.Float(), r.Float(), r.Float()
	for i := range b.hours {
		b.hours[i] = uint32(r.Uint())
	}
}

// putNats writes a number for each detector, those that are not zero.
func putNats(w *baseline.Writer, nats *[detectorCount]float32) {
	var used uint64
	for d, v := range nats {
		if v != 0 {
			used |= 1 << d
		}
	}
	w.Uint(used)
	for ; used != 0; used &= used - 1 {
		w.Float(nats[bits.TrailingZeros64(used)])
	}
}

// getNats reads what putNats wrote. Version 1 knew other detectors: their evidence is none for these.
func getNats(r *baseline.Reader, version uint64, nats *[detectorCount]float32) {
	if !r.Plain {
		for used := r.Uint() & (1<<detectorCount - 1); used != 0; used &= used - 1 {
			nats[bits.TrailingZeros64(used)] = r.Float()
		}
		return
	}
	for d := range r.Count() {
		if v := r.Float(); d < detectorCount && version > 1 {
			nats[d] = v
		}
	}
}

func putWord(w *baseline.Writer, s string)       { w.Word(s) }
func getWord(r *baseline.Reader) string          { return r.Word() }
func putEndpoint(w *baseline.Writer, e Endpoint) { w.Word(e.Method); w.Word(e.Route) }
func getEndpoint(r *baseline.Reader) Endpoint    { return Endpoint{r.Word(), r.Word()} }

func flags(set ...bool) (bits uint64) {
	for i, s := range set {
		if s {
			bits |= 1 << i
		}
	}
	return bits
}

func setFlags(bits uint64, into ...*bool) {
	for i, b := range into {
		*b = bits&(1<<i) != 0
	}
}
