package behavior

import (
	"time"

	"github.com/holterhq/holter/internal/anomaly"
)

// A deploy gives many tokens endpoints that nobody has used before. Where the telemetry carries no version to explain them, and no token shows
// enough for an event of its own, each one still gives a sign; many signs on one service on one day are a population shift.

const (
	signEndpoints = 3  // that nobody used before, and that one token uses on one day
	signBeyond    = 3  // times as many endpoints as are new to the token on a usual day
	signTokens    = 20 // that give a sign, at least
	signShare     = 0.05
	signWait      = int64(4 * time.Hour) // nothing has to be done at once: the list is worth more
)

// sign says whether an endpoint that the token uses for the first time today makes it one that a deploy may have changed. It does so once a
// day, and never for a token or a service that is new itself.
func (t *token) sign(p *Peers, name string, at Endpoint) bool {
	if !p.unused(name, at) || !t.mature() || t.services.Weight(name) == 0 {
		return false
	}
	n := 0
	for i := range t.block.endpoints {
		if e := &t.block.endpoints[i]; e.service == name && !e.explained && p.unused(name, e.at) {
			n++
		}
	}
	return n == max(signEndpoints, int(signBeyond*t.breadth.Usual()))
}

// signal is the sign as the crowd takes it.
func (t *token) signal(o *Observation) anomaly.Event {
	e := t.event(o, anomaly.PopulationShift, anomaly.Look)
	e.Evidence = []anomaly.Evidence{{
		Facet: breadth.String(), Observed: Endpoint{o.Method, o.Route}.String() + " among others that nobody called before", Expected: t.usualEndpoints(),
		Samples: t.learned, Age: t.age(o),
	}}
	return e
}

// callers is how many of the live tokens use a service on a day, or fewer.
func (p *population) callers(service string) float64 {
	return p.live * p.peers.common[ofService].frequency(service, 0)
}
