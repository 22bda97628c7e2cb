package behavior

import "github.com/holterhq/holter/internal/anomaly"

// Threshold is the evidence in nats from which a detector raises an event today.
type Threshold struct {
	Detector anomaly.Detector
	Nats     float64
}

// Thresholds returns those of all detectors; none before the first request.
func (e *Engine) Thresholds() []Threshold {
	if !e.population.began {
		return nil
	}
	list := make([]Threshold, 0, detectorCount)
	for d := range detectors {
		list = append(list, Threshold{detectors[d].name, e.population.limits.settled[d]})
	}
	return list
}
