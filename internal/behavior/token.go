package behavior

import (
	"math"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

const day = int64(86400 * 1e9)

// decayPerDay forgets with a half-life of 138 days.
const decayPerDay = 0.995

// A token is judged once it has shown this much on earlier days; before that there is not enough evidence, and it is only learned.
const (
	matureRequests = 20
	matureDays     = 5
)

// hoursADay is how many requests of a day the profile of hours learns from at most.
const hoursADay = 10

// quietDays after an alert a token's days do not calibrate the thresholds: an attack must not raise them.
const quietDays = 45

// token is what is known about one token: its normal life, its open day, its accumulated evidence. What a request asks for stands together, from
// the middle of block on; the lists that what it asks for is worked out from come before, and are read when a day begins.
type token struct {
	first    int64 // event time of the first request, unix nanoseconds
	incident int32 // the day on which the newest one opened; 0: none did

	countries baseline.Categorical[string]
	networks  baseline.Categorical[string]
	clients   baseline.Categorical[string]
	services  baseline.Categorical[string]
	endpoints []serviceRoutes
	hours     baseline.Hours
	gaps      baseline.Gap
	request   baseline.Magnitude
	answers   answers
	suspect   *suspect
	spare     *suspect // memory for the next one

	block block

	evidence [detectorCount]baseline.Cusum
	past     past
	calm     float32 // mean evidence of a day for a takeover that lasts
	days     uint32  // active days that have ended
	learned  uint64  // requests on them
	requests uint64
	last     int64 // event time of the newest request
	id       string
	tenant   string
	about    about
	used     uint64 // the shard's clock at the newest use
	alertDay int32  // the newest statistical event
	hasAlert bool
	open     bool
	hidden   bool // usually seen through a CDN: where it is says nothing

	burst   baseline.Record
	volume  baseline.Record
	breadth baseline.Record
	errors  baseline.Proportion
	size    baseline.Magnitude // of answers
	travels baseline.Proportion
	variety baseline.Record

	combinations baseline.Record
	more         more
	place        string // country of the newest request, and when that was
	placeAt      int64
}

// about is what may be said of a token to a person, as the newest request tells it.
type about struct {
	hint, kind, registry, ownerID, ownerName, ownerTeam string
	outbound                                            bool
}

type serviceRoutes struct {
	service string
	routes  baseline.Categorical[Endpoint]
}

// remember takes in what the newest request says of the token itself.
func (t *token) remember(o *Observation) {
	if t.requests == 0 {
		t.first = o.Time
	}
	t.requests++
	t.last = max(t.last, o.Time)
	if a := (about{o.Hint, o.Type, o.Registry, o.OwnerID, o.OwnerName, o.OwnerTeam, o.Outbound}); a != t.about {
		t.about = about{intern(o.Hint), intern(o.Type), intern(o.Registry), intern(o.OwnerID), intern(o.OwnerName), intern(o.OwnerTeam), o.Outbound}
	}
}

func (t *token) mature() bool { return t.learned >= matureRequests && t.days >= matureDays }

// begin opens a block on a later day. The tenant is that of its first request; where that says none, it stays what it was.
func (t *token) begin(today int32, tenant string) {
	if tenant != "" && tenant != t.tenant {
		t.tenant = intern(tenant)
	}
	old := t.block
	t.block = block{
		day: today, slot: old.slot, inSlot: old.inSlot, before: old.before,
		endpoints: old.endpoints[:0], sizes: old.sizes[:0], requests: old.requests[:0],
		mixNow: old.mixNow[:0], mixBefore: old.mixBefore[:0], moreBlock: moreBlock{visits: old.visits, orders: old.orders[:0]},
	}
	for f := range old.seen {
		t.block.seen[f] = old.seen[f][:0]
	}
	if t.open {
		gap := today - old.day
		if t.block.gapNats = t.gaps.Nats(float64(gap), float64(old.day-int32(t.first/day))); t.block.gapNats != 0 {
			t.block.slept, t.block.longest = float32(gap), float32(t.gaps.Longest())
		}
		t.gaps.Learn(float64(gap))
		t.forget(gap)
	}
	t.open = true
	t.hidden = t.behindCDN() != ""
}

func (t *token) forget(days int32) {
	f := float32(math.Pow(decayPerDay, float64(min(days, 2000))))
	t.countries.Decay(f)
	t.networks.Decay(f)
	t.clients.Decay(f)
	t.services.Decay(f)
	for i := range t.endpoints {
		t.endpoints[i].routes.Decay(f)
	}
	t.hours.Decay(f)
}

// end closes the open block: its evidence is carried over, then it is learned; frozen: what is new in it is not.
func (t *token) end(x *[facetCount]float64, frozen bool) {
	b := &t.block
	for d := range detectors {
		if !t.mature() {
			t.evidence[d] = 0
			continue
		}
		nats := t.evidenceIn(d, x)
		risen := max(t.evidence[d].With(nats), float64(b.worst[d])+t.past.toll(d))
		if t.evidence[d].Close(nats); b.alerted {
			t.evidence[d] = 0
		}
		t.past.learn(d, risen, t.evidence[d] == 0)
	}
	t.learnCalm(x)
	t.suspectNext(x)
	t.days++
	t.learned += uint64(b.n)
	t.learn(frozen)
}

// learn takes the open block into the token's normal life: all of it, or only what is part of it already.
func (t *token) learn(frozen bool) {
	b := &t.block
	learn(&t.countries, b.seen[country], countriesKept, frozen)
	learn(&t.networks, b.seen[network], networksKept, frozen)
	learn(&t.clients, b.seen[client], clientsKept, frozen)
	learn(&t.services, b.seen[service], servicesKept, frozen)
	t.learnEndpoints(frozen)
	// A night of a thousand requests is one night: it must not outweigh weeks of quiet days.
	scale := min(1, hoursADay/float32(b.n))
	for bin, n := range b.hours {
		if n > 0 {
			t.hours.Learn(bin, float32(n)*scale)
		}
	}
	t.learnMore(frozen)
	t.burst.Learn(float64(b.busiest))
	t.volume.Learn(float64(b.n))
	t.breadth.Learn(float64(b.fresh))
	t.errors.Learn(b.errors)
	t.travels.Learn(b.hops)
	t.combinations.Learn(float64(b.mixed))
	t.variety.Learn(float64(len(b.endpoints)))
	for _, s := range b.requests {
		t.request.Learn(float64(s))
	}
	for _, a := range b.sizes {
		t.answers.learn(a, &t.size)
		t.size.Learn(float64(a.bytes))
	}
}

func learn(c *baseline.Categorical[string], seen []count, capacity int, frozen bool) {
	if len(seen) == 0 {
		return
	}
	novel := false
	for _, s := range seen {
		if frozen && c.Weight(s.value) == 0 {
			continue
		}
		novel = novel || c.Weight(s.value) == 0
		c.Learn(s.value, float32(s.n), capacity)
	}
	c.Close(novel)
}

func (t *token) learnEndpoints(frozen bool) {
	b := &t.block
	for i := range b.endpoints {
		e := &b.endpoints[i]
		if frozen && t.unused(e.service, e.at) {
			continue
		}
		r := t.routesOf(e.service)
		novel := r.Weight(e.at) == 0
		r.Learn(e.at, float32(e.n), endpointsKept)
		if novel {
			e.n = 0 // marks the service's day as one with a novelty
		}
	}
	for i := range t.endpoints {
		s := &t.endpoints[i]
		used, novel := false, false
		for _, e := range b.endpoints {
			if e.service == s.service {
				used, novel = true, novel || e.n == 0
			}
		}
		if used {
			s.routes.Close(novel)
		}
	}
}

// routesOf returns the endpoints of a service, making room by forgetting the service used least.
func (t *token) routesOf(name string) *baseline.Categorical[Endpoint] {
	least := 0
	for i := range t.endpoints {
		if t.endpoints[i].service == name {
			return &t.endpoints[i].routes
		}
		if t.endpoints[i].routes.Total() < t.endpoints[least].routes.Total() {
			least = i
		}
	}
	at := len(t.endpoints)
	if at < servicesKept {
		t.endpoints = slices.Grow(t.endpoints, 1)[:at+1]
	} else {
		at = least
	}
	s := &t.endpoints[at]
	*s = serviceRoutes{intern(name), s.routes.Emptied()}
	return &s.routes
}
