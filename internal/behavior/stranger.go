package behavior

import (
	"math"

	"github.com/holterhq/holter/internal/baseline"
)

// A thief beside the owner sends one request in ten, and each of his is unlike the owner's in several ways at once: another service
// with another client at another hour. Facet by facet, the owner's requests of the day dilute every one of these signs; taken
// together, request by request, they multiply first and are diluted once.

// strangerWeights are what each facet's log ratio counts for in a request's. They are less than one where facets say the same thing.
// Facets with a shift of their own are compared with the suspect too; sizes with those of anybody.
var strangerWeights = [facetCount]float64{
	country: 0.7, network: 0.7, client: 0.9, service: 1.5, endpoint: 0.5, hour: 0.5, hop: 0.8, clientShift: 0.4, hourShift: 0.4,
	sizeShift: 0.3, requestShift: 0.5,
}

// Bounds on what one facet says of a request, in nats.
const (
	oddFloor   = -3
	oddCeiling = 8
	sizeFloor  = -1 // a usual size clears nobody
)

// odd adds what a facet of the newest request says.
func (b *block) odd(f Facet, ratio float64) { b.odds += odds(f, ratio) }

// odds is what a log ratio says of a request as a whole.
func odds(f Facet, ratio float64) float64 {
	return strangerWeights[f] * max(oddFloor, min(oddCeiling, ratio))
}

// shiftOf is the bet that somebody else stays, of the facets that have one.
var shiftOf = [betFacets]Facet{country: countryShift, client: clientShift, service: serviceShift, endpoint: endpointShift, hour: hourShift}

// anySize is the density of sizes of which nothing is known.
var anySize = func() baseline.Density {
	var unknown baseline.Magnitude
	return unknown.Density()
}()

// spread tells what a stranger is told by: it shares his evidence out among the facets, as their strongest requests go.
func (b *block) spread(nats *[facetCount]float64) {
	whole := nats[stranger]
	if whole <= 0 {
		return
	}
	var parts [betFacets]float64
	var all float64
	for f := range parts {
		if e := float64(b.peaks[f]); e > 1 {
			parts[f] = strangerWeights[f] * min(oddCeiling, math.Log(baseline.RatioOf(e)))
			all += parts[f]
		}
	}
	if all == 0 {
		return
	}
	nats[stranger] = 0
	for f, part := range parts {
		nats[f] += whole * part / all
	}
}
