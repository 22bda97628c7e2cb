package sim

import (
	"net/netip"
	"slices"
	"time"
)

// recruiter makes one token: who owns it, how it calls, when and from where.
type recruiter struct {
	*dice
	fleet *Fleet
	t     *Token
	owner *Owner
}

// recruit draws a token's client. Colleagues are recruited one after another and share what their owner has.
func (f *Fleet) recruit(index int, p Population, owner *Owner) *Token {
	d := newDice(f.seed, "token", itoa(index))
	t := &Token{
		ID: "key_" + pad(index+1), Population: p, Owner: owner, Country: owner.Country.Code,
		index: index, seed: d.Uint64(), start: f.start, session: 1, gap: 8, errors: min(.2, d.lognormal(.012, .7)),
		trend: .002 * d.NormFloat64(), Traced: d.chance(.2),
	}
	r := &recruiter{dice: d, fleet: f, t: t, owner: owner}
	t.rhythm = rhythm{zone: pick(d, owner.Country.zones), country: owner.Country}
	switch p {
	case Partner:
		r.partner()
	case Office:
		r.office()
	case Home:
		r.homeOffice()
	case CI:
		r.ci()
	case Mobile:
		r.mobile()
	case VPN:
		r.vpn()
	case Batch:
		r.batch()
	case CDN:
		r.cdn()
	case Workload:
		r.workload()
	case Dormant:
		r.dormant()
	}
	t.daily = min(4000, t.daily) * f.volume
	t.rpcClient = install(d, channels, f.start, .3)
	return t
}

func (r *recruiter) partner() {
	r.volume(150, 1.1, .15)
	r.t.rhythm.hours, r.t.rhythm.weekend = server(r.between(.2, .8), r.between(10, 16)), r.between(.3, 1)
	r.t.origin = static{host(pick(r.dice, r.hosted()), r.Uint64())}
	r.t.client = install(r.dice, slices.Concat(kits, scripts), r.fleet.start, .6)
	r.does(2, 3, 0, 150, "orders-api", "inventory", "catalog-api", "billing-api", "files-api")
	r.t.timer = r.clockwork(5*time.Minute, 15*time.Minute, 30*time.Minute, time.Hour, 6*time.Hour)
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{HomeGrown, Secret, Secret, Query, Basic}))
}

func (r *recruiter) office() {
	r.volume(35, .9, .45)
	r.person(6)
	line := r.line()
	o := office{nat: r.fleet.officeOf(r.owner), home: line, zone: r.t.zone()}
	if r.chance(.5) {
		o.remote[time.Monday+time.Weekday(r.IntN(5))] = true
		o.remote[time.Monday+time.Weekday(r.IntN(5))] = r.chance(.6)
	}
	o.remote[time.Saturday], o.remote[time.Sunday] = true, true
	r.t.origin = o
	r.t.client = install(r.dice, slices.Concat(browsers, tools, kits), r.fleet.start, .3)
	r.does(2, 4, .02, 60, "orders-api", "users-api", "billing-api", "reports-api", "catalog-api")
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{HomeGrown, HomeGrown, Personal, Secret}))
}

func (r *recruiter) homeOffice() {
	r.volume(22, .9, .55)
	r.person(6)
	r.t.rhythm.weekend = r.between(.1, .6)
	r.t.origin = r.line()
	r.t.client = install(r.dice, slices.Concat(browsers, tools, scripts), r.fleet.start, .3)
	r.does(2, 4, .03, 50, "orders-api", "catalog-api", "reports-api", "files-api")
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{Secret, Personal, HomeGrown}))
}

func (r *recruiter) ci() {
	r.volume(60, 1, .5)
	r.t.rhythm.hours, r.t.rhythm.weekend = desk(r.between(8, 10), r.between(9, 12)), r.between(.05, .3)
	r.t.session, r.t.gap = 1.5, 20
	r.t.origin = pool(clouds)
	if r.chance(.25) { // their own runners, at one provider
		r.t.origin = pool{subnet(pick(r.dice, r.hosted()), 22, r.Uint64())}
	}
	r.t.client = install(r.dice, builders, r.fleet.start, .2)
	r.does(1, 3, .01, 90, "builds-api")
	r.t.timer = r.clockwork(12*time.Hour, 24*time.Hour)
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{Personal, Personal, HomeGrown, JWT}))
}

func (r *recruiter) mobile() {
	r.volume(14, .9, .6)
	r.person(5)
	r.t.rhythm.hours, r.t.rhythm.weekend = leisure(r.between(-1.5, 1.5)), r.between(.9, 1.6)
	r.t.idleDays, r.t.gap = r.between(.05, .35), 6
	c := carrier{wifi: r.line(), wifiFor: r.between(.2, .7), nat: subnet(pick(r.dice, r.country().Mobile), 20, r.Uint64())}
	if six := r.country().Six; len(six) > 0 {
		c.six = subnet(pick(r.dice, six), 40, r.Uint64())
	}
	r.t.origin = c
	r.t.client = install(r.dice, apps, r.fleet.start, .15)
	r.does(1, 4, .03, 70, "users-api", "catalog-api", "orders-api")
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{HomeGrown, HomeGrown, JWT}))
}

func (r *recruiter) vpn() {
	r.office()
	r.t.daily *= .7
	var exits []netip.Prefix
	for _, code := range some(r.dice, []string{"NL", "CH", "SE", "US", "DE", "GB"}, 2+r.IntN(2)) {
		c := countries[code]
		exits = append(exits, subnet(pick(r.dice, slices.Concat(c.Hosted, c.Fixed)), 24, r.Uint64()))
	}
	r.t.origin = vpn{seed: r.Uint64(), home: r.line(), exits: exits, share: r.between(.3, .8)}
}

func (r *recruiter) batch() {
	r.volume(8, .8, .3)
	r.t.rhythm.hours, r.t.rhythm.weekend = desk(r.between(7, 9), 10), r.between(0, .5)
	r.t.monthEnd = &monthEnd{hour: (22 + r.IntN(7)) % 24, size: min(2500, r.lognormal(500, .7)) * r.fleet.volume}
	r.t.origin = static{host(pick(r.dice, r.hosted()), r.Uint64())}
	r.t.client = install(r.dice, slices.Concat(kits, scripts), r.fleet.start, .7)
	r.does(1, 2, 0, 200, "billing-api", "reports-api", "orders-api", "files-api")
	r.t.timer = r.clockwork()
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{Secret, HomeGrown, Basic, JWT}))
}

func (r *recruiter) cdn() {
	r.volume(40, 1, .5)
	r.person(5)
	r.t.rhythm.hours, r.t.rhythm.weekend = leisure(r.between(-1, 1)), r.between(.8, 1.5)
	var pop pool
	for range 3 {
		pop = append(pop, subnet(pick(r.dice, edges), 24, r.Uint64()))
	}
	r.t.trips = nil // a journey is invisible behind a CDN
	r.t.origin = pop
	r.t.client = install(r.dice, slices.Concat(apps, browsers), r.fleet.start, .15)
	r.does(1, 4, .03, 70, "storefront-api")
	r.t.Credential = newCredential(r.dice, pick(r.dice, []Format{HomeGrown, JWT}))
}

func (r *recruiter) workload() {
	r.volume(140, 1.1, .2)
	r.t.rhythm.hours, r.t.rhythm.weekend = server(r.between(.3, .95), r.between(11, 17)), r.between(.4, 1)
	nat := static{}
	for range 1 + r.IntN(3) {
		nat = append(nat, host(pick(r.dice, clouds), r.Uint64()))
	}
	r.t.origin = nat
	r.t.client = install(r.dice, slices.Concat(kits, scripts), r.fleet.start, .5)
	r.does(2, 4, 0, 150, "inventory", "orders-api", "users-api", "billing-api")
	r.t.timer = r.clockwork(15*time.Minute, time.Hour, 6*time.Hour)
	r.t.Credential = newCredential(r.dice, JWT)
}

func (r *recruiter) dormant() {
	r.homeOffice()
	r.t.daily = max(12*r.fleet.volume, r.t.daily)
	length := float64(r.fleet.days) * 24
	s := span{r.fleet.hours(length * r.between(.35, .5)), r.fleet.end}
	if r.chance(.4) {
		s.to = r.fleet.hours(length * r.between(.75, .9))
	}
	r.t.asleep, r.t.trips = []span{s}, nil
}

// volume draws the requests of a usual weekday: lognormal over the tokens, uneven over the days.
func (r *recruiter) volume(median, sigma, burst float64) {
	r.t.daily, r.t.burst = r.lognormal(median, sigma), burst
}

// person gives a human's days: hours at a desk, sessions, days off, holidays, and a journey for some.
func (r *recruiter) person(flows float64) {
	t, f := r.t, r.fleet
	t.rhythm.hours, t.rhythm.weekend = desk(r.between(7, 10), r.between(8, 9.5)), r.between(0, .08)
	t.session, t.gap, t.drills, t.idleDays = flows, 12, true, r.between(.02, .12)
	length := float64(f.days) * 24
	for range r.poisson(float64(f.days) / 60) {
		from := f.hours(r.Float64() * length)
		t.asleep = append(t.asleep, span{from, from.Add(r.duration(4*24*time.Hour, 12*24*time.Hour))})
	}
	for range r.poisson(float64(f.days) / 400) {
		where := homeland(r.dice)
		if where == r.country() {
			continue
		}
		from := f.hours(r.Float64() * length)
		t.trips = append(t.trips, trip{from, from.Add(r.duration(2*24*time.Hour, 6*24*time.Hour)), where, lineIn(r.dice, where)})
	}
}

// does settles the client at one to n of the services.
func (r *recruiter) does(n, main int, tail, novelty float64, services ...string) {
	var at []*Service
	for _, name := range some(r.dice, services, 1+r.IntN(n)) {
		at = append(at, r.fleet.service(name))
	}
	r.t.work = settle(r.dice, at, main, tail).develop(r.dice, r.fleet.start, r.fleet.days, novelty)
	if r.chance(.08) { // exports and the like have honest users too
		r.t.work = append(r.t.work, habit{service: at[0], flow: flow{pick(r.dice, at[0].offered(true))}, weight: r.between(.02, .15)})
	}
}

// clockwork draws a timer: one of the given paces at which the timed half of the client's volume is enough for every run, or
// once a day.
func (r *recruiter) clockwork(paces ...time.Duration) *timer {
	runs := r.t.daily * r.fleet.volume / 2 / float64(len(r.t.work[0].flow))
	fast := slices.DeleteFunc(paces, func(p time.Duration) bool { return float64(24*time.Hour/p) > runs })
	every := pick(r.dice, append(fast, 24*time.Hour))
	return &timer{every: every, offset: r.duration(0, every), jitter: min(every/20, 90*time.Second)}
}

func (r *recruiter) country() *Country { return r.owner.Country }

// hosted are the networks that servers of the country stand in.
func (r *recruiter) hosted() []netip.Prefix {
	if c := r.country(); len(c.Hosted) > 0 {
		return c.Hosted
	}
	return r.country().Fixed
}

func (r *recruiter) line() home { return lineIn(r.dice, r.country()) }

// lineIn is a line at home somewhere in the country.
func lineIn(d *dice, c *Country) home {
	h := home{seed: d.Uint64(), pool: subnet(pick(d, c.Fixed), 21, d.Uint64()), lease: time.Duration(d.lognormal(24*24, 1.2)) * time.Hour}
	h.lease = max(24*time.Hour, h.lease)
	if len(c.Six) > 0 && d.chance(.35) {
		h.six = subnet(c.Six[0], 44, d.Uint64())
	}
	return h
}
