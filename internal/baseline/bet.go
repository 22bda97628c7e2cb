package baseline

import "math"

// Mix is m in e = (1-m) + m·q/p: how much of the stake goes on the attack. One half loses at most log 2 nats a block.
const Mix = 0.5

// Bet is the stake on one facet within one block: the mean of the bets on its requests, since requests within a block depend on
// each other and their product would be no evidence.
//
// Nats is that mean: strong where a few requests are out of character. Habit is the Tilt of the same bets: strong where all of them
// are a little out of character.
type Bet struct {
	sum   float64
	habit Tilt
}

// Tilt is how the requests of a block lean: mean(log q/p)·n^0.3, bounded. It grows slowly with the number of requests, for within a
// block they are far from independent.
type Tilt struct {
	sum float64
	n   uint32
}

const (
	tiltFloor   = -2 // no request clears a token, none condemns it
	tiltCeiling = 4
	tiltPower   = 0.3
	tiltLeast   = -3
	tiltMost    = 5
)

// Place adds a request that has probability q under an attack and p under the token's own past.
func (t *Tilt) Place(q, p float64) { t.Add(ln(q / p)) }

// Add adds a request with this log ratio.
func (t *Tilt) Add(ratio float64) { t.Lean(LeanOf(ratio)) }

// Lean is what a request adds to a Tilt: its log ratio, bounded.
type Lean float64

// LeanOf bounds a log ratio.
func LeanOf(ratio float64) Lean { return Lean(max(tiltFloor, min(tiltCeiling, ratio))) }

// Lean adds a request that leans so.
func (t *Tilt) Lean(l Lean) {
	t.sum += float64(l)
	t.n++
}

// Nats is the evidence of the block so far; 0 without a request.
func (t *Tilt) Nats(powers *Powers) float64 {
	if t.n == 0 {
		return 0
	}
	return max(tiltLeast, min(tiltMost, t.sum*powers.of(t.n)))
}

// lowPowers are n^-0.7 of what most blocks reach.
var lowPowers = func() (low [4096]float64) {
	for n := range low {
		low[n] = math.Pow(float64(n), tiltPower-1)
	}
	return low
}()

// Powers remembers the latest n^-0.7 that was asked for: the tilts of a block mostly have seen as many requests.
type Powers struct {
	n     uint32
	power float64
}

func (p *Powers) of(n uint32) float64 {
	if n < uint32(len(lowPowers)) {
		return lowPowers[n]
	}
	if p.n != n {
		p.n, p.power = n, math.Pow(float64(n), tiltPower-1)
	}
	return p.power
}

// Stake is what one more request of a kind adds to a Bet. It holds for as long as the probabilities behind it do.
type Stake struct {
	E    float64
	Lean Lean
}

// StakeOf is the stake on a request that has probability q under an attack and p under the token's own past.
func StakeOf(q, p float64) Stake { return Stake{(1 - Mix) + Mix*q/p, LeanOf(ln(q / p))} }

// RatioOf is the q/p behind a stake's E.
func RatioOf(e float64) float64 { return (e - (1 - Mix)) / Mix }

// Place adds a request with this stake.
func (b *Bet) Place(s Stake) {
	b.sum += s.E
	b.habit.Lean(s.Lean)
}

// Nats is the evidence of the block so far; 0 without a bet.
func (b *Bet) Nats() float64 {
	if b.habit.n == 0 {
		return 0
	}
	return ln(b.sum / float64(b.habit.n))
}

// Habit is the evidence of the block so far in how its requests are spread; 0 without a bet.
func (b *Bet) Habit(powers *Powers) float64 { return b.habit.Nats(powers) }

// Mean is a Bet on whole requests: what each of them shows, in all facets together, is one stake.
type Mean struct {
	sum float64
	n   uint32
}

const oddsMost = 40 // nats of one request

// Add adds a request with this log ratio.
func (m *Mean) Add(ratio float64) {
	m.sum += (1 - Mix) + Mix*math.Exp(min(oddsMost, ratio))
	m.n++
}

// Nats is the evidence of the block so far; 0 without a request.
func (m *Mean) Nats() float64 {
	if m.n == 0 {
		return 0
	}
	return ln(m.sum / float64(m.n))
}

// Cusum accumulates evidence over blocks and forgets what speaks for the token: W = max(0, W) + nats.
// Source: Page, Continuous inspection schemes, Biometrika 1954.
type Cusum float32

// With is the accumulated evidence if the open block ended with these nats.
func (w Cusum) With(nats float64) float64 { return max(0, float64(w)) + nats }

// Close ends a block.
func (w *Cusum) Close(nats float64) { *w = Cusum(max(0, w.With(nats))) }
