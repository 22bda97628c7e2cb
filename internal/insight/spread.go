package insight

import (
	"maps"
	"math"
	"slices"
)

// spread is how often which count was seen: of small counts many times each, so that it stays small.
type spread map[int64]int64

// quantile is the least count that at least this share of all is at or below: the nearest rank.
func (s spread) quantile(share float64) int64 {
	var all int64
	for _, times := range s {
		all += times
	}
	rank, seen := int64(math.Ceil(share*float64(all))), int64(0)
	for _, count := range slices.Sorted(maps.Keys(s)) {
		if seen += s[count]; seen >= rank {
			return count
		}
	}
	return 0
}

// over is how much of all lies above a limit.
func (s spread) over(limit int64) (n int64) {
	for count, times := range s {
		n += max(0, count-limit) * times
	}
	return n
}

func (s spread) total() (n int64) {
	for count, times := range s {
		n += count * times
	}
	return n
}

// roundUp is the least number of two significant digits that is at least n.
func roundUp(n float64) int64 {
	if n <= 1 {
		return 1
	}
	unit := math.Pow(10, max(0, math.Floor(math.Log10(n))-1))
	return int64(math.Ceil(n/unit-1e-9) * unit)
}
