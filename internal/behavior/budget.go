package behavior

import (
	"math"
)

// Evidence levels that the calibration counts, in nats.
const (
	levelStep  = 0.25
	levelCount = 240 // up to 60 nats
)

// nominalDays is how many token-days the theory's bound on false alerts weighs against what was measured.
const nominalDays = 2000

// memoryDays is how many token-days the calibration remembers.
const memoryDays = 200000

// calibration counts how often each detector's evidence rose through each level, on days of tokens that were not under an alert.
// It is fed as days end; thresholds are read from it once per event-time day.
type calibration struct {
	days   float64
	passed [detectorCount][levelCount]float64
}

// add counts a token's day on which a detector's evidence rose from one level to another.
func (c *calibration) add(d int, from, to float64) {
	lo, hi := level(from), level(to)
	for l := lo + 1; l <= hi; l++ {
		c.passed[d][l]++
	}
}

func level(nats float64) int { return max(0, min(levelCount-1, int(nats/levelStep))) }

// merge takes another's counts in and clears it.
func (c *calibration) merge(from *calibration) {
	c.days += from.days
	for d := range c.passed {
		for l := range c.passed[d] {
			c.passed[d][l] += from.passed[d][l]
		}
	}
	*from = calibration{}
}

// fade forgets what is older than memoryDays.
func (c *calibration) fade() {
	if c.days <= memoryDays {
		return
	}
	f := memoryDays / c.days
	c.days *= f
	for d := range c.passed {
		for l := range c.passed[d] {
			c.passed[d][l] *= f
		}
	}
}

// limit is the evidence at which a detector raises at most rate false alerts per token-day. Before anything was measured that is the
// nominal −log(rate): a bet that is fair to the token reaches 1/rate with probability rate at most (Ville). What was measured
// corrects it with its weight: (passed + K·e^−c) / (days + K) ≤ rate.
func (c *calibration) limit(d int, rate float64) float64 {
	nominal := -math.Log(rate)
	for l := 1; l < levelCount; l++ {
		nats := float64(l) * levelStep
		if (c.passed[d][l]+nominalDays*math.Exp(-nats))/(c.days+nominalDays) <= rate {
			return nats
		}
	}
	return max(nominal, levelCount*levelStep)
}

// limits are the thresholds of a day, from a budget and the number of live tokens.
func (b Budget) limits(c *calibration, live float64, disabled *[detectorCount]bool) (limits [detectorCount]float64) {
	rate := b.rate(live)
	var shares float64
	for d := range detectors {
		if !disabled[d] {
			shares += detectors[d].share
		}
	}
	for d := range detectors {
		limits[d] = c.limit(d, min(0.5, rate*detectors[d].share/shares))
	}
	return limits
}

// rate is the tolerable number of false alerts per active token-day.
func (b Budget) rate(live float64) float64 {
	if b.PerTokenDays > 0 {
		return b.FalseAlerts / b.PerTokenDays
	}
	return b.FalseAlerts / (b.Per.Hours() / 24) / max(1, live)
}
