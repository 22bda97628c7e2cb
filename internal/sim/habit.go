package sim

import (
	"math"
	"strings"
	"time"
)

// habit is something a client does: a flow of a service, more or less often.
type habit struct {
	service *Service
	flow    flow
	weight  float64
	since   time.Time // zero: always
}

// weigh is the habit's weight at t: what is new is taken up over three days.
func (h habit) weigh(t time.Time) float64 {
	if h.since.IsZero() {
		return h.weight
	}
	return h.weight * min(1, max(0, t.Sub(h.since).Hours()/72))
}

// work is all that a client does.
type work []habit

func (w work) pick(t time.Time, d *dice) habit {
	var sum float64
	for i := range w {
		sum += w[i].weigh(t)
	}
	x := d.Float64() * sum
	for i := range w {
		if x -= w[i].weigh(t); x < 0 {
			return w[i]
		}
	}
	return w[0]
}

// length is how many requests a flow of this work has on average.
func (w work) length() float64 {
	var sum, n float64
	for _, h := range w {
		if h.since.IsZero() {
			sum += h.weight
			n += h.weight * float64(len(h.flow))
		}
	}
	return n / sum
}

// uses tells whether any habit, old or coming, calls the route.
func (w work) uses(s *Service, route int) bool {
	for _, h := range w {
		if h.service != s {
			continue
		}
		for _, r := range h.flow {
			if r == route {
				return true
			}
		}
	}
	return false
}

// services are those that the work touches, in the order of its habits.
func (w work) services() []*Service {
	var out []*Service
	seen := map[*Service]bool{}
	for _, h := range w {
		if !seen[h.service] {
			seen[h.service] = true
			out = append(out, h.service)
		}
	}
	return out
}

// settle draws a client's habits at the given services: a few main ones, unequally often, and for curious clients a tail of
// rare ones.
func settle(d *dice, services []*Service, main int, tail float64) work {
	var w work
	for i, s := range services {
		for j, f := range some(d, s.flows, max(1, main-i)) {
			weight := math.Pow(float64(1+j+i), -1.1) * d.lognormal(1, .4)
			w = append(w, habit{service: s, flow: f, weight: weight})
		}
	}
	if tail == 0 {
		return w
	}
	for range 1 + d.IntN(3) {
		s := pick(d, services)
		w = append(w, habit{service: s, flow: pick(d, s.flows), weight: tail * d.lognormal(1, .5)})
	}
	return w
}

// develop adds what changes in the window: a new routine now and then (on average one in every so many days), and the new
// routes that releases bring, which most clients of a service take up within days.
func (w work) develop(d *dice, start time.Time, days int, every float64) work {
	known := w.services()
	for range d.poisson(float64(days) / every) {
		s := pick(d, known)
		since := start.Add(time.Duration(d.Float64() * float64(days) * float64(24*time.Hour)))
		w = append(w, habit{s, pick(d, s.flows), d.between(.02, .2), since})
	}
	for _, s := range known {
		for _, a := range s.arrivals {
			if d.chance(.7) {
				lag := time.Duration(d.ExpFloat64() * 30 * float64(time.Hour))
				w = append(w, habit{s, flow{a.route}, d.between(.05, .3), a.at.Add(lag)})
			}
		}
	}
	return w
}

// idReader is a read by id among the token's old habits.
func idReader(t *Token) (*Service, int, bool) {
	for _, h := range t.work {
		for _, i := range h.flow {
			if r := h.service.Routes[i]; h.since.IsZero() && r.Method == "GET" && strings.Contains(r.Template, "{id}") {
				return h.service, i, true
			}
		}
	}
	return nil, 0, false
}
