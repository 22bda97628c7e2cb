package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// dice is a source of chance that depends on nothing but the seed and the names it was made with, so that adding a token,
// an attack or a service changes no other draw.
type dice struct{ *rand.Rand }

func newDice(seed uint64, names ...string) *dice {
	h := fnv.New64a()
	for _, n := range names {
		h.Write([]byte(n))
		h.Write([]byte{0})
	}
	return &dice{rand.New(rand.NewPCG(mix(seed, 1), h.Sum64()))}
}

func (d *dice) chance(p float64) bool { return d.Float64() < p }

func (d *dice) between(lo, hi float64) float64 { return lo + (hi-lo)*d.Float64() }

// lognormal has the given median; sigma is the deviation of its logarithm.
func (d *dice) lognormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*d.NormFloat64())
}

// poisson counts events at the given mean: Knuth's product for small means, the normal approximation above.
func (d *dice) poisson(mean float64) int {
	if mean > 40 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	n, p, limit := 0, d.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= d.Float64()
	}
	return n
}

// geometric counts trials to the first success: at least 1, the given mean.
func (d *dice) geometric(mean float64) int {
	if mean <= 1 {
		return 1
	}
	return 1 + int(math.Log(1-d.Float64())/math.Log(1-1/mean))
}

func (d *dice) duration(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(d.Float64()*float64(hi-lo))
}

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

// some picks n distinct ones, in random order; all of them if there are fewer.
func some[T any](d *dice, from []T, n int) []T {
	out := make([]T, 0, n)
	for _, i := range d.Perm(len(from)) {
		if len(out) == n {
			break
		}
		out = append(out, from[i])
	}
	return out
}

// mix is a stateless draw: 64 well-mixed bits of its arguments (the finaliser of splitmix64). It answers questions such as
// "which address on that day" the same way whoever asks, and in whatever order.
func mix(a, b uint64) uint64 {
	x := a ^ (b+0x9e3779b97f4a7c15)*0xbf58476d1ce4e5b9
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// unit turns mixed bits into a number in [0, 1).
func unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// day numbers the days of t's own time zone.
func day(t time.Time) int64 {
	_, offset := t.Zone()
	return (t.Unix() + int64(offset)) / 86400
}
