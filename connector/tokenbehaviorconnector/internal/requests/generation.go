package requests

import (
	"iter"
	"math/bits"
	"math/rand/v2"
)

// generation is a number of entries that are forgotten together.
type generation struct {
	number  uint64
	entries []entry
	spans   table // by trace and span
	traces  table // the latest entry of each trace
	saved   int   // entries that State has returned
	chunks  int   // in which it did
}

// maxWalk is how many entries of a trace are looked at: a batch job may make a hundred thousand requests in one.
const maxWalk = 64

func newGeneration(number uint64) *generation { return &generation{number: number} }

// reuse forgets everything and keeps the memory.
func (g *generation) reuse(number uint64) *generation {
	clear(g.spans.slots)
	clear(g.traces.slots)
	*g = generation{number: number, entries: g.entries[:0], spans: g.spans, traces: g.traces}
	return g
}

func (g *generation) has(e *entry) bool {
	_, at := g.spans.find(e.spanHash(), func(i int32) bool { return g.entries[i].span == e.span && g.entries[i].trace == e.trace })
	return at >= 0
}

func (g *generation) add(e entry) {
	at := int32(len(g.entries))
	g.entries = append(g.entries, e)
	g.spans.grow(len(g.entries), func(i int32) uint64 { return g.entries[i].spanHash() })
	slot, _ := g.spans.find(e.spanHash(), func(int32) bool { return false })
	g.spans.set(slot, at)

	g.traces.grow(len(g.entries), func(i int32) uint64 { return g.entries[i].traceHash() })
	slot, latest := g.traces.find(e.traceHash(), func(i int32) bool { return g.entries[i].trace == e.trace })
	g.entries[at].previous = latest + 1
	g.traces.set(slot, at)
}

// ofTrace walks the entries of a trace, the latest first.
func (g *generation) ofTrace(trace uint64) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		_, at := g.traces.find(spread(trace, 0), func(i int32) bool { return g.entries[i].trace == trace })
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

// table is an index of entries by a hash, with linear probing.
type table struct{ slots []int32 } // entry + 1; 0 is free

// find returns the slot that belongs to a hash and the entry in it that is meant, or -1.
func (t *table) find(hash uint64, meant func(int32) bool) (slot, at int32) {
	if len(t.slots) == 0 {
		return -1, -1
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		at := t.slots[i] - 1
		if at < 0 || meant(at) {
			return int32(i), at
		}
	}
}

func (t *table) set(slot, at int32) { t.slots[slot] = at + 1 }

// grow makes room so that at most half of the slots are used by n entries.
func (t *table) grow(n int, hash func(int32) uint64) {
	if 2*n <= len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]int32, max(1024, 2*len(old)))
	for _, held := range old {
		if held != 0 {
			slot, _ := t.find(hash(held-1), func(int32) bool { return false })
			t.set(slot, held-1)
		}
	}
}
