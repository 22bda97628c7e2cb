package sim

import (
	"slices"
	"time"
)

// heist is an attack being drawn. Plots say what happens; here is what thieves have in common.
type heist struct {
	caller
	fleet    *Fleet
	from, to time.Time
	lair     *Country // where the thief sits
	requests []Request
}

func newHeist(f *Fleet, d *dice, victim *Token, from, to time.Time, name string) *heist {
	h := &heist{
		fleet: f, from: from, to: to,
		caller: caller{token: victim, d: d, ids: 1000 + mix(victim.seed, 7)%8_000_000, label: &Label{
			Attack: name, Hint: victim.Credential.Hint(), RegistryID: victim.ID, Owner: victim.Owner.ID,
			Population: string(victim.Population), Country: victim.Country, From: victim.Country,
		}},
	}
	for h.lair == nil || h.lair.Code == victim.Country {
		h.lair = countries[pick(d, lairs)]
	}
	return h
}

// crime is the result: the requests in order, and the label. It is none if no request fell into the fleet's time.
func (h *heist) crime() (crime, bool) {
	rs := slices.DeleteFunc(h.requests, func(q Request) bool { return q.Time.Before(h.from) || !q.Time.Before(h.fleet.end) })
	if len(rs) == 0 {
		return crime{}, false
	}
	slices.SortStableFunc(rs, byTime)
	h.label.Start, h.label.End, h.label.Requests = rs[0].Time, rs[len(rs)-1].Time, len(rs)
	return crime{victim: h.token, label: h.label, requests: rs}, true
}

// abroad puts the thief behind a server or a line of its own country, with a client of its own.
func (h *heist) abroad() {
	h.label.From = h.lair.Code
	where := h.lair.Fixed
	if len(h.lair.Hosted) > 0 && h.d.chance(.7) {
		where = h.lair.Hosted
	}
	h.address = host(pick(h.d, where), h.d.Uint64())
	h.disguise()
}

// next puts the thief behind a line of the victim's country, with a client of its own.
func (h *heist) next() {
	h.address = host(subnet(pick(h.d, countries[h.token.Country].Fixed), 24, h.d.Uint64()), h.d.Uint64())
	h.disguise()
}

// inside puts the thief where the victim is at the time, with the victim's client.
func (h *heist) inside(at time.Time) { h.address, h.agent = h.token.address(at, h.d), "" }

// disguise draws a client that the victim does not use.
func (h *heist) disguise() {
	for h.agent == "" || h.agent == h.token.client.userAgent(h.from) {
		h.agent = install(h.d, loot, h.fleet.start, 0).userAgent(h.from)
	}
}

// take calls a route, and says when the next call may follow.
func (h *heist) take(at time.Time, s *Service, route int, gap float64) time.Time {
	q := h.call(at, s, route)
	h.requests = append(h.requests, q)
	return q.Time.Add(time.Duration(h.d.lognormal(gap, .8) * float64(time.Second)))
}

// imitate does what the victim does, n requests or a few more.
func (h *heist) imitate(at time.Time, n int, gap float64) time.Time {
	for n > 0 {
		hb := h.token.work.pick(at, h.d)
		for _, route := range hb.flow {
			at = h.take(at, hb.service, route, gap)
			n--
		}
	}
	return at
}

// explore calls routes that the victim never calls, of the services that it uses.
func (h *heist) explore(at time.Time, n int, gap float64) time.Time {
	unknown := h.unknown(h.token.work.services(), false)
	if len(unknown) == 0 {
		return h.imitate(at, n, gap)
	}
	for range n {
		e := pick(h.d, unknown)
		at = h.take(at, e.service, e.route, gap)
	}
	return at
}

// prize is an endpoint that thieves want and the victim never calls: of a service that it uses, or else of any.
func (h *heist) prize() endpoint {
	if near := h.unknown(h.token.work.services(), true); len(near) > 0 {
		return pick(h.d, near)
	}
	return pick(h.d, h.unknown(h.fleet.services, true))
}

// endpoint is a route of a service.
type endpoint struct {
	service *Service
	route   int
}

// unknown are the endpoints of the services that the victim never calls.
func (h *heist) unknown(services []*Service, sensitive bool) []endpoint {
	var out []endpoint
	for _, s := range services {
		for _, i := range s.offered(sensitive) {
			if !h.token.work.uses(s, i) {
				out = append(out, endpoint{s, i})
			}
		}
	}
	return out
}

// nights are moments in the victim's small hours, one a night.
func (h *heist) nights() []time.Time {
	var out []time.Time
	var last int64
	for at := h.from; at.Before(h.to); at = at.Add(time.Hour) {
		local := at.In(h.token.zone())
		if today := day(local); today != last && local.Hour() >= 1 && local.Hour() <= 4 && h.token.rhythm.asleep(at) {
			out, last = append(out, at.Add(h.d.duration(0, 50*time.Minute))), today
		}
	}
	return out
}

// working gives n moments of the given day of the attack at which the victim is usually busy.
func (h *heist) working(dayOfAttack, n int) []time.Time {
	from := h.from.Add(time.Duration(dayOfAttack) * 24 * time.Hour)
	shares := make([]float64, 24)
	var sum float64
	for i := range shares {
		shares[i] = h.token.rhythm.share(from.Add(time.Duration(i) * time.Hour))
		sum += shares[i]
	}
	out := make([]time.Time, 0, n)
	for range n {
		x, hour := h.d.Float64()*sum, 0
		for hour < 23 && x >= shares[hour] {
			x -= shares[hour]
			hour++
		}
		out = append(out, from.Add(time.Duration(hour)*time.Hour+h.d.duration(0, time.Hour)))
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// days is how many whole days the attack takes, at least one.
func (h *heist) days() int { return max(1, int(h.to.Sub(h.from)/(24*time.Hour))) }
