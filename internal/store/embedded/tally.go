package embedded

import (
	"math"
	"math/bits"
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// tally counts by slot and point.
type tally interface {
	add(slot, point int, s *section, i int)
	// value of one point of a slot; or, of a point less than 0, of all of them.
	value(slot, point int) float64
	// cells is how many are held.
	cells() int
}

// newTally is what a measure is counted with.
func newTally(m store.Measure, points int, g *grouping) tally {
	switch m {
	case store.MeasureP50, store.MeasureP95, store.MeasureP99:
		return &histograms{points: points, q: quantiles[m]}
	case store.MeasureTokens:
		return newDistinct(points, g.subjects, func(s store.Subject) string { return s.Token })
	case store.MeasureOwners:
		return newDistinct(points, g.subjects, func(s store.Subject) string { return g.whose(s).Owner })
	case store.MeasureTimeSpent:
		return &sums{points: points, scale: 1e-6, of: func(s *section, i int) int64 { return int64(sumOf(s.histogram(i))) }}
	case store.MeasureCost:
		return &sums{points: points, scale: 1e-9}
	default:
		return &sums{points: points, scale: 1}
	}
}

// sums adds up.
type sums struct {
	points int
	counts []int64
	scale  float64
	of     func(s *section, i int) int64 // nil: the row's value
}

func (t *sums) add(slot, point int, s *section, i int) {
	at := slot*t.points + point
	if at >= len(t.counts) {
		t.counts = append(t.counts, make([]int64, (slot+1)*t.points-len(t.counts))...)
	}
	if t.of != nil {
		t.counts[at] += t.of(s, i)
		return
	}
	t.counts[at] += s.rows[i].value
}

func (t *sums) value(slot, point int) float64 {
	from, to := slot*t.points+point, slot*t.points+point+1
	if point < 0 {
		from, to = slot*t.points, (slot+1)*t.points
	}
	total := int64(0)
	for i := from; i < min(to, len(t.counts)); i++ {
		total += t.counts[i]
	}
	if t.scale == 1 {
		return float64(total)
	}
	return float64(total) / math.Round(1/t.scale)
}

func (t *sums) cells() int { return len(t.counts) }

// histograms merges them, and answers with a quantile.
type histograms struct {
	points int
	q      float64
	counts []*store.Histogram
	held   int
}

func (t *histograms) add(slot, point int, s *section, i int) {
	at := slot*t.points + point
	if at >= len(t.counts) {
		t.counts = append(t.counts, make([]*store.Histogram, (slot+1)*t.points-len(t.counts))...)
	}
	h := t.counts[at]
	if h == nil {
		h = &store.Histogram{}
		t.counts[at] = h
		t.held += 16
	}
	if packed := s.histogram(i); len(packed) > 0 {
		_, _ = unpack(packed, h) // its block's checksum was right
	}
}

func (t *histograms) value(slot, point int) float64 {
	if point >= 0 {
		if at := slot*t.points + point; at < len(t.counts) && t.counts[at] != nil {
			return t.counts[at].Quantile(t.q)
		}
		return math.NaN()
	}
	var all store.Histogram
	for at := slot * t.points; at < min((slot+1)*t.points, len(t.counts)); at++ {
		if t.counts[at] != nil {
			all.Add(t.counts[at])
		}
	}
	return all.Quantile(t.q)
}

func (t *histograms) cells() int { return t.held + len(t.counts) }

// distinct counts how many different ones there were.
type distinct struct {
	points  int
	numbers []uint32 // of each subject; 0: none
	most    int
	sets    []members
	held    int // words
}

// members is a set of numbers: a sorted list while they are few, bits when they are many.
type members struct {
	few  []uint32
	bits []uint64
}

// add puts a number below most into the set and returns by how many words it has grown.
func (m *members) add(n uint32, most int) int {
	if m.bits != nil {
		m.bits[n/64] |= 1 << (n % 64)
		return 0
	}
	at, found := slices.BinarySearch(m.few, n)
	if found {
		return 0
	}
	words := (most + 63) / 64
	if len(m.few) < words { // half as large as the bits
		room := cap(m.few)
		m.few = slices.Insert(m.few, at, n)
		return (cap(m.few) - room + 1) / 2
	}
	before := cap(m.few) / 2
	m.bits = make([]uint64, words)
	for _, known := range m.few {
		m.bits[known/64] |= 1 << (known % 64)
	}
	m.bits[n/64] |= 1 << (n % 64)
	m.few = nil
	return words - before
}

// union puts the set's numbers into bits.
func (m *members) union(bits []uint64) {
	for _, n := range m.few {
		bits[n/64] |= 1 << (n % 64)
	}
	for i, word := range m.bits {
		bits[i] |= word
	}
}

func newDistinct(points int, subjects []store.Subject, of func(store.Subject) string) *distinct {
	t := &distinct{points: points, numbers: make([]uint32, len(subjects))}
	seen := map[string]uint32{}
	for i, s := range subjects {
		name := of(s)
		if name == "" {
			continue
		}
		n, ok := seen[name]
		if !ok {
			n = uint32(len(seen)) + 1
			seen[name] = n
		}
		t.numbers[i] = n
	}
	t.most = len(seen) + 1
	return t
}

func (t *distinct) add(slot, point int, s *section, i int) {
	n := t.numbers[s.rows[i].subject]
	if n == 0 {
		return
	}
	at := slot*t.points + point
	if at >= len(t.sets) {
		t.sets = append(t.sets, make([]members, (slot+1)*t.points-len(t.sets))...)
	}
	t.held += t.sets[at].add(n, t.most)
}

func (t *distinct) value(slot, point int) float64 {
	from, to := slot*t.points+point, slot*t.points+point+1
	if point < 0 {
		from, to = slot*t.points, (slot+1)*t.points
	}
	all := make([]uint64, (t.most+63)/64)
	for at := from; at < min(to, len(t.sets)); at++ {
		t.sets[at].union(all)
	}
	n := 0
	for _, word := range all {
		n += bits.OnesCount64(word)
	}
	return float64(n)
}

func (t *distinct) cells() int { return t.held + len(t.sets) }
