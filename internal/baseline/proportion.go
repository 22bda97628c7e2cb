package baseline

import "math"

// Proportion is a beta-binomial model of a rate, errors among requests, with forgetting.
// Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.
type Proportion struct {
	hits, misses float32
}

const (
	proportionDecay  = 0.99 // per active block
	proportionHits   = 0.3  // prior: about 3 % errors
	proportionMisses = 10
	proportionTrust  = 20 // pseudo-counts at most: days differ from each other
	alarmHits        = 3  // the attack's rate: two in three
	alarmMisses      = 1.5
)

// Streak is the evidence within one block that a rate has risen, one request after the other.
type Streak struct {
	hits, misses float32
	odds         float32 // log q/p so far
}

// Add bets on the next request.
func (s *Streak) Add(p Proportion, hit bool) {
	rate := float64(p.Rate())
	trust := float64(min(p.hits+p.misses+proportionHits+proportionMisses, proportionTrust))
	h, m := float64(s.hits), float64(s.misses)
	own, alarm := (rate*trust+h)/(trust+h+m), (alarmHits+h)/(alarmHits+alarmMisses+h+m)
	if hit {
		s.odds += float32(math.Log(alarm / own))
		s.hits++
		return
	}
	s.odds += float32(math.Log((1 - alarm) / (1 - own)))
	s.misses++
}

// Nats is the evidence of the block so far.
func (s *Streak) Nats() float64 {
	if s.hits+s.misses == 0 {
		return 0
	}
	return math.Log((1 - Mix) + Mix*math.Exp(min(50, float64(s.odds))))
}

// Hits of the block so far.
func (s *Streak) Hits() float32 { return s.hits }

// Rate is the expected share of hits.
func (p *Proportion) Rate() float32 {
	return (p.hits + proportionHits) / (p.hits + p.misses + proportionHits + proportionMisses)
}

// Learn ends a block.
func (p *Proportion) Learn(s Streak) {
	p.hits = p.hits*proportionDecay + s.hits
	p.misses = p.misses*proportionDecay + s.misses
}
