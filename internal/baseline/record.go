package baseline

import "math"

// Record is the largest value that a token has shown in n blocks, fading slowly. Sizes of bursts, gaps and totals have heavy
// tails; what they exceed by is told from the record without a model of the bulk: the chance to exceed the record of n blocks is
// 1/(n+1), and beyond it the tail is taken as Pareto. Source: Coles, Statistical Modeling of Extreme Values, 2001, chapter 4.
//
// How heavy the tail is, the token shows itself: its index is one over the spread of log y, shrunk to a prior.
type Record struct {
	best   float32
	n      float32
	mean   float32 // of log y
	square float32 // its decayed sum of squared deviations
}

const (
	recordFade   = 0.998 // per active block
	recordReward = 1.0   // nats taken off, so that a record broken by a hair is none
	recordCalm   = -0.1  // nats a block without a record
	recordTrust  = 10    // blocks until a record is believed
	spreadPrior  = 10    // blocks that the prior of the spread weighs
	tailMost     = 5
	recordMemory = 200 // blocks
)

// Nats is the evidence in a value y that is usual up to floor, for a tail index of tail until the token has shown its own:
// ½·ln(n+1) + index·ln(y/record) − 1 beyond the record, less while the record rests on few blocks.
func (r *Record) Nats(y, floor, tail float64) float64 {
	best := max(float64(r.best), floor)
	if y <= best {
		return recordCalm
	}
	trust := min(1, float64(r.n)/recordTrust)
	return trust * (0.5*ln(1+float64(r.n)) + r.index(tail)*ln(y/best) - recordReward)
}

// Excess is by how much, on the log scale, a value y that is usual up to floor lies beyond the record: less while that rests on few blocks.
func (r *Record) Excess(y, floor float64) float64 {
	best := max(float64(r.best), floor)
	if y <= best {
		return 0
	}
	return min(1, float64(r.n)/recordTrust) * ln(y/best)
}

func (r *Record) index(prior float64) float64 {
	variance := (spreadPrior/(prior*prior) + float64(r.square)) / (spreadPrior + float64(r.n))
	return min(tailMost, 1/math.Sqrt(variance))
}

// riseTilt is by how many of the token's own spreads the level of a Rise is higher.
const (
	riseTilt  = 0.8
	riseLeast = -2 // spreads, on the log scale
	riseMost  = 3
)

// Rise is the evidence in a value y that values of its kind have risen for good: a log-normal level riseTilt spreads above the token's.
// It is weak on one day, and adds up.
func (r *Record) Rise(y, tail float64) float64 {
	z := (ln(max(1, y)) - float64(r.mean)) * r.index(tail)
	trust := min(1, float64(r.n)/recordTrust)
	return trust * riseTilt * (max(riseLeast, min(riseMost, z)) - riseTilt/2)
}

// Best is the record as it stands, faded.
func (r *Record) Best() float64 { return float64(r.best) }

// Usual is what a usual block reaches: the geometric mean, faded.
func (r *Record) Usual() float64 { return math.Exp(float64(r.mean)) }

// Typical is the usual value.
func (r *Record) Typical() float64 { return math.Exp(float64(r.mean)) }

// Span holds the values that lie within so many standard deviations of the usual one, on the log scale, for a tail index of tail until the
// token has shown its own.
func (r *Record) Span(deviations, tail float64) (low, usual, high float64) {
	usual = r.Usual()
	factor := math.Exp(deviations / r.index(tail))
	return usual / factor, usual, usual * factor
}

// Learn ends a block that reached y.
func (r *Record) Learn(y float64) {
	r.best = max(r.best*recordFade, float32(y))
	r.n = r.n*recordFade + 1
	deviation := float32(math.Log(max(1, y))) - r.mean
	r.mean += deviation / min(r.n, recordMemory)
	r.square = r.square*recordFade + deviation*(float32(math.Log(max(1, y)))-r.mean)
}

// Gap is how long a token sleeps between active blocks. People come back after months all the time, so what counts is how far a
// gap lies beyond the longest of the token's own, how many of its own there are, and how often it was used of late: who comes by less and less
// was about to stay away.
type Gap struct {
	longest float32
	n       float32
	recent  float32 // mean of the latest ones, faded; 0: not known
}

const (
	gapFade  = 0.999
	gapFloor = 7  // days: a week's silence is nothing
	gapTrust = 30 // gaps until the longest is believed
	gapTail  = 2.25
	gapUsual = 0.8
	gapsLate = 5 // gaps that are the latest
)

// Nats is the evidence in a gap of so many days after a life of age days: less where the gaps were long of late.
func (g *Gap) Nats(days, age float64) float64 {
	beyond := days / max(float64(g.longest), gapFloor)
	if g.n == 0 || beyond <= 1 {
		return 0
	}
	usual := float64(g.recent)
	if usual == 0 {
		usual = max(1, age/float64(g.n))
	}
	return max(0, gapTail*(math.Log(beyond)*min(1, math.Sqrt(float64(g.n)/gapTrust))-gapUsual*math.Log(usual)))
}

// Longest is the longest gap so far in days, faded.
func (g *Gap) Longest() float64 { return float64(g.longest) }

// Learn takes in a gap.
func (g *Gap) Learn(days float64) {
	g.longest = max(g.longest*gapFade, float32(days))
	g.n++
	if g.recent == 0 {
		g.recent = float32(days)
	}
	g.recent += (float32(days) - g.recent) / min(g.n, gapsLate)
}
