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
const nominalDays = 1000

// The calibration remembers so many token-days, and so many days of all tokens: what a budget for a million tokens allows is so seldom that
// a week's worth shows it a few times.
const (
	memoryDays = 200000
	memorySpan = 30
)

// Two rates, in multiples of the tolerable one, between which the tail of the evidence is measured. Both lie well above it, where
// calm days outnumber attacks by far.
const (
	frequentRate = 40
	seldomRate   = 8
)

// calibration counts how often each detector's evidence rose through each level. Days that raised an alert count as days, but not
// their evidence: it may be an attack's, and a crowd of attackers must not raise the thresholds. It is fed as days end; thresholds
// are read from it once per event-time day.
type calibration struct {
	days    float64
	passed  [detectorCount]levels // at some moment of the day
	settled [detectorCount]levels // when it was over
	alerted [detectorCount]float64
	over    [detectorCount]levels // of the days that raised an alert, at some moment
}

// levels counts by level, as far up as anything was.
type levels []float64

// grow makes room for a level.
func (c *levels) grow(level int) {
	for len(*c) <= level {
		*c = append(*c, 0)
	}
}

// rise counts every level above one up to another.
func (c *levels) rise(from, to int) {
	c.grow(to)
	for l := from + 1; l <= to; l++ {
		(*c)[l]++
	}
}

// at is what was counted of a level.
func (c levels) at(level int) float64 {
	if level < len(c) {
		return c[level]
	}
	return 0
}

// merge takes another's counts in and clears it.
func (c *levels) merge(from levels) {
	c.grow(len(from) - 1)
	for l, n := range from {
		(*c)[l] += n
	}
	clear(from)
}

func (c levels) scale(factor float64) {
	for l := range c {
		c[l] *= factor
	}
}

// add counts a token's day on which a detector's evidence rose from one level to another, at its worst and when it was over.
func (c *calibration) add(d int, from, worst, end float64) {
	c.passed[d].rise(level(from), level(worst))
	c.settled[d].rise(level(from), level(end))
}

func level(nats float64) int { return max(0, min(levelCount-1, int(nats/levelStep))) }

// addAlert counts a token's day on which a detector raised an alert.
func (c *calibration) addAlert(d int, worst float64) {
	c.alerted[d]++
	c.over[d].rise(0, level(worst))
}

// strict is the budget, in false alerts per token-day, below which alerts count in what is measured. With so few to spend, nearly all
// alerts would be false ones if they did not: and what they show is all there is to tell the tail by.
const strict = 0.003

// merge takes another's counts in and clears it.
func (c *calibration) merge(from *calibration) {
	if from.days == 0 {
		return
	}
	c.days += from.days
	for d := range c.passed {
		c.alerted[d] += from.alerted[d]
		c.passed[d].merge(from.passed[d])
		c.settled[d].merge(from.settled[d])
		c.over[d].merge(from.over[d])
	}
	from.days, from.alerted = 0, [detectorCount]float64{}
}

// fade forgets what is older than the memory of so many live tokens.
func (c *calibration) fade(live float64) {
	memory := max(memoryDays, memorySpan*live)
	if c.days <= memory {
		return
	}
	f := memory / c.days
	c.days *= f
	for d := range c.passed {
		c.alerted[d] *= f
		c.passed[d].scale(f)
		c.settled[d].scale(f)
		c.over[d].scale(f)
	}
}

// limit is the evidence at which a detector raises at most rate false alerts per token-day. Before anything was measured that is the
// nominal -log(nominal): a bet that is fair to the token reaches 1/rate with probability rate at most (Ville's inequality). What is
// measured takes over with its weight, (passed + K·e^-c) / (days + K), and the tail beyond is continued as the exponential that it
// is between the frequent and the seldom rate. Alerts were left out of what was measured: as many as are tolerated are put back, and all of
// them, at the evidence that they had, under a frugal budget.
func (c *calibration) limit(d int, counted levels, rate, tolerated, nominal float64, frugal bool) float64 {
	prior := nominalDays * rate / nominal
	left := func(int) float64 { return min(c.alerted[d], tolerated*c.days) }
	if frugal {
		left = func(l int) float64 { return c.over[d].at(l) }
	}
	some, _ := c.reach(counted, 1, left, prior)
	frequent, at := c.reach(counted, min(0.3, frequentRate*rate, some), left, prior)
	seldom, below := c.reach(counted, min(0.1, seldomRate*rate, some/rarer), left, prior)
	slope := 1.0
	if below > at {
		slope = math.Log(frequent/seldom) / (below - at)
	}
	reached := max(below, below+math.Log(seldom/rate)/max(slope, flattest))
	if frugal && seldomRate*rate*c.days < few {
		reached = max(reached, c.beyond(counted, left, rate, prior))
	}
	return reached
}

// few counts are too few to tell a rate by.
const few = 10

// beyond is limit where so little was measured that what the rate asks for has never happened: above everything that was seen is not seldom
// enough. It starts where there are a few counts still, or at no evidence at all, and continues the tail by how far they went on. That mean excess
// is known the worse the fewer they are, and the tail is the heavier for it: a gamma prior for the slope makes a Lomax tail of the exponential one,
// which is followed no farther than the flattest exponential.
func (c *calibration) beyond(counted levels, left func(level int) float64, rate, prior float64) float64 {
	at := func(l int) float64 { return counted.at(l) + left(l) }
	from := levelCount - 1
	var excess float64
	for ; from > 1 && at(from) < few; from-- {
		excess += at(from) * levelStep
	}
	nats := float64(from) * levelStep
	share := (at(from) + prior*math.Exp(-nats)) / (c.days + nominalDays)
	if share <= rate {
		return nats
	}
	ratio := share / rate
	return nats + min((slopeTrust+excess)*(math.Pow(ratio, 1/(slopeTrust+at(from)))-1), math.Log(ratio)/flattest)
}

// slopeTrust is how many counts the nominal slope of one a nat weighs.
const slopeTrust = 2

// rarer is how much rarer than any evidence at all the seldom rate is at most: some facets have none on most days.
const rarer = 5

// flattest bounds how heavy a tail is believed to be, per nat.
const flattest = 0.3

// reach is the lowest level that evidence passes on at most the given share of days, and that share.
func (c *calibration) reach(counted levels, share float64, left func(level int) float64, prior float64) (passed, nats float64) {
	for l := 1; l < levelCount; l++ {
		nats = float64(l) * levelStep
		passed = (counted.at(l) + left(l) + prior*math.Exp(-nats)) / (c.days + nominalDays)
		if passed <= share {
			break
		}
	}
	return passed, nats
}

// limits are the thresholds of a day, from a budget and the number of live tokens.
func (b Budget) limits(c *calibration, live float64, disabled *[detectorCount]bool) (l limits) {
	rate := handedOut(b.rate(live))
	var shares float64
	for d := range detectors {
		if !disabled[d] {
			shares += detectors[d].share
		}
	}
	for d := range detectors {
		own, instant := min(0.5, rate*detectors[d].share/shares), detectors[d].instant
		nominal := own
		if detectors[d].share >= minor {
			// What a drift takes off every day it takes off the nominal tail too.
			unmeasured := nominalDays / (nominalDays + c.days)
			nominal = min(0.5, max(own, rate/kinds*math.Exp(max(0, -detectors[d].drift))*unmeasured*unmeasured))
		}
		l.instant[d] = c.limit(d, c.passed[d], own*instant, own, nominal, rate < strict)
		l.settled[d] = l.instant[d]
		if instant < 1 {
			l.settled[d] = min(l.instant[d], c.limit(d, c.settled[d], own*(1-instant), own, nominal, rate < strict))
		}
	}
	return l
}

// kinds is among how many kinds of evidence the nominal budget is divided: detectors overlap, and what is never measured would
// otherwise starve those with a small share.
const kinds = 8

// minor detectors are those with a smaller share: they say what others say too, and wait until it is plain.
const minor = 0.1

// most is the rate that an installation's total is never stretched beyond: few tokens do not make each of them noisy.
const most = 0.01

// kept is the part of the budget that is handed out: detectors overlap, and a token has one event a day, but tails are estimates. On the
// population of docs/detection.md with its attacks nearly all of the budget is spent.
const kept = 0.795

// A budget below ample asks for what happens once in thousands of days, of which the days before tell the less the rarer it is: the power
// of what is missing is kept back. Measured on 52,000 tokens; see docs/detection.md.
const (
	ample  = 0.005
	frugal = 0.35
)

// handedOut is the part of a rate that detectors share.
func handedOut(rate float64) float64 { return kept * rate * min(1, math.Pow(rate/ample, frugal)) }

// rate is the tolerable number of false alerts per active token-day.
func (b Budget) rate(live float64) float64 {
	if b.PerTokenDays > 0 {
		return b.FalseAlerts / b.PerTokenDays
	}
	return min(most, b.FalseAlerts/(b.Per.Hours()/24)/max(1, live))
}
