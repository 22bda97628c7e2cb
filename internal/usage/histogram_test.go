package usage

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bounds are the limits of bucket i of h.
func bounds(h *Histogram, i int) (lower, upper float64) {
	base := math.Exp2(math.Exp2(-float64(h.Scale())))
	at := float64(h.Offset) + float64(i)
	return math.Pow(base, at), math.Pow(base, at+1)
}

func TestHistogramIndexAgreesWithLogarithm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		v := math.Exp2(random.Float64()*60 - 30)
		want := int32(math.Ceil(math.Log2(v)*8)) - 1
		require.Equal(t, want, index(v), "%v", v)
	}
	for exponent := -30; exponent < 30; exponent++ { // a power of two is the upper bound of its bucket
		assert.Equal(t, int32(8*exponent-1), index(math.Exp2(float64(exponent))))
	}
}

func TestHistogramHoldsWhatWasRecorded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, spread := range []float64{0.1, 3, 20, 300} {
		var h Histogram
		var values []float64
		var sum float64
		for range 2_000 {
			v := math.Exp2((random.Float64() - 0.5) * spread)
			values = append(values, v)
			sum += v
			h.Record(v, 1)
		}
		h.Record(0, 3)
		slices.Sort(values)

		assert.Equal(t, uint64(2_003), h.Count)
		assert.Equal(t, uint64(3), h.Zero)
		assert.InEpsilon(t, sum, h.Sum, 1e-9)
		assert.Zero(t, h.Min)
		assert.Equal(t, values[len(values)-1], h.Max)
		require.LessOrEqual(t, len(h.Buckets), maxBuckets)

		var at int
		for i, n := range h.Buckets {
			lower, upper := bounds(&h, i)
			for range n {
				require.Greater(t, values[at], lower*(1-1e-9))
				require.LessOrEqual(t, values[at], upper*(1+1e-9))
				at++
			}
		}
		assert.Equal(t, len(values), at, "every value is in a bucket")
	}
}

func TestHistogramWeighs(t *testing.T) {
	var once, twice Histogram
	for _, v := range []float64{0.1, 0.2, 0.2, 7} {
		once.Record(v, 2)
		twice.Record(v, 1)
		twice.Record(v, 1)
	}
	assert.InEpsilon(t, twice.Sum, once.Sum, 1e-12)
	once.Sum = twice.Sum
	assert.Equal(t, twice, once)
}

func FuzzHistogram(f *testing.F) {
	f.Add(0.001, 1e300, 5e-324, uint8(3))
	f.Fuzz(func(t *testing.T, a, b, c float64, n uint8) {
		var h Histogram
		for _, v := range []float64{a, b, c} {
			if v = math.Abs(v); math.IsInf(v, 0) || math.IsNaN(v) {
				return
			}
			h.Record(v, uint64(n))
		}
		total := h.Zero
		for _, bucket := range h.Buckets {
			total += bucket
		}
		require.Equal(t, h.Count, total)
		require.LessOrEqual(t, len(h.Buckets), maxBuckets)
	})
}
