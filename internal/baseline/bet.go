package baseline

import "math"

// Mix is m in e = (1-m) + m·q/p: how much of the stake goes on the attack. One half loses at most log 2 nats a block.
const Mix = 0.5

// Bet is the stake on one facet within one block: the mean of the bets on its requests, since requests within a block depend on
// each other and their product would be no evidence.
//
// Nats is that mean: strong where a few requests are out of character. Habit is the mean log ratio, which grows slowly with the
// number of requests: strong where all of them are a little out of character.
type Bet struct {
	sum  float64
	odds float64
	n    uint32
}

const (
	oddsFloor   = -2 // no request clears a token, none condemns it
	oddsCeiling = 4
	habitPower  = 0.3 // requests within a block are far from independent
	habitFloor  = -3
	habitLimit  = 5
)

// Place adds a request that has probability q under an attack and p under the token's own past, and returns its e.
func (b *Bet) Place(q, p float64) float64 {
	e := (1 - Mix) + Mix*q/p
	b.sum += e
	b.odds += max(oddsFloor, min(oddsCeiling, math.Log(q/p)))
	b.n++
	return e
}

// Nats is the evidence of the block so far; 0 without a bet.
func (b *Bet) Nats() float64 {
	if b.n == 0 {
		return 0
	}
	return math.Log(b.sum / float64(b.n))
}

// Habit is the evidence of the block so far in how its requests are spread, mean(log q/p)·n^0.3, bounded; 0 without a bet.
func (b *Bet) Habit() float64 {
	if b.n == 0 {
		return 0
	}
	return max(habitFloor, min(habitLimit, b.odds*math.Pow(float64(b.n), habitPower-1)))
}

// Cusum accumulates evidence over blocks and forgets what speaks for the token: W = max(0, W) + nats.
// Source: Page, Continuous inspection schemes, Biometrika 1954.
type Cusum float32

// With is the accumulated evidence if the open block ended with these nats.
func (w Cusum) With(nats float64) float64 { return max(0, float64(w)) + nats }

// Close ends a block.
func (w *Cusum) Close(nats float64) { *w = Cusum(max(0, w.With(nats))) }
