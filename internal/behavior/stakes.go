package behavior

// stakes are the parts of the evidence that facets bet: e is (q/p)^stake. A whole one is fair where a day's requests are as independent as
// its model has them. Errors come in runs, leaps follow leaps, and a suspect is learned from the days that he is held against: there
// the likelihood ratio is too sure of itself, and a part of it is staked. They were chosen so that the mean e of every facet is 1.1 at most on
// a population of real histories, for young and old, quiet and busy tokens. What a detector makes of a facet is its weight in whole
// nats. Source: Grünwald, The safe Bayesian, ALT 2012.
var stakes = [facetCount]float64{
	endpoint: 0.9, errorRate: 0.55, gap: 0.6, rise: 0.9, endpointHabit: 0.75, hop: 0.45, countryShift: 0.8, serviceShift: 0.9, endpointShift: 0.35,
	sizeShift: 0.45, requestShift: 0.7, stranger: 0.35, crossing: 0.4, order: 0.6, burst: 0.85, volume: 0.9, bytesOut: 0.45,
}

func init() {
	for f := range stakes {
		if stakes[f] == 0 {
			stakes[f] = 1
		}
	}
	for i := range suspectWeights {
		suspectWeights[i].weight /= stakes[suspectWeights[i].of]
	}
	all := make([]term, 0, detectorCount*int(facetCount)) // in one place
	for d := range detectors {
		from := len(all)
		for f, w := range detectors[d].weights {
			if w == 0 {
				continue
			}
			w /= stakes[f]
			detectors[d].weights[f] = w
			all = append(all, term{Facet(f), w})
		}
		detectors[d].terms = all[from:len(all):len(all)]
	}
}

// stake turns whole nats into those that are bet.
func stake(x *[facetCount]float64) {
	for f := range x {
		x[f] *= stakes[f]
	}
}
