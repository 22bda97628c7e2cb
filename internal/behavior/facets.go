package behavior

import (
	"math"
	"slices"

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
	crossing    // networks that take turns
	order       // endpoints after each other as never before
	spend       // what a day costs
	countryShift
	clientShift
	serviceShift
	endpointShift
	hourShift
	sizeShift
	requestShift
	stranger // single requests that are out of character in all they show
	rise     // more requests than usual, day after day
	surge    // as burst, …
	medley   // … and as combination, by how far the record is broken and nothing else
	facetCount
)

// shifts are the facets from countryShift on: bets that somebody else stays, see suspect.
const shifts = int(requestShift-countryShift) + 1

// String is the facet's name in evidence.
func (f Facet) String() string {
	return [...]string{"country", "network", "client", "service", "endpoint", "hour", "burst", "volume", "new endpoints", "errors", "bytes", "gap", "", "", "", "", "travel", "mixture", "endpoints", "networks at once", "order", "spend", "", "", "", "", "", "answer sizes", "request sizes", "request", "", "", ""}[f.base()]
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
	case rise:
		return volume
	case surge:
		return burst
	case medley:
		return combination
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

// Frequencies that a value nobody has used yet is taken to have; commons has those of the other facets.
const (
	rareNetwork  = 1e-4 // networks are not compared with peers: they are the token's own
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

// swollen is by how much, on the log scale, the answers of an exfiltration are larger than the token's own to such a request: ten times.
var swollen = math.Log(10)

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

// observe bets on a request against the token's past and notes it in the open block; nothing is learned before the block ends. What
// the token does for the first time today goes to tomorrow's peers.
func (t *token) observe(o *Observation, population *population, tl *tally) {
	b, p := &t.block, population.peers
	b.n++
	b.partial = b.partial || o.Weight < 0
	b.odds, b.look = 0, rung(b.n)
	b.expire(population.day)
	place := 0 // of the client among today's
	if !o.Outbound {
		t.observeOrigin(o, p, tl)
		if o.Client != "" {
			place = t.observeCommon(ofClient, o.Client, p, tl)
		}
	} else {
		place = max(0, slices.IndexFunc(b.seen[client], func(c count) bool { return c.value == o.Client }))
	}
	t.observeCommon(ofService, o.Service, p, tl)
	number := t.observeEndpoint(o, p, tl)
	if !o.HourUnknown {
		t.observeHour(o, p, tl)
	}

	t.observeMore(o, number)
	t.observeSizes(o)
	b.stranger.Add(b.odds)
	if b.odds > plain {
		b.look = true
		b.note(o.Trace)
	}
	b.window(o.Time/1e9, uint16(number*valuesNoted+place))
	if failed := o.Outcome == ClientError || o.Outcome == ServerError; !failed || !b.release {
		b.errors.Add(t.errors, &errorsRise, o.Outcome != Success)
		b.look = b.look || o.Outcome != Success && rung(uint32(b.errors.Hits()))
	}
}

func (t *token) observeSizes(o *Observation) {
	b := &t.block
	if o.ResponseBytes >= 0 && o.Outcome == Success {
		log := baseline.LogOf(float64(o.ResponseBytes))
		d := t.densities()
		own := d.size.Log(log)
		v := verbOf(o.Method)
		b.size(float64(o.ResponseBytes), v)
		usual := t.answersTo(v)
		leans := usual.Log(log-swollen) - usual.Log(log)
		b.excess.Add(leans)
		b.look = b.look || leans > plain
		b.shift(sizeShift).Add(sizeOdds(&d.suspectSize, own, log))
		b.odd(sizeShift, max(sizeFloor, anySize.Log(log)-own))
	}
	if o.RequestBytes >= 0 {
		b.request(float64(o.RequestBytes))
		log := baseline.LogOf(float64(o.RequestBytes))
		d := t.densities()
		own := d.request.Log(log)
		b.shift(requestShift).Add(sizeOdds(&d.suspectRequest, own, log))
		b.odd(requestShift, max(sizeFloor, anySize.Log(log)-own))
	}
}

func (t *token) observeOrigin(o *Observation, p *Peers, tl *tally) {
	if t.hidden && geo.CDN(o.Network) != "" {
		t.noteOrigin(o, tl)
		return
	}
	if o.Country != "" {
		t.observeCommon(ofCountry, o.Country, p, tl)
		t.travel(o, &p.owners, tl)
	}
	if o.Network != "" {
		_, c := t.block.see(network, o.Network)
		if !c.price.known {
			c.price = priceOf(network, rareNetwork, t.networks.P(o.Network, p.owners.prior(t, ofNetwork, o.Network, rareNetwork)), 1)
		}
		t.block.bet(network, c)
	}
}

// observeEndpoint returns the endpoint's number among today's.
func (t *token) observeEndpoint(o *Observation, p *Peers, tl *tally) int {
	b, at := &t.block, Endpoint{o.Method, o.Route}
	number, e := b.seeEndpoint(o.Service, at)
	if e.n == 1 {
		tl.endpoint(o.Service, at)
	}
	if today := int32(o.Time / day); !e.price.known || e.on != today || e.version != o.Version {
		e.on, e.version, e.young, e.explained = today, intern(o.Version), p.young(o), p.explained(o, at)
		t.mark(e)
		g := p.endpoint(o.Service, at)
		own := t.endpointP(o.Service, at, g)
		e.price = priceOf(endpoint, g, own, t.suspect.endpoint(o.Service, at, g))
	}
	if b.release, b.signs = e.young, false; e.explained {
		return number
	}
	if e.n == 1 && t.unused(o.Service, at) {
		b.fresh++
		b.signs = t.sign(p, o.Service, at)
	}
	b.odds += e.price.odds
	b.bets[endpoint].Place(e.price.stake)
	if is := float32(e.price.stake.E); is > b.peaks[endpoint] {
		b.peaks[endpoint], b.peakAt = is, e.at
		b.look = true
	}
	b.shift(endpointShift).Lean(e.price.shift)
	return number
}

func (t *token) observeHour(o *Observation, p *Peers, tl *tally) {
	b, bin := &t.block, hourBin(o)
	if b.hours[bin] == 0 {
		tl.hours[bin]++
		b.look = true
	}
	b.hours[bin]++
	if h := &b.hour; !h.known || int(h.bin) != bin {
		g := p.hours[bin]
		flat, own := (g+1.0/48)/2, t.hours.P(bin, g)
		*h = hourPrice{priceOf(hour, flat, own, t.suspect.hour(bin, flat)), uint8(bin)}
	}
	b.bets[hour].Place(b.hour.stake)
	b.odds += b.hour.odds
	if e := float32(b.hour.stake.E); e > b.peaks[hour] {
		b.peaks[hour], b.peakBin = e, uint8(bin)
		b.look = true
	}
	b.shift(hourShift).Lean(b.hour.shift)
}

// travel tells whether the token went from one country to another faster than anybody can. A network that many leave through is no place.
func (t *token) travel(o *Observation, owners *owners, tl *tally) {
	b, exit := &t.block, false
	if t.place != o.Country {
		owners.noteExit(tl, t, o.Network, o.Country)
		exit = owners.exits.shared(o.Network, t)
	}
	if t.place != "" {
		hours := float64(max(0, o.Time-t.placeAt))/3.6e12 + timeSlack
		leaps := t.place != o.Country && !exit && geo.Distance(t.place, o.Country)-imprecise > fastest*hours
		b.hops.Add(t.travels, &hopsRise, leaps)
		if !leaps {
			b.odd(hop, t.stays())
		} else {
			b.odd(hop, hopsRise.Odds(&t.travels, true))
			b.hopFrom, b.hopTo, b.look = t.place, o.Country, true
		}
	}
	if exit {
		return // the token is where it was
	}
	if t.place != o.Country {
		t.place = intern(o.Country)
	}
	t.placeAt = max(t.placeAt, o.Time)
}

// stays is what a request that is no leap says: the same all day.
func (t *token) stays() float64 {
	b := &t.block
	if b.staysOdds == 0 {
		b.staysOdds = hopsRise.Odds(&t.travels, false)
	}
	return b.staysOdds
}

// counted are the facets that say nothing where requests were left out for a reason.
var counted = [...]Facet{burst, volume, breadth, combination, variety, order, errorRate, surge, medley}

// nats is the evidence of each facet in the open block so far.
func (t *token) nats() (x [facetCount]float64) {
	b := &t.block
	var powers baseline.Powers
	for f := range b.bets {
		x[f] = b.bets[f].Nats()
	}
	x[burst] = t.burst.Nats(float64(b.busiest), burstFloor, burstTail)
	x[surge] = t.burst.Excess(float64(b.busiest), burstFloor)
	x[volume] = t.volume.Nats(float64(b.n), burstFloor, burstTail)
	x[rise] = t.volume.Rise(float64(b.n), burstTail)
	x[breadth] = t.breadth.Nats(float64(b.fresh), breadthFloor, breadthTail)
	x[errorRate] = b.errors.Nats()
	if t.errors.Rate(&errorsRise) >= errorsRise.Alarm() { // it fails as often as an attack
		x[errorRate] = min(0, x[errorRate])
	}
	x[bytesOut] = b.excess.Nats(&powers)
	x[gap] = b.gapNats
	if x[hop] = b.hops.Nats(); b.hopFrom == "" || t.travels.Rate(&hopsRise) >= hopsRise.Alarm() { // staying is no leap
		x[hop] = min(0, x[hop])
	}
	x[combination] = t.combinations.Nats(float64(b.mixed), mixFloor, mixTail)
	x[medley] = t.combinations.Excess(float64(b.mixed), mixFloor)
	x[variety] = t.variety.Nats(float64(len(b.endpoints)), varietyFloor, mixTail)
	t.natsMore(&x)
	for s := range b.shifts {
		x[int(countryShift)+s] = b.shifts[s].Nats(&powers)
	}
	x[stranger] = b.stranger.Nats()
	for f := client; f <= hour; f++ {
		x[f-client+clientHabit] = b.bets[f].Habit(&powers)
	}
	t.excuse(&x)
	if b.partial {
		for _, f := range counted {
			x[f] = 0
		}
	}
	stake(&x)
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

// unlearning says whether there were days lately of which the token has not learned what was new.
func (t *token) unlearning() bool {
	lately := func(of int32) bool { return of < t.block.day && t.block.day-of < incidentDays+learningDays }
	return t.hasAlert && lately(t.alertDay) || t.incident != 0 && lately(t.incident)
}

// neverCalled says whether today's latest request is surely the token's first of its kind: the token has forgotten none of the service, and
// learns what is new to it.
func (t *token) neverCalled(name string, at Endpoint) bool {
	if at == (Endpoint{}) || t.days == 0 || t.unlearning() {
		return false
	}
	for i := range t.block.endpoints {
		if e := &t.block.endpoints[i]; e.at == at && e.service == name && e.n > 1 {
			return false
		}
	}
	for i := range t.endpoints {
		if routes := &t.endpoints[i].routes; t.endpoints[i].service == name {
			return routes.Weight(at) == 0 && len(routes.Values()) < endpointsKept
		}
	}
	return len(t.endpoints) < servicesKept
}

func hourBin(o *Observation) int { return baseline.HourBin(o.Time / 1e9) }
