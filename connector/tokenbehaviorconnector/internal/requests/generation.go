package requests

import (
	"iter"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/holterhq/holter/internal/prefetch"
)

// generation is a number of entries that are forgotten together.
type generation struct {
	number  uint64
	entries []entry
	traces  table // the latest entry of each trace
	spans   table // by trace and span, of traces too long to be walked
	long    int   // entries in spans
	saved   int   // entries that State has returned
	chunks  int   // in which it did
	stale   int   // chunks that were saved and hold what is to be forgotten
}

// maxWalk is how many entries of a trace are looked at: a batch job may make a hundred thousand requests in one.
const maxWalk = 64

func newGeneration(number uint64) *generation { return &generation{number: number} }

// reuse forgets everything and keeps the memory, all that will be needed: the generation before has filled up, and so will this one.
func (g *generation) reuse(number uint64, capacity int) *generation {
	clear(g.spans.slots)
	*g = generation{number: number, entries: slices.Grow(g.entries[:0], capacity), spans: g.spans, traces: g.traces}
	clear(g.traces.slots)
	g.traces.grow(capacity, nil)
	return g
}

// latest finds the latest entry of a trace, -1 if there is none, and the slot that it has or would have.
func (g *generation) latest(hash, trace uint64) (slot, at int32) {
	if len(g.traces.slots) == 0 {
		return -1, -1
	}
	for slot, at = g.traces.seek(hash, hash); at >= 0 && g.entries[at].trace != trace; {
		slot, at = g.traces.seek(hash, uint64(slot)+1)
	}
	return slot, at
}

// has says whether an entry is known, given the latest one of its trace.
func (g *generation) has(e *entry, latest int32) bool {
	if latest < 0 {
		return false
	}
	if g.entries[latest].length > maxWalk {
		_, at := g.spans.find(e.spanHash(), func(i int32) bool { return g.entries[i].span == e.span && g.entries[i].trace == e.trace })
		return at >= 0
	}
	for at := latest; at >= 0; at = g.entries[at].previous - 1 {
		if g.entries[at].span == e.span {
			return true
		}
	}
	return false
}

func (g *generation) add(e entry) {
	g.makeRoom()
	hash := e.traceHash()
	slot, latest := g.latest(hash, e.trace)
	g.put(e, hash, slot, latest)
}

// makeRoom makes room for one entry more: slots that were found before it may not be where they were.
func (g *generation) makeRoom() {
	g.traces.grow(len(g.entries)+1, func(i int32) uint64 { return g.entries[i].traceHash() })
}

// put adds an entry where latest says that it belongs.
func (g *generation) put(e entry, hash uint64, slot, latest int32) {
	at := int32(len(g.entries))
	e.previous, e.length = latest+1, 1
	if latest >= 0 {
		e.length = min(g.entries[latest].length, maxWalk) + 1
	}
	if len(g.entries) == cap(g.entries) { // append would copy more often
		g.entries = slices.Grow(g.entries, max(512, len(g.entries)))
	}
	g.entries = append(g.entries, e)
	g.traces.set(slot, at, hash)
	if e.length <= maxWalk {
		return
	}
	g.addSpan(at)
	if latest >= 0 && g.entries[latest].length == maxWalk { // the trace has become too long just now
		for ; latest >= 0; latest = g.entries[latest].previous - 1 {
			g.addSpan(latest)
		}
	}
}

// await asks for the memory of the entry that comes so many after the next.
func (g *generation) await(after int) {
	if n := len(g.entries) + after; n < cap(g.entries) {
		prefetch.Lines(unsafe.Pointer(&g.entries[:n+1][n]), 1)
	}
}

func (g *generation) addSpan(at int32) {
	g.long++
	g.spans.grow(g.long, func(i int32) uint64 { return g.entries[i].spanHash() })
	hash := g.entries[at].spanHash()
	slot, _ := g.spans.find(hash, func(int32) bool { return false })
	g.spans.set(slot, at, hash)
}

// walk goes through the entries of a trace from the given one on, the latest first.
func (g *generation) walk(at int32) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for range maxWalk {
			if at < 0 || !yield(&g.entries[at]) {
				return
			}
			at = g.entries[at].previous - 1
		}
	}
}

func (e *entry) spanHash() uint64  { return spread(e.trace, e.span) }
func (e *entry) traceHash() uint64 { return spread(e.trace, 0) }

// seeds spread ids that somebody may have chosen.
var seeds = [2]uint64{rand.Uint64(), rand.Uint64()}

func spread(a, b uint64) uint64 {
	high, low := bits.Mul64(a^seeds[0], b^seeds[1])
	return high ^ low
}

// table is an index of entries by a hash, with linear probing. The upper half of a slot is that of the hash, so that few entries of others
// are looked at; the lower half is the entry + 1; 0 is free.
type table struct{ slots []uint64 }

// find returns the slot that belongs to a hash and the entry in it that is meant, or -1.
func (t *table) find(hash uint64, meant func(int32) bool) (slot, at int32) {
	if len(t.slots) == 0 {
		return -1, -1
	}
	for slot, at = t.seek(hash, hash); at >= 0 && !meant(at); {
		slot, at = t.seek(hash, uint64(slot)+1)
	}
	return slot, at
}

// seek returns the first slot from a place on that is free, or has an entry of such a hash, and that entry or -1.
func (t *table) seek(hash, from uint64) (slot, at int32) {
	mask := uint64(len(t.slots) - 1)
	for i := from & mask; ; i = (i + 1) & mask {
		if held := t.slots[i]; held == 0 || held>>32 == hash>>32 {
			return int32(i), int32(uint32(held)) - 1
		}
	}
}

// await asks for the slot where a hash belongs.
func (t *table) await(hash uint64) {
	if len(t.slots) > 0 {
		prefetch.Lines(unsafe.Pointer(&t.slots[hash&uint64(len(t.slots)-1)]), 1)
	}
}

func (t *table) set(slot, at int32, hash uint64) { t.slots[slot] = hash>>32<<32 | uint64(at+1) }

// grow makes room so that at most half of the slots are used by n entries.
func (t *table) grow(n int, hash func(int32) uint64) {
	if 2*n <= len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]uint64, max(1024, 1<<bits.Len(uint(2*n-1))))
	for _, held := range old {
		if held != 0 {
			at := int32(uint32(held)) - 1
			h := hash(at)
			slot, _ := t.find(h, func(int32) bool { return false })
			t.set(slot, at, h)
		}
	}
}
