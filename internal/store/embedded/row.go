package embedded

import (
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// row is a fact in a section: subject and key by their numbers in the dictionary, the time in the unit of its level.
type row struct {
	subject, key uint32
	at           uint32
	end          uint32 // of its histogram, which begins where that of the row before it ends
	value        int64
}

func (r row) compare(o row) int {
	switch {
	case r.subject != o.subject:
		if r.subject < o.subject {
			return -1
		}
	case r.key != o.key:
		if r.key < o.key {
			return -1
		}
	case r.at != o.at:
		if r.at < o.at {
			return -1
		}
	default:
		return 0
	}
	return 1
}

// section is the rows of one kind, in the order of subject, key and time, each of these once.
type section struct {
	rows       []row
	histograms []byte
}

// histogram of a row, packed; empty where there is none.
func (s *section) histogram(i int) []byte {
	begin := uint32(0)
	if i > 0 {
		begin = s.rows[i-1].end
	}
	return s.histograms[begin:s.rows[i].end]
}

// add puts a row behind the others, or into the last where that is the same.
func (s *section) add(r row, histogram []byte) {
	if n := len(s.rows); n > 0 && s.rows[n-1].compare(r) == 0 {
		last := &s.rows[n-1]
		last.value += r.value
		if len(histogram) > 0 {
			old := s.histogram(n - 1)
			begin := len(s.histograms) - len(old)
			both := mergeHistograms(old, histogram)
			s.histograms = append(s.histograms[:begin], both...)
			last.end = uint32(len(s.histograms))
		}
		return
	}
	s.histograms = append(s.histograms, histogram...)
	r.end = uint32(len(s.histograms))
	s.rows = append(s.rows, r)
}

// kinds is how many sections a run has, the first of which is of no kind.
const kinds = int(store.Coverage) + 1

// run is sorted rows of all kinds. It does not change once it is made.
type run struct {
	sections [kinds]section
	rows     int
}

// sortRows brings rows with their histograms, as they came, into a section.
func sortRows(rows []row, histograms [][]byte) section {
	s := section{rows: make([]row, 0, len(rows))}
	if histograms == nil {
		slices.SortFunc(rows, row.compare)
		for _, r := range rows {
			s.add(r, nil)
		}
		return s
	}
	for i := range rows {
		rows[i].end = uint32(i)
	}
	slices.SortStableFunc(rows, row.compare)
	for _, r := range rows {
		s.add(r, histograms[r.end])
	}
	return s
}

// merge is one run of two.
func merge(a, b *run) *run {
	m := &run{}
	for k := range m.sections {
		m.sections[k] = mergeSections(&a.sections[k], &b.sections[k])
		m.rows += len(m.sections[k].rows)
	}
	return m
}

func mergeSections(a, b *section) section {
	if len(a.rows) == 0 {
		return *b
	}
	if len(b.rows) == 0 {
		return *a
	}
	m := section{rows: make([]row, 0, len(a.rows)+len(b.rows)), histograms: make([]byte, 0, len(a.histograms)+len(b.histograms))}
	i, j := 0, 0
	for i < len(a.rows) || j < len(b.rows) {
		if j == len(b.rows) || i < len(a.rows) && a.rows[i].compare(b.rows[j]) <= 0 {
			m.add(a.rows[i], a.histogram(i))
			i++
		} else {
			m.add(b.rows[j], b.histogram(j))
			j++
		}
	}
	return m
}
