package behavior

import "github.com/holterhq/holter/internal/anomaly"

// detector adds the facets' evidence up over days, each facet with its weight, and takes its share of the alert budget.
type detector struct {
	name    anomaly.Detector
	weights [facetCount]float64
	share   float64
}

// detectors of the one alert budget. What a single facet shows strongly has a detector of its own; identity_shift is the joint
// evidence of many weak ones, once in what single requests do and once in how a day is spread. Weights and shares were chosen on a
// population of real histories; docs/detection.md says how.
var detectors = [...]detector{
	{anomaly.IdentityShift, [facetCount]float64{country: 1, network: 0.4, client: 1.2, service: 1, endpoint: 0.9, breadth: 1.4, hour: 0.9, hourHabit: 0.7, volume: 1.4}, 3.5},
	{anomaly.IdentityShift, [facetCount]float64{endpointHabit: 1, hourHabit: 0.6, clientHabit: 0.3, serviceHabit: 0.5, volume: 0.5}, 0.2},
	{anomaly.NewCountry, [facetCount]float64{country: 1}, 0.2},
	{anomaly.NewClient, [facetCount]float64{client: 1}, 0.7},
	{anomaly.NewEndpoint, [facetCount]float64{service: 1, endpoint: 1, breadth: 1}, 0.2},
	{anomaly.OddHours, [facetCount]float64{hour: 1, hourHabit: 0.7}, 0.4},
	{anomaly.RequestBurst, [facetCount]float64{burst: 1}, 1.2},
	{anomaly.SlowDrift, [facetCount]float64{volume: 1}, 0.1},
	{anomaly.ErrorSpike, [facetCount]float64{errorRate: 1}, 0.1},
	{anomaly.DataExfiltration, [facetCount]float64{bytesOut: 1}, 0.7},
	{anomaly.DormantWake, [facetCount]float64{gap: 1}, 1.3},
}

const detectorCount = len(detectors)

// nats is the detector's evidence in a block with these facets.
func (d *detector) nats(x *[facetCount]float64) float64 {
	var sum float64
	for f, w := range d.weights {
		if w != 0 {
			sum += w * x[f]
		}
	}
	return sum
}

// finding is a detector whose evidence went over its limit.
type finding struct {
	detector int
	score    float64
	limit    float64
}

// judge adds the open block to the evidence and returns the finding that lies furthest over its limit, if any does.
func (t *token) judge(x *[facetCount]float64, limits *[detectorCount]float64, disabled *[detectorCount]bool) (best finding, found bool) {
	b := &t.block
	for d := range detectors {
		score := t.evidence[d].With(detectors[d].nats(x))
		b.worst[d] = max(b.worst[d], float32(score))
		if score >= limits[d] && !disabled[d] && (!found || score-limits[d] > best.score-best.limit) {
			best, found = finding{d, score, limits[d]}, true
		}
	}
	return best, found
}
