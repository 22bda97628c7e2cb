package baseline

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The oracles here keep everything that was learned and add it up anew, in exact or 300-bit arithmetic.

func exact(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }

// faded is the sum over values of value·factor^age, where the last one has the age of the given number of blocks.
func faded(values []float64, factor, least float64) float64 {
	sum, weight := exact(0), exact(1)
	for range int(least) {
		weight.Mul(weight, exact(factor))
	}
	for i := len(values) - 1; i >= 0; i-- {
		sum.Add(sum, new(big.Float).Mul(weight, exact(values[i])))
		weight.Mul(weight, exact(factor))
	}
	result, _ := sum.Float64()
	return result
}

func TestHoursAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	var h Hours
	var bins []int
	var weights []float64
	const decay = 0.99
	for range 120 {
		bin, weight := r.IntN(48), float64(1+r.IntN(4))
		h.Decay(decay)
		h.Learn(bin, float32(weight))
		bins, weights = append(bins, bin), append(weights, weight)
		for _, at := range []int{0, 5, 23, 24, 30, 47} {
			g := 1.0 / float64(20+at)
			near := make([]float64, len(bins))
			for i, b := range bins {
				apart := math.Abs(float64(b%24 - at%24))
				apart = min(apart, 24-apart)
				k := map[float64]float64{0: 0.4, 1: 0.2, 2: 0.1}[apart]
				if b/24 != at/24 {
					k *= 0.3
				}
				near[i] = k * weights[i]
			}
			want := (faded(near, decay, 0) + 8*g) / (1.3*faded(weights, decay, 0) + 8)
			require.InEpsilon(t, want, h.P(at, g), 1e-4)
		}
	}
}

func TestRecordAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	var record Record
	var logs, ones []float64
	best := 0.0
	for range 150 {
		y := math.Ceil(math.Exp(2 * math.Abs(r.NormFloat64())))
		record.Learn(y)
		best = max(best*0.998, y)
		logs, ones = append(logs, math.Log(y)), append(ones, 1)
		n := faded(ones, 0.998, 0)
		mean := faded(logs, 0.998, 0) / n
		squares := make([]float64, len(logs))
		for i, v := range logs {
			squares[i] = (v - mean) * (v - mean)
		}
		index := min(5, 1/math.Sqrt((10/(1.5*1.5)+faded(squares, 0.998, 0))/(10+n)))
		require.InEpsilon(t, best, record.Best(), 1e-4)
		require.InEpsilon(t, math.Exp(mean), record.Usual(), 1e-3)
		want := min(1, n/10) * (0.5*math.Log(n+1) + index*math.Log(1000/max(best, 3)) - 1)
		require.InDelta(t, want, record.Nats(1000, 3, 1.5), 2e-3)
	}
}

func TestProportionAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	by := Rise{Hits: 0.3, Misses: 10, Trust: 20, AlarmHits: 3, AlarmMisses: 1.5}
	var p Proportion
	var hits, misses []float64
	for range 100 {
		s := Streak{hits: float32(r.IntN(3)), misses: float32(r.IntN(40))}
		p.Learn(s)
		hits, misses = append(hits, float64(s.hits)), append(misses, float64(s.misses))
		h, m := faded(hits, 0.99, 0)+0.3, faded(misses, 0.99, 0)+10
		require.InEpsilon(t, h/(h+m), float64(p.Rate(&by)), 1e-4)
	}
}

// The odds of a streak are those of two Pólya urns, multiplied as fractions.
func TestStreakAgainstFractions(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 1))
	by := Rise{Hits: 0.25, Misses: 7.75, Trust: 16, AlarmHits: 3, AlarmMisses: 1.5}
	p := Proportion{hits: 0.75, misses: 7.25} // with the prior: 1 of 16
	ratio := func(a, b float64) *big.Rat {
		return new(big.Rat).Quo(new(big.Rat).SetFloat64(a), new(big.Rat).SetFloat64(b))
	}
	odds := big.NewRat(1, 1)
	var s Streak
	var hits, misses float64
	for range 60 {
		hit := r.IntN(3) == 0
		s.Add(p, &by, hit)
		alarm, own := 1.5+misses, 15+misses
		if hit {
			alarm, own = 3+hits, 1+hits
		}
		odds.Mul(odds, ratio(alarm, 4.5+hits+misses)).Quo(odds, ratio(own, 16+hits+misses))
		if hit {
			hits++
		} else {
			misses++
		}
		want, _ := new(big.Float).SetRat(odds).Float64()
		require.InDelta(t, math.Log(0.5+0.5*want), s.Nats(), 1e-4)
	}
}

// The density is Student's t, whose norm for whole degrees of freedom is a product of fractions, and it integrates to 1.
func TestDensityAgainstStudent(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 1))
	var m Magnitude
	for free := 3; free < 60; free++ {
		d := m.Density()
		mean, scale := m.level()
		// Γ((n+1)/2)/Γ(n/2) by Γ(x+1) = xΓ(x), from Γ(1) and Γ(½)² = π.
		gammas := exact(1)
		from := 2 - free%2 // 1 or 2: the smallest n of the same kind
		if from == 1 {
			gammas.Quo(gammas, exact(math.Sqrt(math.Pi)))
		} else {
			gammas.Mul(gammas, exact(math.Sqrt(math.Pi)/2))
		}
		for n := from; n < free; n += 2 {
			gammas.Mul(gammas, new(big.Float).Quo(exact(float64(n+1)), exact(float64(n))))
		}
		g, _ := gammas.Float64()
		for _, z := range []float64{-4, -1, 0, 0.5, 3} {
			want := math.Log(g/math.Sqrt(float64(free)*math.Pi)/scale) - float64(free+1)/2*math.Log(1+z*z/float64(free))
			require.InDelta(t, want, d.Log(mean+z*scale), 1e-4, "%d degrees of freedom", free)
		}
		sum, step := 0.0, scale/50
		for x := mean - 200*scale; x < mean+200*scale; x += step {
			sum += math.Exp(d.Log(x)) * step
		}
		require.InDelta(t, 1, sum, 1e-3)
		m.Learn(math.Exp(8 + r.NormFloat64()))
	}
}

func TestTiltAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 1))
	for range 50 {
		var tilt Tilt
		var powers Powers
		sum := exact(0)
		for n := 1; n < 40; n++ {
			q, p := math.Exp(r.NormFloat64()*2), math.Exp(r.NormFloat64()*2)
			tilt.Place(q, p)
			sum.Add(sum, exact(max(-2, min(4, math.Log(q/p)))))
			total, _ := sum.Float64()
			require.InDelta(t, max(-3, min(5, total/float64(n)*math.Pow(float64(n), 0.3))), tilt.Nats(&powers), 1e-9)
		}
	}
}

// Page's recursion is the best of all sums that end now.
func TestCusumAgainstAllSums(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 1))
	var w Cusum
	var steps []float64
	for range 200 {
		step := r.NormFloat64() - 0.2
		w.Close(step)
		steps = append(steps, step)
		best, sum := 0.0, 0.0
		for i := len(steps) - 1; i >= 0; i-- {
			sum += steps[i]
			best = max(best, sum)
		}
		require.InDelta(t, best, float64(w), 1e-4)
	}
}

func TestGapAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(28, 1))
	var g Gap
	var gaps []float64
	for n := 1; n < 80; n++ {
		days := 1 + math.Floor(math.Exp(r.NormFloat64()*1.5))
		g.Learn(days)
		gaps = append(gaps, days)
		longest := 0.0
		for i, d := range gaps {
			longest = max(longest, faded([]float64{d}, 0.999, float64(len(gaps)-1-i)))
		}
		require.InEpsilon(t, longest, g.Longest(), 1e-4)
		recent := 0.0 // the mean of the first five, of which each later one takes the place of a fifth
		for i, d := range gaps {
			recent += d / float64(min(n, 5)) * math.Pow(0.8, float64(max(0, n-1-max(i, 4))))
		}
		want := 2.25 * (math.Log(400/max(longest, 7))*min(1, math.Sqrt(float64(n)/30)) - 0.8*math.Log(recent))
		require.InDelta(t, max(0, want), g.Nats(400, float64(n)), 1e-3)
	}
}
