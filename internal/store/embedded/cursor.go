package embedded

import "container/heap"

// cursor walks over the rows of one kind, in their order.
type cursor interface {
	// next is false behind the last row, and where an error ended it.
	next() bool
	row() row
	histogram() []byte
	err() error
}

// inMemory walks over a section, with its times in a wider unit.
type inMemory struct {
	section *section
	wider   uint32
	i       int
}

func overSection(s *section, wider uint32) *inMemory {
	return &inMemory{section: s, wider: wider, i: -1}
}

func (c *inMemory) next() bool { c.i++; return c.i < len(c.section.rows) }
func (c *inMemory) row() row {
	r := c.section.rows[c.i]
	r.at /= c.wider
	return r
}
func (c *inMemory) histogram() []byte { return c.section.histogram(c.i) }
func (c *inMemory) err() error        { return nil }

// inChunk walks over a chunk's blocks of one kind, of some subjects.
type inChunk struct {
	reader *reader
	places []place
	keep   func(uint32) bool
	any    func(first, last uint32) bool
	block  *section
	i      int
	failed error
}

func (c *inChunk) next() bool {
	c.i++
	for c.block == nil || c.i == len(c.block.rows) {
		if len(c.places) == 0 || c.failed != nil {
			return false
		}
		p := c.places[0]
		c.places = c.places[1:]
		if c.any != nil && !c.any(p.first, p.last) {
			continue
		}
		c.block, c.failed = c.reader.read(p, c.keep)
		c.reader.close() // many of them walk at once: more than files may be open
		c.i = 0
		if c.failed != nil {
			return false
		}
	}
	return true
}

func (c *inChunk) row() row          { return c.block.rows[c.i] }
func (c *inChunk) histogram() []byte { return c.block.histogram(c.i) }
func (c *inChunk) err() error        { return c.failed }

// many walks over several cursors at once; what they have in common comes one after the other.
type many []cursor

func (m many) Len() int           { return len(m) }
func (m many) Less(i, j int) bool { return m[i].row().compare(m[j].row()) < 0 }
func (m many) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *many) Push(c any)        { *m = append(*m, c.(cursor)) }
func (m *many) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// each gives the rows of all cursors in order, the same ones added up, until yield returns an error. The histogram is good until yield returns.
func each(cursors []cursor, yield func(row, []byte) error) error {
	open := make(many, 0, len(cursors))
	for _, c := range cursors {
		if c.next() {
			open = append(open, c)
		} else if err := c.err(); err != nil {
			return err
		}
	}
	heap.Init(&open)
	var (
		last      row
		histogram []byte
		some      bool
	)
	for len(open) > 0 {
		c := open[0]
		r, h := c.row(), c.histogram()
		switch {
		case some && last.compare(r) == 0:
			last.value += r.value
			if len(h) > 0 {
				histogram = append(histogram[:0], mergeHistograms(histogram, h)...)
			}
		default:
			if some {
				if err := yield(last, histogram); err != nil {
					return err
				}
			}
			last, histogram, some = r, append(histogram[:0], h...), true
		}
		if c.next() {
			heap.Fix(&open, 0)
			continue
		}
		if err := c.err(); err != nil {
			return err
		}
		heap.Pop(&open)
	}
	if some {
		return yield(last, histogram)
	}
	return nil
}
