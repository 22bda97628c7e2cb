package baseline

import (
	"encoding/binary"
	"errors"
	"math"
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
type Writer struct{ Bytes []byte }

// Uint appends a varint.
func (w *Writer) Uint(v uint64) { w.Bytes = binary.AppendUvarint(w.Bytes, v) }

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

// ErrCorrupt says that state cannot be read.
var ErrCorrupt = errors.New("state is truncated or damaged")

// Reader reads what a Writer wrote. The first error sticks in Err and everything after it reads as zero.
type Reader struct {
	Bytes []byte
	Err   error
}

// Uint reads a varint.
func (r *Reader) Uint() uint64 {
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
	v := math.Float32frombits(binary.LittleEndian.Uint32(r.Bytes))
	if v != v || math.IsInf(float64(v), 0) {
		r.fail()
		return 0
	}
	r.Bytes = r.Bytes[4:]
	return v
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

// Count reads a number of elements, which cannot be more than the bytes that are left.
func (r *Reader) Count() int {
	n := r.Uint()
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

// Put writes the distribution; value writes one of its values.
func (c *Categorical[V]) Put(w *Writer, value func(*Writer, V)) {
	w.Uint(uint64(len(c.values)))
	for _, v := range c.values {
		value(w, v.Value)
		w.Float(v.Weight)
	}
	w.Float(c.total)
	w.Float(c.novel)
	w.Float(c.usual)
}

// Get reads what Put wrote.
func (c *Categorical[V]) Get(r *Reader, value func(*Reader) V) {
	if n := r.Count(); n > 0 {
		c.values = make([]Share[V], 0, n)
		for range n {
			v := value(r)
			c.values = append(c.values, Share[V]{v, r.Float()})
		}
	}
	c.total, c.novel, c.usual = r.Float(), r.Float(), r.Float()
}

// Put writes the bet.
func (b *Bet) Put(w *Writer) { w.Double(b.sum); b.habit.Put(w) }

// Get reads what Put wrote.
func (b *Bet) Get(r *Reader) { b.sum = r.Double(); b.habit.Get(r) }

// Put writes the tilt.
func (t *Tilt) Put(w *Writer) { w.Double(t.sum); w.Uint(uint64(t.n)) }

// Get reads what Put wrote.
func (t *Tilt) Get(r *Reader) { t.sum, t.n = r.Double(), uint32(r.Uint()) }

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
		if used&(1<<i) != 0 {
			h.count[i] = r.Float()
		}
	}
	h.total = r.Float()
}

// Put writes the record.
func (r *Record) Put(w *Writer) {
	for _, v := range [...]float32{r.best, r.n, r.mean, r.square} {
		w.Float(v)
	}
}

// Get reads what Put wrote.
func (r *Record) Get(from *Reader) {
	r.best, r.n, r.mean, r.square = from.Float(), from.Float(), from.Float(), from.Float()
}

// Put writes the gap.
func (g *Gap) Put(w *Writer) { w.Float(g.longest); w.Float(g.n) }

// Get reads what Put wrote.
func (g *Gap) Get(r *Reader) { g.longest, g.n = r.Float(), r.Float() }

// Put writes the proportion.
func (p *Proportion) Put(w *Writer) { w.Float(p.hits); w.Float(p.misses) }

// Get reads what Put wrote.
func (p *Proportion) Get(r *Reader) { p.hits, p.misses = r.Float(), r.Float() }

// Put writes the streak.
func (s *Streak) Put(w *Writer) { w.Float(s.hits); w.Float(s.misses); w.Float(s.odds) }

// Get reads what Put wrote.
func (s *Streak) Get(r *Reader) { s.hits, s.misses, s.odds = r.Float(), r.Float(), r.Float() }

// Put writes the magnitude.
func (m *Magnitude) Put(w *Writer) {
	for _, v := range [...]float32{m.mean, m.weight, m.square, m.free} {
		w.Float(v)
	}
}

// Get reads what Put wrote.
func (m *Magnitude) Get(r *Reader) {
	m.mean, m.weight, m.square, m.free = r.Float(), r.Float(), r.Float(), r.Float()
}
