package behavior

import "github.com/holterhq/holter/internal/anomaly"

// detector adds the facets' evidence up over days, each facet with its weight, and takes its share of the alert budget.
type detector struct {
	name    anomaly.Detector
	terms   []term  // the weights that are not 0
	drift   float64 // nats that a day adds before its evidence: what a calm day is short of
	share   float64
	instant float64 // the part of the share that is spent on alerts at the request; the rest is for days as a whole
	weights [facetCount]float64
}

// detectors of the one alert budget. What a single facet shows strongly has a detector of its own; identity_shift is the joint
// evidence of many weak ones: the first is a likelihood ratio for somebody else having taken over for good, its weights the
// coefficients of a logistic regression of days after a swap against calm days; the second is for single requests of a stranger. Weights
// and shares were chosen on a population of real histories; docs/detection.md says how.
var detectors = [...]detector{
	{name: anomaly.IdentityShift, share: 3.2, drift: 1.5, instant: 1, weights: [facetCount]float64{
		serviceShift: 0.59, clientShift: 0.55, hourHabit: 0.45, countryShift: 0.43, hourShift: 0.28, clientHabit: 0.26, volume: 0.25,
		endpointHabit: 0.24, endpoint: 0.24, requestShift: 0.24, variety: 0.19, breadth: 0.18, country: 0.17, combination: 0.14,
		endpointShift: 0.12, sizeShift: 0.11, rise: 0.2,
	}},
	{name: anomaly.IdentityShift, share: 0.7, instant: 1, weights: [facetCount]float64{stranger: 1}},
	{name: anomaly.ImpossibleTravel, share: 0.1, instant: 1, weights: [facetCount]float64{hop: 1}},
	{name: anomaly.NewCountry, share: 1, instant: 1, weights: [facetCount]float64{country: 1, hop: 1}},
	{name: anomaly.NewClient, share: 0.0005, instant: 0.5, weights: [facetCount]float64{client: 1}},
	{name: anomaly.NewEndpoint, share: 0.0005, drift: -0.6, instant: 1, weights: [facetCount]float64{service: 1, endpoint: 1, breadth: 1}},
	{name: anomaly.OddHours, share: 1.3, instant: 1, weights: [facetCount]float64{
		hourShift: 0.8, hour: 0.5, burst: 0.4, variety: 0.6, medley: 1,
	}},
	{name: anomaly.RequestBurst, share: 2, drift: -2.8, instant: 1, weights: [facetCount]float64{
		medley: 4.3, surge: 1.7, burst: 0.5, combination: 0.5, rise: 0.5, order: 0.5, variety: 0.3,
	}},
	{name: anomaly.SlowDrift, share: 0.47, drift: -0.5, instant: 0.2, weights: [facetCount]float64{rise: 1}},
	{name: anomaly.ErrorSpike, share: 0.02, instant: 1, weights: [facetCount]float64{errorRate: 1}},
	{name: anomaly.DataExfiltration, share: 1, drift: -0.2, instant: 0.1, weights: [facetCount]float64{bytesOut: 0.8, sizeShift: 0.3, burst: 0.3}},
	{name: anomaly.DormantWake, share: 4.3, drift: -1, instant: 1, weights: [facetCount]float64{gap: 2}},
	{name: anomaly.ConcurrentUse, share: 0.02, instant: 1, weights: [facetCount]float64{crossing: 1}},
	{name: anomaly.EndpointSequence, share: 0.1, instant: 1, weights: [facetCount]float64{order: 1}},
	{name: anomaly.SpendSpike, share: 0.1, instant: 1, weights: [facetCount]float64{spend: 1}},
	{name: anomaly.NewNetwork, share: 0.1, drift: -0.3, instant: 0.5, weights: [facetCount]float64{network: 1}},
}

const detectorCount = len(detectors)

// nats is the detector's evidence in a block with these facets. A drift above zero makes up for what calm days say for the token, so it is
// never more than they do: where all tokens are alike, nothing speaks for one, and nothing is added.
func (t *token) evidenceIn(d int, x *[facetCount]float64) float64 {
	drift := detectors[d].drift
	if drift > 0 {
		drift = min(drift, calmShare*max(0, -float64(t.calm)))
	}
	return drift + detectors[d].nats(x)
}

// score is what the detector's evidence comes to if the open block ends with these facets, beyond what it came to before.
func (t *token) score(d int, x *[facetCount]float64) float64 {
	return t.evidence[d].With(t.evidenceIn(d, x)) - t.past.toll(d)
}

// calmShare is how much of a calm day's evidence for the token is taken off.
const calmShare = 0.6

// calmDays is how many days the mean of calm evidence remembers.
const calmDays = 30

func (t *token) learnCalm(x *[facetCount]float64) {
	t.calm += float32((max(-6, min(2, detectors[0].nats(x))) - float64(t.calm)) / float64(min(t.days+1, calmDays)))
}

// nats are the weighted facets.
func (d *detector) nats(x *[facetCount]float64) float64 {
	var sum float64
	for _, term := range d.terms {
		sum += term.weight * x[term.of]
	}
	return sum
}

// term is a facet that counts for a detector.
type term struct {
	of     Facet
	weight float64
}

// finding is a detector whose evidence went over its limit.
type finding struct {
	detector int
	score    float64
	limit    float64
}

// limits are the evidence that each detector needs: at once, and when the day is over. A day that is plain as a whole may have had
// moments that were plainer by chance, so what is said at once needs more.
type limits struct{ instant, settled [detectorCount]float64 }

// judge adds the open block to the evidence. It returns the finding that lies furthest over its limit for alerts at once, if any
// does; settling says whether the block would raise an event if it ended now.
func (t *token) judge(x *[facetCount]float64, l *limits, disabled *[detectorCount]bool) (best finding, found, settling bool) {
	b := &t.block
	for d := range detectors {
		score := t.score(d, x)
		if worst := float32(score); worst > b.worst[d] {
			b.worst[d] = worst
		}
		if disabled[d] {
			continue
		}
		settling = settling || score >= l.settled[d]
		if score >= l.instant[d] && (!found || score-l.instant[d] > best.score-best.limit) {
			best, found = finding{d, score, l.instant[d]}, true
		}
	}
	return best, found, settling
}

// settle judges the block as a whole.
func (t *token) settle(x *[facetCount]float64, l *limits, disabled *[detectorCount]bool) (best finding, found bool) {
	for d := range detectors {
		score := t.score(d, x)
		if !disabled[d] && score >= l.settled[d] && (!found || score-l.settled[d] > best.score-best.limit) {
			best, found = finding{d, score, l.settled[d]}, true
		}
	}
	return best, found
}
