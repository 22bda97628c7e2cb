package behavior

import (
	"github.com/holterhq/holter/internal/baseline"
)

// Facet is one side of a token's behaviour.
type Facet uint8

// The facets. Those up to hour are bets on single requests, the rest judge the block as a whole.
const (
	country Facet = iota
	network
	client
	service
	endpoint
	hour
	burst
	volume
	breadth // endpoints never used before
	errorRate
	bytesOut
	gap
	clientHabit // the log-likelihood ratio over the day: weak evidence that only adds up
	serviceHabit
	endpointHabit
	hourHabit
	facetCount
)

// String is the facet's name in evidence.
func (f Facet) String() string {
	return [...]string{"country", "network", "client", "service", "endpoint", "hour", "burst", "volume", "new endpoints", "errors", "bytes", "gap", "client", "service", "endpoint", "hour"}[f]
}

// Endpoint is what a request does within a service.
type Endpoint struct{ Method, Route string }

// How many values of a facet a token keeps.
const (
	countriesKept = 8
	networksKept  = 16
	clientsKept   = 8
	servicesKept  = 8
	endpointsKept = 32 // per service
)

// Frequencies that a value nobody has used yet is taken to have.
const (
	rareCountry  = 1e-5
	rareNetwork  = 1e-4 // networks are not compared with peers: they are the token's own
	rareClient   = 1e-4
	rareService  = 1e-4
	rareEndpoint = 1e-3
)

// Shapes of the records: what is usual anyway, and how heavy the tail.
const (
	burstFloor   = 3 // requests within an hour
	burstTail    = 1.5
	breadthFloor = 2 // new endpoints in a day
	breadthTail  = 1.5
)

// observe bets on a request against the token's past and notes it in the open block; nothing is learned before the block ends.
func (t *token) observe(o *Observation, p *Peers) {
	b := &t.block
	b.n++
	second := o.Time / 1e9
	if !o.Outbound {
		if o.Country != "" {
			g := p.country.frequency(o.Country, rareCountry)
			b.bet(country, o.Country, t.countries.Q(o.Country, g), t.countries.P(o.Country, g))
		}
		if o.Network != "" {
			b.bet(network, o.Network, rareNetwork, t.networks.P(o.Network, rareNetwork))
		}
		if o.Client != "" {
			g := p.client.frequency(o.Client, rareClient)
			b.bet(client, o.Client, t.clients.Q(o.Client, g), t.clients.P(o.Client, g))
		}
	}
	g := p.service.frequency(o.Service, rareService)
	b.bet(service, o.Service, t.services.Q(o.Service, g), t.services.P(o.Service, g))

	at := Endpoint{o.Method, o.Route}
	explained := p.explained(o, at)
	if first := b.noteEndpoint(o.Service, at); first && !explained && t.unused(o.Service, at) {
		b.fresh++
	}
	if !explained {
		g = p.endpoint(o.Service, at)
		if e := float32(b.bets[endpoint].Place(g, t.endpointP(o.Service, at, g))); e > b.peaks[endpoint] {
			b.peaks[endpoint], b.peakAt = e, at
		}
	}

	bin := hourBin(o)
	b.hours[bin]++
	g = p.hours[bin]
	if e := float32(b.bets[hour].Place((g+1.0/48)/2, t.hours.P(bin, g))); e > b.peaks[hour] {
		b.peaks[hour], b.peakBin = e, uint8(bin)
	}

	b.window(second)
	b.errors.Add(t.errors, o.Outcome != Success)
	if o.ResponseBytes >= 0 && o.Outcome == Success {
		b.size(t.size, float64(o.ResponseBytes))
	}
}

// nats is the evidence of each facet in the open block so far.
func (t *token) nats() (x [facetCount]float64) {
	b := &t.block
	for f := range b.bets {
		x[f] = b.bets[f].Nats()
	}
	x[burst] = t.burst.Nats(float64(b.busiest), burstFloor, burstTail)
	x[volume] = t.volume.Nats(float64(b.n), burstFloor, burstTail)
	x[breadth] = t.breadth.Nats(float64(b.fresh), breadthFloor, breadthTail)
	x[errorRate] = b.errors.Nats()
	if b.sized > 0 {
		x[bytesOut] = b.excess / float64(b.sized)
	}
	x[gap] = b.gapNats
	for f := client; f <= hour; f++ {
		x[f-client+clientHabit] = b.bets[f].Habit()
	}
	return x
}

// endpointP is the chance of an endpoint within a service, under the token's own past.
func (t *token) endpointP(name string, at Endpoint, g float64) float64 {
	for i := range t.endpoints {
		if t.endpoints[i].service == name {
			return t.endpoints[i].routes.P(at, g)
		}
	}
	return g
}

// unused says whether the token has never used an endpoint, or has forgotten it.
func (t *token) unused(name string, at Endpoint) bool {
	for i := range t.endpoints {
		if t.endpoints[i].service == name {
			return t.endpoints[i].routes.Weight(at) == 0
		}
	}
	return true
}

func hourBin(o *Observation) int { return baseline.HourBin(o.Time / 1e9) }
