package baseline

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// exactCategorical is the oracle: every block with its age, summed anew each time.
type exactCategorical struct {
	blocks []map[string]float64
	novel  []bool
	open   []learned
}

type learned struct {
	value string
	n     float64
}

// today is what the open block has added to a value, or to all of them.
func (x *exactCategorical) today(v string) (n float64) {
	for _, l := range x.open {
		if v == "" || l.value == v {
			n += l.n
		}
	}
	return n
}

func (x *exactCategorical) counts(decay float64) (counts map[string]float64, total, novel, usual float64) {
	counts = map[string]float64{}
	for i, b := range x.blocks {
		age := float64(len(x.blocks) - i)
		for v, n := range b {
			counts[v] += n * math.Pow(decay, age)
			total += n * math.Pow(decay, age)
		}
		if x.novel[i] {
			novel += math.Pow(noveltyDecay, age-1)
		} else {
			usual += math.Pow(noveltyDecay, age-1)
		}
	}
	return counts, total, novel, usual
}

func TestCategoricalAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var c Categorical[string]
	var x exactCategorical
	for range 200 {
		block, novel := map[string]float64{}, false
		for range 1 + r.IntN(5) {
			v := fmt.Sprint(int(r.ExpFloat64() * 2))
			novel = novel || c.Weight(v) == 0 && block[v] == 0
			block[v]++
		}
		for _, v := range slices.Sorted(maps.Keys(block)) {
			if counts, total, _, _ := x.counts(0.99); counts[v]+x.today(v) < settled && total+x.today("") > established {
				block[v] = min(block[v], 1)
			}
			c.Learn(v, float32(block[v]), 64)
			x.open = append(x.open, learned{v, block[v]})
		}
		x.open = x.open[:0]
		c.Close(novel)
		c.Decay(0.99)
		x.blocks, x.novel = append(x.blocks, block), append(x.novel, novel)
		counts, total, nv, us := x.counts(0.99)
		rate := (nv + novelPrior) / (nv + us + novelPrior + usualPrior)
		alpha := max(alphaFloor, rate*total/(1-rate))
		for _, v := range []string{"0", "1", "5", "never"} {
			require.InEpsilon(t, (counts[v]+alpha*0.01)/(total+alpha), c.P(v, 0.01), 1e-3)
		}
	}
}

func TestANewValueSettlesSlowly(t *testing.T) {
	var c Categorical[string]
	c.Learn("home", 100, 8)
	c.Learn("new", 50, 8)
	require.InDelta(t, 1, c.Weight("new"), 1e-6)
	require.InDelta(t, stays, c.Q("new", 0.01), 1e-9, "who came to stay is likely again")
	require.InDelta(t, 0.01, c.Q("home", 0.01), 1e-9)
	require.InDelta(t, 0.01, c.Q("never", 0.01), 1e-9)
	c.Learn("new", 50, 8)
	c.Learn("new", 50, 8)
	c.Learn("new", 50, 8)
	require.InDelta(t, 53, c.Weight("new"), 1e-6, "then it counts like any other")
}

func TestCategoricalKeepsTheHeaviest(t *testing.T) {
	var c Categorical[string]
	for i := range 100 {
		c.Learn("often", 3, 4)
		c.Learn(fmt.Sprint(i), 1, 4)
	}
	require.Len(t, c.Values(), 4)
	require.Equal(t, "often", c.Top(1)[0].Value)
	var sum float32
	for _, v := range c.Values() {
		sum += v.Weight
	}
	require.InDelta(t, sum, c.Total(), 1e-3, "the total is that of the values kept")
}

// A bet's mean is at most 1 while the token behaves as before: that is what the budget rests on.
func TestMeanBetUnderOwnBehaviour(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	life := []float64{0.6, 0.3, 0.08, 0.015, 0.005}
	draw := func() string {
		u := r.Float64()
		for i, p := range life {
			if u -= p; u < 0 {
				return fmt.Sprint(i)
			}
		}
		return "0"
	}
	var c Categorical[string]
	var sum, blocks float64
	for block := range 20000 {
		var b Bet
		day, novel := map[string]float32{}, false
		for range 1 + r.IntN(4) {
			v := draw()
			b.Place(StakeOf(0.2, c.P(v, 0.2)))
			novel = novel || c.Weight(v) == 0
			day[v]++
		}
		if block > 200 {
			sum += math.Exp(b.Nats())
			blocks++
		}
		for v, n := range day {
			c.Learn(v, n, 16)
		}
		c.Close(novel)
		c.Decay(0.995)
	}
	require.Less(t, sum/blocks, 1.1)
}

func TestBetByHand(t *testing.T) {
	var b Bet
	require.Zero(t, b.Nats())
	b.Place(StakeOf(0.1, 0.001))
	require.InDelta(t, math.Log(0.5+0.5*100), b.Nats(), 1e-12)
	b.Place(StakeOf(0.1, 0.1))
	require.InDelta(t, math.Log((50.5+1)/2), b.Nats(), 1e-12)
	require.InDelta(t, (4+0)*math.Pow(2, tiltPower-1), b.Habit(new(Powers)), 1e-12, "log 100 is capped at 4")
}

func TestCusumForgetsGoodNews(t *testing.T) {
	var w Cusum
	for _, step := range []struct{ nats, want float64 }{{-3, 0}, {2, 2}, {1.5, 3.5}, {-1, 2.5}, {-9, 0}, {1, 1}} {
		require.InDelta(t, step.want, max(0, w.With(step.nats)), 1e-6)
		w.Close(step.nats)
		require.InDelta(t, step.want, float64(w), 1e-6)
	}
}

func TestHours(t *testing.T) {
	require.Equal(t, 24+3, HourBin(1774148400), "Sunday 22 March 2026, 03:00 UTC")
	require.Equal(t, 3, HourBin(1774234800), "Monday")
	var h Hours
	sum := func() (s float64) {
		for bin := range 48 {
			s += h.P(bin, 1.0/48)
		}
		return s
	}
	require.InDelta(t, 1, sum(), 1e-6, "a probability before anything is learned")
	for hour := 8; hour < 18; hour++ {
		h.Learn(hour, 10)
	}
	require.InDelta(t, 1, sum(), 1e-5, "and after")
	require.Greater(t, h.P(12, 1.0/48), 10*h.P(2, 1.0/48))
	require.Greater(t, h.P(24+12, 1.0/48), h.P(24+2, 1.0/48), "weekdays vouch for weekends")
	from, to := h.Busy(0.95)
	require.Equal(t, []int{8, 18}, []int{from, to})
}

func TestRecord(t *testing.T) {
	var r Record
	for range 50 {
		r.Learn(20)
	}
	require.InDelta(t, recordCalm, r.Nats(20, 3, 1.5), 1e-9)
	want := 0.5*math.Log1p(float64(r.n)) + r.index(1.5)*math.Log(200/r.Best()) - 1
	require.InDelta(t, want, r.Nats(200, 3, 1.5), 1e-6)
	require.InDelta(t, 20, r.Usual(), 1e-3)
	var wild Record
	for i := range 50 {
		wild.Learn(math.Exp(float64(i%5) - 2 + math.Log(20)))
	}
	require.Greater(t, r.index(1.5), 2*wild.index(1.5), "a steady token's tail is light")
	var fresh Record
	require.LessOrEqual(t, fresh.Nats(1000, 3, 1.5), 0.0, "a record that rests on nothing is no evidence")
	require.Zero(t, fresh.Excess(1000, 3))
	require.Zero(t, r.Excess(20, 3), "nothing lies beyond the record")
	require.InDelta(t, math.Log(10), r.Excess(10*r.Best(), 3), 1e-6)
	require.InDelta(t, math.Log(2), r.Excess(200, 100), 1e-6, "nor below what is usual anyway")
}

func TestGapIsToldFromTheTokensOwn(t *testing.T) {
	var often, seldom Gap
	for range 60 {
		often.Learn(1)
		seldom.Learn(90)
	}
	require.Zero(t, often.Nats(6, 60), "a week's silence is nothing")
	require.Greater(t, often.Nats(180, 60), 4.0)
	require.Less(t, seldom.Nats(100, 60*90), 0.5, "who always sleeps long may")
	drifting := often
	for range 3 {
		drifting.Learn(6)
	}
	require.Less(t, drifting.Nats(180, 60), often.Nats(180, 60), "the longer the latest gaps, the less")
	old := Gap{longest: 2, n: 60}
	require.Less(t, old.Nats(180, 60*2), old.Nats(180, 60), "and where they are not known, the longer the usual ones")
}

func TestRiseAddsUpWhereARecordIsSilent(t *testing.T) {
	var r Record
	var calm, risen float64
	for i := range 200 {
		usual := math.Exp(2 + 0.5*math.Sin(float64(i)*1.7))
		calm += r.Rise(usual, 1.5)
		r.Learn(usual)
	}
	require.Negative(t, calm)
	for i := range 10 {
		more := math.Exp(2.6 + 0.3*math.Sin(float64(i)*1.7))
		risen += r.Rise(more, 1.5)
	}
	require.Greater(t, risen, 3.0)
	var fresh Record
	require.Zero(t, fresh.Rise(1000, 1.5), "nothing is known of what is usual")
}

func TestMeanMultipliesBeforeItDilutes(t *testing.T) {
	var whole Mean
	var facets [3]Bet
	for i := range 10 {
		ratio := -1.0
		if i == 4 {
			ratio = 4
		}
		whole.Add(3 * ratio)
		for f := range facets {
			facets[f].Place(StakeOf(math.Exp(ratio), 1))
		}
	}
	var apart float64
	for f := range facets {
		apart += facets[f].Nats()
	}
	require.InDelta(t, math.Log((9*(0.5+0.5*math.Exp(-3))+0.5+0.5*math.Exp(12))/10), whole.Nats(), 1e-9)
	require.Greater(t, whole.Nats(), apart+4)
	var none Mean
	require.Zero(t, none.Nats())
}

// The sequential odds of a streak equal the ratio of two beta-binomial probabilities of the whole block.
func TestStreakAgainstBetaBinomial(t *testing.T) {
	logBeta := func(a, b float64) float64 {
		x, _ := math.Lgamma(a)
		y, _ := math.Lgamma(b)
		z, _ := math.Lgamma(a + b)
		return x + y - z
	}
	p := Proportion{hits: 1, misses: 200}
	by := Rise{Hits: 0.3, Misses: 10, Trust: 20, AlarmHits: 3, AlarmMisses: 1.5}
	alarmHits, alarmMisses := float64(by.AlarmHits), float64(by.AlarmMisses)
	var s Streak
	r := rand.New(rand.NewPCG(3, 3))
	k, n := 0.0, 0.0
	for range 40 {
		hit := r.Float64() < 0.4
		s.Add(p, &by, hit)
		n++
		if hit {
			k++
		}
		rate, trust := float64(p.Rate(&by)), float64(by.Trust)
		a, b := rate*trust, (1-rate)*trust
		want := logBeta(alarmHits+k, alarmMisses+n-k) - logBeta(alarmHits, alarmMisses) - logBeta(a+k, b+n-k) + logBeta(a, b)
		require.InDelta(t, want, float64(s.odds), 1e-3)
	}
}

func TestMagnitudeAgainstExactMoments(t *testing.T) {
	var own, all, kind Magnitude
	for range 20 {
		all.Learn(30_000)
	}
	level, _ := all.level()
	for name, test := range map[string]struct {
		m               *Magnitude
		learn           func(bytes float64)
		expected, trust float64
	}{
		"own":           {&own, own.Learn, magnitudeLevel, magnitudePrior},
		"within others": {&kind, func(bytes float64) { kind.LearnWithin(bytes, &all) }, level, magnitudeWithin},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(4, 4))
			var logs []float64
			for range 50 { // below its memory nothing is forgotten
				bytes := math.Exp(9 + 0.5*r.NormFloat64())
				logs = append(logs, math.Log(bytes+magnitudeOffset))
				test.learn(bytes)
			}
			mean, square := test.expected*test.trust, 0.0
			for _, v := range logs {
				mean += v
			}
			mean /= test.trust + float64(len(logs))
			for _, v := range logs {
				square += (v - mean) * (v - mean)
			}
			square += magnitudeSquare + test.trust*(test.expected-mean)*(test.expected-mean)
			gotMean, gotSD := test.m.about(test.expected, test.trust)
			require.InDelta(t, mean, gotMean, 1e-4)
			weight := test.trust + float64(len(logs))
			require.InDelta(t, math.Sqrt(square/(magnitudeFree+float64(len(logs)))*(1+1/weight)), gotSD, 1e-3)
		})
	}
	var unknown Magnitude
	require.Equal(t, all.Density(), unknown.DensityWithin(&all), "of a kind that was never seen nothing else is known")
	require.Greater(t, kind.DensityWithin(&all).mean, float32(8.5))
	require.Less(t, kind.DensityWithin(&all).mean, all.Density().mean)
}

func FuzzReader(f *testing.F) {
	var w Writer
	w.Uint(7)
	w.String("x")
	w.Float(1.5)
	w.Double(2.5)
	f.Add(w.Bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Reader{Bytes: b}
		for r.Err == nil && len(r.Bytes) > 0 {
			before := len(r.Bytes)
			_, _, _, _, _ = r.Uint(), r.String(), r.Float(), r.Double(), r.Count()
			require.LessOrEqual(t, len(r.Bytes), before)
		}
	})
}

func BenchmarkCategoricalP(b *testing.B) {
	var c Categorical[string]
	for i := range 8 {
		c.Learn(fmt.Sprint("country", i), float32(9-i), 8)
	}
	for b.Loop() {
		_ = c.P("country3", 0.01)
	}
}
