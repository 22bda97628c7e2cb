package baseline

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Raw reads bytes as they are.
func (r *Reader) Raw(into []byte) {
	if len(r.Bytes) < len(into) {
		r.fail()
		return
	}
	copy(into, r.Bytes)
	r.Bytes = r.Bytes[len(into):]
}

// Writer appends state in a compact binary form; Reader reads it back. The caller versions it.
type Writer struct {
	Bytes []byte
	Words *Words // what Word may refer to; nil: nothing

	sums [3]float32 // of the Categorical before
}

// Uint appends a varint.
func (w *Writer) Uint(v uint64) {
	if v < 0x80 {
		w.Bytes = append(w.Bytes, byte(v))
		return
	}
	w.Bytes = binary.AppendUvarint(w.Bytes, v)
}

// Int appends a signed varint.
func (w *Writer) Int(v int64) { w.Bytes = binary.AppendVarint(w.Bytes, v) }

// Float appends four bytes.
func (w *Writer) Float(v float32) {
	w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, math.Float32bits(v))
}

// Double appends eight bytes.
func (w *Writer) Double(v float64) {
	w.Bytes = binary.LittleEndian.AppendUint64(w.Bytes, math.Float64bits(v))
}

// String appends a length and the bytes.
func (w *Writer) String(s string) {
	w.Uint(uint64(len(s)))
	w.Bytes = append(w.Bytes, s...)
}

// Floats appends which of up to seven numbers are not zero, and those.
func (w *Writer) Floats(values ...float32) {
	at := len(w.Bytes)
	w.Bytes = append(w.Bytes, 0)
	for i, v := range values {
		if v != 0 {
			w.Bytes[at] |= 1 << i
			w.Float(v)
		}
	}
}

// Word appends a string that many states hold: its number among the Words where it has one.
func (w *Writer) Word(s string) {
	if number, ok := w.Words.number(s); ok {
		w.Uint(uint64(number) + 1)
		return
	}
	w.Uint(0)
	w.String(s)
}

// ErrCorrupt says that state cannot be read.
var ErrCorrupt = errors.New("state is truncated or damaged")

// Reader reads what a Writer wrote. The first error sticks in Err and everything after it reads as zero.
type Reader struct {
	Bytes []byte
	Err   error
	Words *Words // what Word may refer to; nil: nothing
	Plain bool   // from before there were Words: every number and string is spelled out

	sums [3]float32
}

// Uint reads a varint.
func (r *Reader) Uint() uint64 {
	if len(r.Bytes) > 0 && r.Bytes[0] < 0x80 {
		v := r.Bytes[0]
		r.Bytes = r.Bytes[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.Bytes)
	return v * r.skip(n)
}

// Int reads a signed varint.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.Bytes)
	return v * int64(r.skip(n))
}

// Float reads four bytes; what is no finite number is an error.
func (r *Reader) Float() float32 {
	if len(r.Bytes) < 4 {
		r.fail()
		return 0
	}
	bits := binary.LittleEndian.Uint32(r.Bytes)
	if bits&0x7f800000 == 0x7f800000 {
		r.fail()
		return 0
	}
	r.Bytes = r.Bytes[4:]
	return math.Float32frombits(bits)
}

// Double reads eight bytes; what is no finite number is an error.
func (r *Reader) Double() float64 {
	if len(r.Bytes) < 8 {
		r.fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.Bytes))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail()
		return 0
	}
	r.Bytes = r.Bytes[8:]
	return v
}

// String reads a length and the bytes.
func (r *Reader) String() string {
	n := r.Uint()
	if n > uint64(len(r.Bytes)) {
		r.fail()
		return ""
	}
	s := string(r.Bytes[:n])
	r.Bytes = r.Bytes[n:]
	return s
}

// Floats reads what Writer.Floats wrote.
func (r *Reader) Floats(into ...*float32) {
	used := byte(0x7f)
	if !r.Plain {
		used = r.Byte()
	}
	for i, v := range into {
		*v = 0
		if used&(1<<i) != 0 {
			*v = r.Float()
		}
	}
}

// Byte reads a byte.
func (r *Reader) Byte() byte {
	if len(r.Bytes) == 0 {
		r.fail()
		return 0
	}
	b := r.Bytes[0]
	r.Bytes = r.Bytes[1:]
	return b
}

// Word reads what Writer.Word wrote.
func (r *Reader) Word() string {
	if r.Plain {
		return r.String()
	}
	number := r.Uint()
	if number == 0 {
		return r.String()
	}
	if r.Words == nil || number > uint64(len(r.Words.list)) {
		r.fail()
		return ""
	}
	return r.Words.list[number-1]
}

// Next reads a length and returns so many of the bytes, which are not copied.
func (r *Reader) Next() []byte {
	n := r.Uint()
	if n > uint64(len(r.Bytes)) {
		r.fail()
		return nil
	}
	b := r.Bytes[:n]
	r.Bytes = r.Bytes[n:]
	return b
}

// Count reads a number of elements, which cannot be more than the bytes that are left.
func (r *Reader) Count() int { return r.fits(r.Uint()) }

func (r *Reader) fits(n uint64) int {
	if n > uint64(len(r.Bytes)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *Reader) skip(n int) uint64 {
	if n <= 0 {
		r.fail()
		return 0
	}
	r.Bytes = r.Bytes[n:]
	return 1
}

func (r *Reader) fail() {
	if r.Err == nil {
		r.Err = ErrCorrupt
	}
	r.Bytes = nil
}

// Put and Get of the distributions. The order of fields is the format.

// Put writes the distribution; value writes one of its values. Most tokens have one value of most facets: its weight is the total, and
// the totals of facets are the same.
func (c *Categorical[V]) Put(w *Writer, value func(*Writer, V)) {
	sums, same, single := [3]float32{c.total, c.novel, c.usual}, uint64(0), uint64(0)
	if sums == w.sums {
		same = 1
	}
	if len(c.values) == 1 && c.values[0].Weight == c.total {
		single = 1
	}
	w.Uint(uint64(len(c.values))<<2 | single<<1 | same)
	if same == 0 {
		w.Floats(sums[:]...)
		w.sums = sums
	}
	for _, v := range c.values {
		value(w, v.Value)
		if single == 0 {
			w.Float(v.Weight)
		}
	}
}

// Get reads what Put wrote.
func (c *Categorical[V]) Get(r *Reader, value func(*Reader) V) {
	if r.Plain {
		c.getPlain(r, value)
		return
	}
	head := r.Uint()
	if head&1 == 0 {
		r.Floats(&r.sums[0], &r.sums[1], &r.sums[2])
	}
	c.total, c.novel, c.usual = r.sums[0], r.sums[1], r.sums[2]
	n := r.fits(head >> 2)
	c.values = slices.Grow(c.values[:0], n)
	for range n {
		v, weight := value(r), c.total
		if head&2 == 0 {
			weight = r.Float()
		}
		c.values = append(c.values, Share[V]{v, weight})
	}
}

func (c *Categorical[V]) getPlain(r *Reader, value func(*Reader) V) {
	n := r.Count()
	c.values = slices.Grow(c.values[:0], n)
	for range n {
		v := value(r)
		c.values = append(c.values, Share[V]{v, r.Float()})
	}
	r.Floats(&c.total, &c.novel, &c.usual)
}

// Put writes the bet.
func (b *Bet) Put(w *Writer) {
	b.habit.Put(w)
	if b.habit.n > 0 {
		w.Double(b.sum)
	}
}

// Get reads what Put wrote.
func (b *Bet) Get(r *Reader) {
	if r.Plain {
		b.sum = r.Double()
		b.habit.Get(r)
		return
	}
	b.habit.Get(r)
	if b.sum = 0; b.habit.n > 0 {
		b.sum = r.Double()
	}
}

// Put writes the tilt.
func (t *Tilt) Put(w *Writer) {
	w.Uint(uint64(t.n))
	if t.n > 0 {
		w.Double(t.sum)
	}
}

// Get reads what Put wrote.
func (t *Tilt) Get(r *Reader) {
	if r.Plain {
		t.sum, t.n = r.Double(), uint32(r.Uint())
		return
	}
	t.n = uint32(r.Uint())
	if t.sum = 0; t.n > 0 {
		t.sum = r.Double()
	}
}

// Put writes the mean.
func (m *Mean) Put(w *Writer) {
	w.Uint(uint64(m.n))
	if m.n > 0 {
		w.Double(m.sum)
	}
}

// Get reads what Put wrote.
func (m *Mean) Get(r *Reader) {
	*m = Mean{n: uint32(r.Uint())}
	if m.n > 0 {
		m.sum = r.Double()
	}
}

// Put writes the profile.
func (h *Hours) Put(w *Writer) {
	var used uint64
	for i, c := range h.count {
		if c != 0 {
			used |= 1 << i
		}
	}
	w.Uint(used)
	for _, c := range h.count {
		if c != 0 {
			w.Float(c)
		}
	}
	w.Float(h.total)
}

// Get reads what Put wrote.
func (h *Hours) Get(r *Reader) {
	used := r.Uint()
	for i := range h.count {
		h.count[i] = 0
		if used&(1<<i) != 0 {
			h.count[i] = r.Float()
		}
	}
	h.total = r.Float()
}

// Put writes the record.
func (r *Record) Put(w *Writer) { w.Floats(r.best, r.n, r.mean, r.square) }

// Get reads what Put wrote.
func (r *Record) Get(from *Reader) { from.Floats(&r.best, &r.n, &r.mean, &r.square) }

// Put writes the gap.
func (g *Gap) Put(w *Writer) { w.Floats(g.longest, g.n, g.recent) }

// Get reads what Put wrote.
func (g *Gap) Get(r *Reader) {
	if r.Plain { // before there were recent ones
		r.Floats(&g.longest, &g.n)
		return
	}
	r.Floats(&g.longest, &g.n, &g.recent)
}

// Put writes the proportion.
func (p *Proportion) Put(w *Writer) { w.Floats(p.hits, p.misses) }

// Get reads what Put wrote.
func (p *Proportion) Get(r *Reader) { r.Floats(&p.hits, &p.misses) }

// Put writes the streak.
func (s *Streak) Put(w *Writer) { w.Floats(s.hits, s.misses, s.odds) }

// Get reads what Put wrote.
func (s *Streak) Get(r *Reader) { r.Floats(&s.hits, &s.misses, &s.odds) }

// Put writes the magnitude.
func (m *Magnitude) Put(w *Writer) { w.Floats(m.mean, m.weight, m.square, m.free) }

// Get reads what Put wrote.
func (m *Magnitude) Get(r *Reader) { r.Floats(&m.mean, &m.weight, &m.square, &m.free) }
