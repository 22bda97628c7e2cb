package sim

import (
	"math"
	"slices"
	"time"
)

// plots are all attacks, each as a short story.
func plots() []plot {
	return []plot{
		{"stolen-key", "from another country, by another client, at the owner's night, an endpoint the owner never used", few(2.5), person, (*heist).stolenKey},
		{"exfiltration", "the owner's own client fetches far more than usual, in large answers", few(1), lively, (*heist).exfiltration},
		{"enumeration", "ids tried one after another, from the owner's own network", few(1), readsByID, (*heist).enumeration},
		{"burst", "the owner's own calls, sixteen times as many for two hours", few(1), lively, (*heist).burst},
		{"odd-hours", "the owner's own calls, network and client, at its night", few(5), person, (*heist).oddHours},
		{"new-country", "the owner's own calls, hours and client, from another country", few(4), located, (*heist).newCountry},
		{"slow-drift", "a little more every day, and little by little other endpoints", long, lively, (*heist).slowDrift},
		{"dormant-wake", "a token that slept for long is used by somebody else", few(2), sleepy, (*heist).dormantWake},
		{"partial-theft", "beside the owner, a third of its volume, from its country, by another client", few(4), lively, (*heist).partialTheft},
		{"identity-swap", "the owner falls silent and somebody else goes on with the key", few(5), located, (*heist).identitySwap},
		{"scope-probing", "every endpoint tried in turn, most of them forbidden", few(1), located, (*heist).scopeProbing},
		{"poisoning", "from abroad, one request at first, some more every day", long, located, (*heist).poisoning},
	}
}

func (h *heist) stolenKey() {
	h.abroad()
	prize := h.prize()
	for _, night := range h.nights() {
		at := h.imitate(night, 3+h.d.IntN(4), 6)
		for range 8 + h.d.IntN(20) {
			at = h.take(at, prize.service, prize.route, 9)
		}
		at = h.explore(at, 3+h.d.IntN(6), 8)
		for range 4 + h.d.IntN(10) {
			at = h.take(at, prize.service, prize.route, 15)
		}
	}
}

func (h *heist) exfiltration() {
	at := h.working(0, 1)[0]
	h.inside(at)
	s, route := h.richest()
	first := len(h.requests)
	for range 150 + h.d.IntN(450) {
		at = h.take(at, s, route, 5)
	}
	for i := range h.requests[first:] {
		if q := &h.requests[first+i]; q.Status < 400 {
			q.Received = int(float64(q.Received) * h.d.between(10, 40))
		}
	}
}

// richest is the read of the victim's that returns most.
func (h *heist) richest() (*Service, int) {
	best, route := h.token.work[0].service, h.token.work[0].flow[0]
	for _, hb := range h.token.work {
		for _, i := range hb.flow {
			if hb.since.IsZero() && hb.service.Routes[i].Response > best.Routes[route].Response {
				best, route = hb.service, i
			}
		}
	}
	return best, route
}

func (h *heist) enumeration() {
	at := h.working(0, 1)[0]
	h.inside(at)
	s, route, _ := idReader(h.token)
	next := 1000 + uint64(h.d.IntN(5_000_000))
	for range 300 + h.d.IntN(900) {
		at = h.take(at, s, route, .5)
		q := &h.requests[len(h.requests)-1]
		q.Path = fill(q.Route.Template, next)
		next++
		if q.Status < 400 && h.d.chance(.45) {
			q.Status, q.Received = 404, 80
		}
	}
}

func (h *heist) burst() {
	at := h.working(0, 1)[0]
	h.inside(at)
	// Sixteen times the busiest hours' volume, but never so little that it would be a busy afternoon.
	n := max(150, int(h.token.daily*slices.Max(h.token.rhythm.hours[:])*2*16))
	h.imitate(at, min(n, 4000), 2*3600/float64(min(n, 4000))/1.4)
}

func (h *heist) oddHours() {
	for _, night := range h.nights() {
		h.inside(night)
		h.imitate(night, max(8, int(h.token.daily*.4)), 15)
	}
}

func (h *heist) newCountry() {
	h.abroad()
	h.agent = ""
	for i := range h.days() {
		for _, at := range h.working(i, sessions(h.token.daily*.4)) {
			h.imitate(at, 5, 12)
		}
	}
}

func (h *heist) slowDrift() {
	for i := range h.days() {
		extra := h.token.daily * (math.Pow(1.1, float64(i+1)) - 1)
		share := min(.6, float64(i)*.04)
		for _, at := range h.working(i, sessions(extra)) {
			h.inside(at)
			if h.d.chance(share) {
				h.explore(at, 5, 10)
			} else {
				h.imitate(at, 5, 10)
			}
		}
	}
}

func (h *heist) dormantWake() {
	h.abroad()
	prize := h.prize()
	for i := range h.days() {
		for range 2 + h.d.IntN(3) {
			at := h.from.Add(time.Duration(i)*24*time.Hour + h.d.duration(0, 22*time.Hour))
			at = h.imitate(at, 5, 8)
			at = h.explore(at, 6+h.d.IntN(8), 8)
			for range 3 + h.d.IntN(6) {
				at = h.take(at, prize.service, prize.route, 12)
			}
		}
	}
}

func (h *heist) partialTheft() {
	h.next()
	for i := range h.days() {
		for _, at := range h.working(i, sessions(h.token.daily*.33)) {
			if h.d.chance(.7) {
				h.explore(at, 5, 8)
			} else {
				h.imitate(at, 5, 8)
			}
		}
	}
}

func (h *heist) identitySwap() {
	h.token.asleep = append(slices.Clone(h.token.asleep), span{h.from, h.fleet.end})
	h.abroad()
	for i := range h.days() {
		for _, at := range h.working(i, sessions(h.token.daily)) {
			h.explore(at.Add(h.d.duration(-5*time.Hour, 5*time.Hour)), 5, 8)
		}
	}
}

func (h *heist) scopeProbing() {
	h.abroad()
	at := h.from.Add(h.d.duration(0, 12*time.Hour))
	for range 2 {
		for _, s := range h.fleet.services {
			for i, r := range s.Routes {
				if r.Planned {
					continue
				}
				at = h.take(at, s, i, 1.5)
				if q := &h.requests[len(h.requests)-1]; !h.token.work.uses(s, i) && h.d.chance(.85) {
					q.Status, q.Received = 403, 90
				}
			}
		}
	}
}

func (h *heist) poisoning() {
	h.abroad()
	for i := range h.days() {
		n := min(int(math.Ceil(math.Pow(1.35, float64(i)))), 60)
		for _, at := range h.working(i, 1+n/8) {
			h.imitate(at, min(n, 8), 10)
		}
	}
}

// sessions turns a day's volume into sessions of about five requests.
func sessions(requests float64) int { return max(1, int(requests/5+.5)) }

func few(days float64) func(int) float64 { return func(int) float64 { return days } }

// long attacks take half of the fleet's time, three weeks at most.
func long(days int) float64 { return min(21, float64(days)/2) }

// lively tokens have enough of a life to be told from a thief's.
func lively(t *Token) bool {
	return t.Population != Dormant && t.Population != Batch && t.daily >= 8 && t.daily <= 1500
}

// located tokens are lively, and their place means something.
func located(t *Token) bool {
	return lively(t) && (t.Population == Office || t.Population == Home || t.Population == Partner || t.Population == Workload)
}

// person is a lively token with a night, at one place.
func person(t *Token) bool {
	return (t.Population == Office || t.Population == Home) && t.daily >= 12 && t.daily <= 400 && t.idleDays < .2
}

func sleepy(t *Token) bool { return t.Population == Dormant }

func readsByID(t *Token) bool {
	_, _, ok := idReader(t)
	return ok && lively(t)
}
