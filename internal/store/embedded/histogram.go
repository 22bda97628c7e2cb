package embedded

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/holterhq/holter/internal/store"
)

// finest is the scale that histograms are kept at, or coarser: eight buckets to a doubling, so quantiles within 4.4 %.
const finest = 3

var errHistogram = errors.New("a histogram ends early")

// appendHistogram packs one: scale, zeros, sum in microseconds, and the buckets that are not empty. A sum in whole microseconds adds up to the same
// whatever the order.
func appendHistogram(to []byte, h *store.Histogram) []byte {
	if h.Scale > finest {
		coarse := &store.Histogram{Zeros: h.Zeros, Sum: h.Sum}
		for i, n := range h.Counts {
			coarse.Put(finest, (int64(h.Offset)+int64(i))>>(h.Scale-finest), n)
		}
		h = coarse
	}
	filled := 0
	for _, n := range h.Counts {
		if n > 0 {
			filled++
		}
	}
	to = binary.AppendVarint(to, int64(h.Scale))
	to = binary.AppendUvarint(to, h.Zeros)
	to = binary.AppendUvarint(to, micros(h.Sum))
	to = binary.AppendUvarint(to, uint64(filled))
	before := int64(0)
	for i, n := range h.Counts {
		if n > 0 {
			index := int64(h.Offset) + int64(i)
			to = binary.AppendVarint(to, index-before)
			to = binary.AppendUvarint(to, n)
			before = index
		}
	}
	return to
}

func micros(seconds float64) uint64 {
	if !(seconds > 0) {
		return 0
	}
	return uint64(math.Round(min(seconds, 1e12) * 1e6))
}

// unpack counts a packed histogram into h, whose sum is in seconds, and returns its sum in microseconds.
func unpack(packed []byte, h *store.Histogram) (uint64, error) {
	scale, n := binary.Varint(packed)
	if n <= 0 || scale < -10 || scale > finest {
		return 0, errHistogram
	}
	packed = packed[n:]
	var head [3]uint64 // zeros, sum, filled buckets
	for i := range head {
		head[i], n = binary.Uvarint(packed)
		if n <= 0 {
			return 0, errHistogram
		}
		packed = packed[n:]
	}
	if head[2] > uint64(len(packed)) {
		return 0, errHistogram
	}
	index := int64(0)
	for range head[2] {
		delta, n := binary.Varint(packed)
		if n <= 0 {
			return 0, errHistogram
		}
		count, m := binary.Uvarint(packed[n:])
		if m <= 0 {
			return 0, errHistogram
		}
		packed = packed[n+m:]
		index += delta
		h.Put(int32(scale), index, count)
	}
	h.Zeros += head[0]
	h.Sum += float64(head[1]) / 1e6
	return head[1], nil
}

// sumOf is the sum of a packed histogram in microseconds.
func sumOf(packed []byte) uint64 {
	_, n := binary.Varint(packed)
	if n <= 0 {
		return 0
	}
	packed = packed[n:]
	if _, n = binary.Uvarint(packed); n <= 0 {
		return 0
	}
	sum, _ := binary.Uvarint(packed[n:])
	return sum
}

// mergeHistograms is one packed histogram of two. One that cannot be read counts nothing.
func mergeHistograms(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	var h store.Histogram
	first, _ := unpack(a, &h)
	second, _ := unpack(b, &h)
	h.Sum = float64(first+second) / 1e6
	return appendHistogram(nil, &h)
}
