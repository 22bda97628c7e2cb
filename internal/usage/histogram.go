package usage

import (
	"math"
	"unsafe"

	"github.com/holterhq/holter/internal/prefetch"
)

// Histogram is an exponential histogram of positive numbers in the form of OTLP: the bucket with index i counts the values
// in (base^i, base^(i+1)], where base = 2^(2^-Scale). It starts with eight buckets to a doubling, which keeps quantiles
// within 4.4 %, and halves its resolution when values span more than 160 buckets. The zero value is empty and ready.
//
// Source: OpenTelemetry metrics data model, section ExponentialHistogram.
type Histogram struct {
	Count, Zero uint64
	Sum         float64
	Min, Max    float64
	Buckets     []uint64
	Offset      int32 // index of Buckets[0]

	coarser int32 // startScale - Scale
}

const (
	startScale = 3
	maxBuckets = 160
)

// fractions are the upper bounds of the buckets between 0.5 and 1: 2^(k/8 - 1).
var fractions = func() (f [1 << startScale]float64) {
	for k := range f {
		f[k] = math.Exp2(float64(k)/(1<<startScale) - 1)
	}
	return f
}()

// Scale is the exponent of the resolution.
func (h *Histogram) Scale() int32 { return startScale - h.coarser }

// measure is a value that is not negative, and where histograms count it.
type measure struct {
	value  float64
	bucket int32 // at startScale
	zero   bool  // zero, or too small for a normal number
}

func measureOf(v float64) measure {
	if v < math.SmallestNonzeroFloat64*(1<<52) {
		return measure{value: v, zero: true}
	}
	return measure{value: v, bucket: index(v)}
}

// Record counts n times the value v, which is not negative.
func (h *Histogram) Record(v float64, n uint64) { h.count(measureOf(v), n) }

func (h *Histogram) count(m measure, n uint64) {
	if n == 0 {
		return
	}
	v := m.value
	if h.Count == 0 || v < h.Min {
		h.Min = v
	}
	if h.Count == 0 || v > h.Max {
		h.Max = v
	}
	h.Count += n
	h.Sum += v * float64(n)
	if m.zero {
		h.Zero += n
		return
	}
	*h.bucket(m.bucket) += n
}

// index of v at startScale.
func index(v float64) int32 {
	fraction, exponent := math.Frexp(v) // v = fraction × 2^exponent, 0.5 ≤ fraction < 1
	k := int32(0)
	for step := int32(1 << (startScale - 1)); step > 0; step >>= 1 {
		if fraction > fractions[k+step] {
			k += step
		}
	}
	if fraction > fractions[k] {
		k++
	}
	return int32(exponent-1)<<startScale + k - 1
}

// bucket makes room for an index at startScale.
func (h *Histogram) bucket(i int32) *uint64 {
	if len(h.Buckets) == 0 {
		h.Offset = i >> h.coarser
		h.Buckets = append(h.Buckets, 0)
		return &h.Buckets[0]
	}
	for {
		at := i>>h.coarser - h.Offset
		size := int32(len(h.Buckets))
		switch {
		case at >= 0 && at < size:
			return &h.Buckets[at]
		case at >= size && at < maxBuckets:
			h.Buckets = append(h.Buckets, make([]uint64, at+1-size)...)
			return &h.Buckets[at]
		case at < 0 && size-at <= maxBuckets:
			h.Buckets = append(h.Buckets, make([]uint64, -at)...)
			copy(h.Buckets[-at:], h.Buckets[:size])
			clear(h.Buckets[:-at])
			h.Offset += at
			return &h.Buckets[0]
		}
		h.halve()
	}
}

// halve merges pairs of buckets.
func (h *Histogram) halve() {
	offset := h.Offset >> 1
	last := (h.Offset + int32(len(h.Buckets)) - 1) >> 1
	merged := make([]uint64, last-offset+1)
	for i, n := range h.Buckets {
		merged[(h.Offset+int32(i))>>1-offset] += n
	}
	h.Buckets, h.Offset = merged, offset
	h.coarser++
}

// await asks for the bucket of a value, or one beside it.
func (h *Histogram) await(v float64) {
	near := int32(math.Float64bits(v)>>(52-startScale)) - 1023<<startScale // between powers of two as if buckets were equally wide
	if at := near>>h.coarser - h.Offset; at >= 0 && at < int32(len(h.Buckets)) {
		prefetch.Lines(unsafe.Pointer(&h.Buckets[at]), 1)
	}
}

// snapshot is a copy that recording does not change.
func (h *Histogram) snapshot() Histogram {
	c := *h
	c.Buckets = append([]uint64(nil), h.Buckets...)
	return c
}
