package behavior

import (
	"github.com/holterhq/holter/internal/baseline"
	"github.com/holterhq/holter/internal/geo"
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
	hop         // countries between which nobody travels so fast
	combination // endpoints and clients mixed within an hour
	variety     // endpoints within a day
	countryShift
	clientShift
	serviceShift
	endpointShift
	hourShift
	sizeShift
	requestShift
	facetCount
)

// shifts are the facets from countryShift on: bets that somebody else stays, see suspect.
const shifts = int(facetCount - countryShift)

// String is the facet's name in evidence.
func (f Facet) String() string {
	return [...]string{"country", "network", "client", "service", "endpoint", "hour", "burst", "volume", "new endpoints", "errors", "bytes", "gap", "", "", "", "", "travel", "mixture", "endpoints", "", "", "", "", "", "answer sizes", "request sizes"}[f.base()]
}

// base is the facet under whose name a person reads of this one.
func (f Facet) base() Facet {
	switch f {
	case clientHabit, clientShift:
		return client
	case serviceHabit, serviceShift:
		return service
	case endpointHabit, endpointShift:
		return endpoint
	case hourHabit, hourShift:
		return hour
	case countryShift:
		return country
	}
	return f
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
	mixFloor     = 2 // endpoints and clients within an hour
	varietyFloor = 3 // endpoints in a day
	mixTail      = 2
)

// errorsRise expects 3 % errors and holds two in three against them; hopsRise one leap in two hundred requests against one in three.
var (
	errorsRise = baseline.Rise{Hits: 0.3, Misses: 10, Trust: 20, AlarmHits: 3, AlarmMisses: 1.5}
	hopsRise   = baseline.Rise{Hits: 0.1, Misses: 20, Trust: 40, AlarmHits: 2, AlarmMisses: 4, MostHits: 6, MostMisses: 30}
)

// Nobody travels faster than an airliner, and the middle of a country is not where its people are.
const (
	fastest   = 900.0 // km/h
	imprecise = 500.0 // km
	timeSlack = 0.2   // hours: clocks and routers
)

// observe bets on a request against the token's past and notes it in the open block; nothing is learned before the block ends.
func (t *token) observe(o *Observation, p *Peers) {
	b := &t.block
	b.n++
	second := o.Time / 1e9
	if !o.Outbound {
		if o.Country != "" {
			g := p.country.frequency(o.Country, rareCountry)
			p := t.countries.P(o.Country, g)
			b.bet(country, o.Country, t.countries.Q(o.Country, g), p)
			b.shift(countryShift).Place(t.suspect.value(0, o.Country, g), p)
			t.travel(o)
		}
		if o.Network != "" {
			b.bet(network, o.Network, rareNetwork, t.networks.P(o.Network, rareNetwork))
		}
		if o.Client != "" {
			g := p.client.frequency(o.Client, rareClient)
			p := t.clients.P(o.Client, g)
			b.bet(client, o.Client, t.clients.Q(o.Client, g), p)
			b.shift(clientShift).Place(t.suspect.value(1, o.Client, g), p)
		}
	}
	g := p.service.frequency(o.Service, rareService)
	own := t.services.P(o.Service, g)
	b.bet(service, o.Service, t.services.Q(o.Service, g), own)
	b.shift(serviceShift).Place(t.suspect.value(2, o.Service, g), own)

	at := Endpoint{o.Method, o.Route}
	explained := p.explained(o, at)
	if first := b.noteEndpoint(o.Service, at); first && !explained && t.unused(o.Service, at) {
		b.fresh++
	}
	if !explained {
		g = p.endpoint(o.Service, at)
		own := t.endpointP(o.Service, at, g)
		if e := float32(b.bets[endpoint].Place(g, own)); e > b.peaks[endpoint] {
			b.peaks[endpoint], b.peakAt = e, at
		}
		b.shift(endpointShift).Place(t.suspect.endpoint(o.Service, at, g), own)
	}

	bin := hourBin(o)
	b.hours[bin]++
	g = p.hours[bin]
	flat, own := (g+1.0/48)/2, t.hours.P(bin, g)
	if e := float32(b.bets[hour].Place(flat, own)); e > b.peaks[hour] {
		b.peaks[hour], b.peakBin = e, uint8(bin)
	}
	b.shift(hourShift).Place(t.suspect.hour(bin, flat), own)

	b.window(second, b.combination(o))
	b.errors.Add(t.errors, &errorsRise, o.Outcome != Success)
	if o.ResponseBytes >= 0 && o.Outcome == Success {
		b.size(t.size, float64(o.ResponseBytes))
		b.shift(sizeShift).Add(sizeOdds(&b.expected.suspectSize, &b.expected.size, float64(o.ResponseBytes)))
	}
	if o.RequestBytes >= 0 {
		b.request(float64(o.RequestBytes))
		b.shift(requestShift).Add(sizeOdds(&b.expected.suspectRequest, &b.expected.request, float64(o.RequestBytes)))
	}
}

// travel tells whether the token went from one country to another faster than anybody can.
func (t *token) travel(o *Observation) {
	if t.place != "" {
		hours := float64(max(0, o.Time-t.placeAt))/3.6e12 + timeSlack
		km := 0.0
		if t.place != o.Country {
			km = geo.Distance(t.place, o.Country)
		}
		leaps := km-imprecise > fastest*hours
		t.block.hops.Add(t.travels, &hopsRise, leaps)
		if leaps {
			t.block.hopFrom, t.block.hopTo = t.place, o.Country
		}
	}
	if t.place != o.Country {
		t.place = intern(o.Country)
	}
	t.placeAt = max(t.placeAt, o.Time)
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
	x[hop] = b.hops.Nats()
	x[combination] = t.combinations.Nats(float64(b.mixed), mixFloor, mixTail)
	x[variety] = t.variety.Nats(float64(len(b.endpoints)), varietyFloor, mixTail)
	for s := range b.shifts {
		x[int(countryShift)+s] = b.shifts[s].Nats()
	}
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
