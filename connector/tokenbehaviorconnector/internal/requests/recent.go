// Package requests tells which spans and log records are about the same request, so that it is counted once.
package requests

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/prefetch"
)

// Verdict says what a record is.
type Verdict uint8

// Verdicts.
const (
	New         Verdict = iota // a request that was not known
	Duplicate                  // the very same span again, or a log record of it
	Nested                     // part of a request that is known, or around one
	Counterpart                // the answering side of a request that was counted at the asking side: learned from, not counted again
)

// Recent remembers the latest records, in two generations: when the younger one is full it becomes the older one, which is
// forgotten. Verdicts depend on the order of the records alone. Not safe for concurrent use.
type Recent struct {
	name       string
	young, old *generation
	capacity   int // of a generation
	every      bool

	service     string // of the newest record: mostly the next is the same
	serviceHash uint32
}

// NewRecent remembers at least half of capacity and at most capacity records, and is saved under its name. With every, no span is taken
// to be part of another one.
func NewRecent(name string, capacity int, every bool) *Recent {
	capacity = max(1, (capacity+1)/2)
	return &Recent{name: name, young: newGeneration(0), old: newGeneration(0), capacity: capacity, every: every}
}

// inSight is how many records are looked ahead.
const inSight = 12

// Await asks for the memory where a record stands that is admitted soon.
func (r *Recent) Await(next []otelattr.Record) {
	if len(next) > 2*inSight {
		prefetch.Lines(unsafe.Pointer(unsafe.StringData(next[2*inSight].Token)), 1)
	}
	if len(next) <= inSight {
		return
	}
	next[inSight].TokenHash()
	hash := spread(traceOf(&next[inSight]), 0)
	r.young.traces.await(hash)
	r.old.traces.await(hash)
	r.young.await(inSight)
}

// Admit judges a record and remembers it. Records without trace and span id are always new.
func (r *Recent) Admit(record *otelattr.Record) Verdict {
	if record.Span == [8]byte{} || record.Trace == [16]byte{} {
		return New
	}
	if record.Service != r.service {
		r.service, r.serviceHash = strings.Clone(record.Service), hash(record.Service)
	}
	full := len(r.young.entries) >= r.capacity
	if !full {
		r.young.makeRoom()
	}
	trace := traceOf(record)
	at := spread(trace, 0)
	slot, young := r.young.latest(at, trace)
	_, old := r.old.latest(at, trace)
	e := entryOf(record, r.serviceHash)
	if r.young.has(&e, young) || r.old.has(&e, old) {
		return Duplicate
	}
	verdict := New
	if e.token != 0 && !r.every && (young >= 0 || old >= 0) {
		verdict = r.nested(&e, young, old)
	}
	e.counted = verdict == New || verdict == Counterpart
	if full {
		r.old, r.young = r.young, r.old.reuse(r.young.number+1, r.capacity)
		r.young.add(e)
		return verdict
	}
	r.young.put(e, at, slot, young)
	return verdict
}

// nested looks for a counted request of the same trace and token that e is part of, or that is part of e. A request that
// we answer is compared with other such requests. One that we make is no request of its own when it is part of one that we
// answer: a gateway passes on the token of its caller.
func (r *Recent) nested(e *entry, young, old int32) Verdict {
	verdict := New
	for i, g := range [...]*generation{r.young, r.old} {
		for other := range g.walk([...]int32{young, old}[i]) {
			if !other.counted || other.token != e.token || !e.calls(other) && !other.calls(e) && !e.overlaps(other) {
				continue
			}
			if other.outbound && !e.outbound {
				verdict = Counterpart
				continue
			}
			return Nested
		}
	}
	return verdict
}

// entry is what is remembered of a record.
type entry struct {
	trace, span, parent uint64
	start, end          int64
	token, service      uint32 // hashes; token 0: none
	previous            int32  // entry of the same trace in this generation, + 1
	length              uint8  // entries of the trace in this generation up to here; all that are more than maxWalk are one more
	outbound            bool
	remote              bool
	counted             bool
}

func entryOf(record *otelattr.Record, service uint32) entry {
	return entry{
		trace:    traceOf(record),
		span:     binary.LittleEndian.Uint64(record.Span[:]),
		parent:   binary.LittleEndian.Uint64(record.Parent[:]),
		start:    record.Time - max(0, record.Duration),
		end:      record.Time,
		token:    tokenOf(record),
		service:  service,
		outbound: record.Outbound,
		remote:   record.Remote,
	}
}

// tokenOf is a hash of the token; 0: there is none.
func tokenOf(record *otelattr.Record) uint32 {
	if record.Token == "" {
		return 0
	}
	return max(1, record.TokenHash())
}

func traceOf(record *otelattr.Record) uint64 {
	return fold(binary.LittleEndian.Uint64(record.Trace[:8]), binary.LittleEndian.Uint64(record.Trace[8:]))
}

// fold makes one number of a trace id, in which either half may be all that varies.
func fold(high, low uint64) uint64 { return high ^ bits.RotateLeft64(low*0xbf58476d1ce4e5b9, 29) }

// calls says whether other was made directly out of e, whatever their clocks say: a server may end its span after the client
// that called it.
func (e *entry) calls(other *entry) bool { return other.parent != 0 && other.parent == e.span }

// overlaps says whether one of two records of a trace is part of the other: the middle of the shorter one lies within the
// longer one, which forgives clocks that differ a little. Two requests that were made side by side overlap as well; they
// are known by a common parent, or by callers in other processes than the one service that answers both.
func (e *entry) overlaps(other *entry) bool {
	long, short := e, other
	if long.end-long.start < short.end-short.start {
		long, short = short, long
	}
	middle := short.start + (short.end-short.start)/2
	if (middle < long.start || middle > long.end) && !e.reaches(other) && !other.reaches(e) {
		return false
	}
	if e.outbound != other.outbound {
		return true
	}
	siblings := e.parent != 0 && e.parent == other.parent
	strangers := e.remote && other.remote && e.service == other.service
	return !siblings && !strangers
}

// reaches says whether other began in another service while e went on. A busy service tells the end of a request late: it may
// seem to outlast the gateway that waited for it.
func (e *entry) reaches(other *entry) bool {
	return other.remote && e.service != other.service && e.start <= other.start && other.start <= e.end
}

// hash is FNV-1a; 0 for nothing.
func hash(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(1, h)
}
