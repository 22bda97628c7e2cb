package store

import "math"

const (
	finest     = 20  // the finest scale of OpenTelemetry
	coarsest   = -10 // and the coarsest
	maxBuckets = 320
)

// Count is how many values there are.
func (h *Histogram) Count() uint64 {
	n := h.Zeros
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Add counts in what another one counted, at the coarser scale of the two.
func (h *Histogram) Add(other *Histogram) {
	for i, n := range other.Counts {
		h.Put(other.Scale, int64(other.Offset)+int64(i), n)
	}
	h.Zeros += other.Zeros
	h.Sum += other.Sum
}

// Put counts n values in a bucket of a scale.
func (h *Histogram) Put(scale int32, index int64, n uint64) {
	if n == 0 {
		return
	}
	scale = min(max(scale, coarsest), finest)
	if len(h.Counts) == 0 {
		h.Scale, h.Offset, h.Counts = scale, clamp(index), append(h.Counts[:0], n)
		return
	}
	if scale < h.Scale {
		h.coarsen(h.Scale - scale)
	}
	index = int64(clamp(index >> (scale - h.Scale)))
	for {
		first, last := min(int64(h.Offset), index), max(int64(h.Offset)+int64(len(h.Counts))-1, index)
		if last-first < maxBuckets || h.Scale == coarsest {
			break
		}
		h.coarsen(1)
		index >>= 1
	}
	if h.Scale == coarsest { // all numbers fit into two buckets
		index = min(max(index, -2), 1)
	}
	at := index - int64(h.Offset)
	switch {
	case at < 0:
		wider := make([]uint64, int64(len(h.Counts))-at, int64(len(h.Counts))-at+8)
		copy(wider[-at:], h.Counts)
		h.Counts, h.Offset, at = wider, int32(index), 0
	case at >= int64(len(h.Counts)):
		h.Counts = append(h.Counts, make([]uint64, at-int64(len(h.Counts))+1)...)
	}
	h.Counts[at] += n
}

// coarsen halves the resolution so many times.
func (h *Histogram) coarsen(by int32) {
	offset := h.Offset >> by
	last := int32((int64(h.Offset) + int64(len(h.Counts)) - 1) >> by)
	counts := make([]uint64, last-offset+1)
	for i, n := range h.Counts {
		counts[int32((int64(h.Offset)+int64(i))>>by)-offset] += n
	}
	h.Scale, h.Offset, h.Counts = h.Scale-by, offset, counts
	if h.Scale == coarsest && (offset < -2 || last > 1) {
		whole := *h
		h.Offset, h.Counts = -2, make([]uint64, 4)
		for i, n := range whole.Counts {
			h.Counts[min(max(whole.Offset+int32(i), -2), 1)+2] += n
		}
	}
}

func clamp(index int64) int32 { return int32(min(max(index, -1<<30), 1<<30)) }

// Quantile is the value that a share q of all is not above, by interpolation within its bucket; NaN where there is none.
func (h *Histogram) Quantile(q float64) float64 {
	total := h.Count()
	if total == 0 {
		return math.NaN()
	}
	rank := q * float64(total)
	if rank <= float64(h.Zeros) && h.Zeros > 0 {
		return 0
	}
	below := float64(h.Zeros)
	width := math.Exp2(-float64(h.Scale)) // of a bucket, in powers of two
	last := 0.0
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		lower := float64(int64(h.Offset) + int64(i))
		if below+float64(n) >= rank {
			return math.Exp2((lower + (rank-below)/float64(n)) * width)
		}
		below += float64(n)
		last = math.Exp2((lower + 1) * width)
	}
	return last
}
