package usage

import (
	"cmp"
	"maps"
	"slices"
)

const (
	decay  = 0.9  // of a token's weight per Batch
	better = 1.25 // how much heavier a token must be to take another's place
)

// reseat gives the places of light tokens to heavier ones that had none. A delta series can end at any Batch. A cumulative
// one goes on while its token is in use: the sum of the series would fall when it ended. Its place is given away only
// after a long rest, and what it said is not added to the overflow series: rates would count it twice.
func (m *Meter) reseat(now int64) {
	for _, r := range m.rows {
		r.weight *= decay
	}
	if len(m.waiting.heap) == 0 {
		return
	}
	leaving := slices.SortedFunc(maps.Values(m.rows), func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), cmp.Compare(a.token.ID, b.token.ID))
	})
	coming := slices.SortedFunc(slices.Values(m.waiting.heap), func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.sure(), a.sure()), cmp.Compare(a.token.ID, b.token.ID))
	})
	for _, next := range coming {
		at := slices.IndexFunc(leaving, func(r *row) bool { return m.yields(r, next, now) })
		if at < 0 {
			break
		}
		delete(m.rows, leaving[at].token)
		leaving = leaving[at+1:]
		m.waiting.remove(next.token)
		r := m.newRow(next.token)
		r.weight = next.sure()
		m.rows[r.token] = r
	}
	m.waiting.decay(decay)
}

// yields says whether r leaves its place to a heavier token.
func (m *Meter) yields(r *row, next *candidate, now int64) bool {
	if !m.options.Delta && now-r.last < int64(m.options.IdleAfter) {
		return false
	}
	return next.sure() > better*r.weight
}
