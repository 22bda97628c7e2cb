package baseline

import "math"

// Proportion is a beta-binomial model of a rate, errors among requests, with forgetting.
// Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.
type Proportion struct {
	hits, misses float32
}

const proportionDecay = 0.99 // per active block

// Rise is what a Proportion expects before it has seen anything, and the attack that it is held against. All are pseudo-counts.
type Rise struct {
	Hits, Misses           float32
	Trust                  float32 // of the token's own past, at most: days differ from each other
	AlarmHits, AlarmMisses float32
	MostHits, MostMisses   float32 // of a block that count, 0: all
}

// Streak is the evidence within one block that a rate has risen, one request after the other.
type Streak struct {
	hits, misses float32
	odds         float32 // log q/p so far
}

// Add bets on the next request.
func (s *Streak) Add(p Proportion, by *Rise, hit bool) {
	if hit && by.MostHits > 0 && s.hits >= by.MostHits || !hit && by.MostMisses > 0 && s.misses >= by.MostMisses {
		return
	}
	rate := float64(p.Rate(by))
	trust := float64(min(p.hits+p.misses+by.Hits+by.Misses, by.Trust))
	h, m := float64(s.hits), float64(s.misses)
	scale := (trust + h + m) / (float64(by.AlarmHits+by.AlarmMisses) + h + m)
	if hit {
		s.odds += float32(ln((float64(by.AlarmHits) + h) * scale / (rate*trust + h)))
		s.hits++
		return
	}
	s.odds += float32(ln((float64(by.AlarmMisses) + m) * scale / ((1-rate)*trust + m)))
	s.misses++
}

// Odds is the log ratio of one hit or miss by itself.
func (by *Rise) Odds(p *Proportion, hit bool) float64 {
	own, alarm := float64(p.Rate(by)), float64(by.AlarmHits/(by.AlarmHits+by.AlarmMisses))
	if hit {
		return ln(alarm / own)
	}
	return ln((1 - alarm) / (1 - own))
}

// Nats is the evidence of the block so far.
func (s *Streak) Nats() float64 {
	if s.hits+s.misses == 0 {
		return 0
	}
	return ln((1 - Mix) + Mix*math.Exp(min(50, float64(s.odds))))
}

// Hits of the block so far.
func (s *Streak) Hits() float32 { return s.hits }

// Rate is the expected share of hits.
func (p *Proportion) Rate(by *Rise) float32 {
	return (p.hits + by.Hits) / (p.hits + p.misses + by.Hits + by.Misses)
}

// Alarm is the share of hits that a rise bets on.
func (by *Rise) Alarm() float32 { return by.AlarmHits / (by.AlarmHits + by.AlarmMisses) }

// Learn ends a block.
func (p *Proportion) Learn(s Streak) {
	p.hits = p.hits*proportionDecay + s.hits
	p.misses = p.misses*proportionDecay + s.misses
}
