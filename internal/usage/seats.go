package usage

import (
	"cmp"
	"slices"

	"github.com/holterhq/holter/internal/behavior"
)

const (
	decay  = 0.9  // of a token's weight per Batch
	better = 1.25 // how much heavier a token must be to take another's place
)

// reseat gives the places of light tokens to heavier ones that had none. A delta series can end at any Batch. A cumulative
// one goes on while its token is in use: the sum of the series would fall when it ended. Its place is given away only
// after a long rest, and what it said is not added to the overflow series: rates would count it twice.
func (m *Meter) reseat(now int64) {
	for r := range m.rows.all() {
		r.weight *= decay
	}
	if len(m.waiting.heap) == 0 {
		return
	}
	leaving := slices.SortedFunc(m.rows.all(), func(a, b *row) int {
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
		m.unseat(leaving[at])
		leaving = leaving[at+1:]
		weight := next.sure()
		m.waiting.remove(next.token)
		m.seat(next.token).weight = weight
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

// seat gives a token a row.
func (m *Meter) seat(token Token) *row {
	r := newRow(token, &m.options)
	r.start, r.last = m.since, m.since
	r.hash = behavior.Hash(token.ID)
	r.next = m.rows.of(token.ID, r.hash)
	m.rows.set(r)
	m.size++
	return r
}

func (m *Meter) unseat(gone *row) {
	m.size--
	if first := m.rows.of(gone.token.ID, gone.hash); first != gone {
		for first.next != gone {
			first = first.next
		}
		first.next = gone.next
		return
	}
	if gone.next == nil {
		m.rows.remove(gone)
		return
	}
	m.rows.set(gone.next)
}
