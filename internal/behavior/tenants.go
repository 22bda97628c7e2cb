package behavior

import (
	"iter"

	"github.com/holterhq/holter/internal/anomaly"
)

// Tenants share an installation and its budget, and nothing else: whom a token is compared with, which releases explain what is new, what a
// calm day shows, and which tokens shift together, is a matter of its own tenant. Tokens without a tenant are one more.
type tenants struct {
	known map[string]*population
	order []*population // as they came
	// beyond is that of all tenants beyond the limit: there nobody is compared with anybody.
	beyond population
}

// tenantForgotten is after how many days without a request a tenant makes room.
const tenantForgotten = 60

// populationOf is the population of a tenant's tokens.
func (e *Engine) populationOf(tenant string) *population {
	if tenant == "" {
		return &e.population
	}
	if p := e.tenants.known[tenant]; p != nil {
		return p
	}
	return &e.tenants.beyond
}

// populations are all that learn, in the order in which they came.
func (e *Engine) populations() iter.Seq[*population] {
	return func(yield func(*population) bool) {
		if !yield(&e.population) {
			return
		}
		for _, p := range e.tenants.order {
			if !yield(p) {
				return
			}
		}
	}
}

// admit gives a tenant that is seen for the first time a population of its own.
func (e *Engine) admit(tenant string) {
	if tenant == "" {
		return
	}
	p := e.tenants.known[tenant]
	if p == nil {
		if len(e.tenants.order) >= e.cfg.Limits.MaxTenants {
			e.stats.Beyond++
			return
		}
		p = e.tenants.add(intern(tenant))
		p.day, p.began, p.limits = e.population.day, true, e.tenants.beyond.limits
	}
	p.seen = e.population.day
}

func (t *tenants) add(name string) *population {
	if t.known == nil {
		t.known = map[string]*population{}
	}
	p := &population{tenant: name, peers: newPeers()}
	t.known[name], t.order = p, append(t.order, p)
	return p
}

// forget makes room for other tenants.
func (t *tenants) forget(today int32) {
	kept := t.order[:0]
	for _, p := range t.order {
		if today-p.seen > tenantForgotten {
			delete(t.known, p.tenant)
			continue
		}
		kept = append(kept, p)
	}
	clear(t.order[len(kept):])
	t.order = kept
}

// turn begins a later event-time day: everything noted so far becomes the peers and the thresholds of the new day.
func (e *Engine) turn(today int32) {
	for p := range e.populations() {
		p.turn(today)
	}
	e.turnOwners(today)
	e.tenants.beyond.tallies = [shardCount]tally{}
	e.tenants.forget(today)
	e.limit()
}

// limit sets the thresholds. The live tokens of all tenants share the budget.
func (e *Engine) limit() {
	live := e.live()
	for p := range e.populations() {
		p.limits = e.cfg.Budget.limits(&p.calib, live, &e.disabled)
	}
	e.tenants.beyond.limits = e.nominal()
}

// nominal are the thresholds before anything was measured.
func (e *Engine) nominal() limits { return e.cfg.Budget.limits(&calibration{}, e.live(), &e.disabled) }

// live is how many tokens of all tenants are active on a day.
func (e *Engine) live() (live float64) {
	for p := range e.populations() {
		live += p.live
	}
	return live
}

// stand hands events to the crowds of their tenants and returns those that stand alone, and those of crowds.
func (e *Engine) stand(events []numbered) (alone []anomaly.Event) {
	for i := range events {
		n := &events[i]
		if p := e.populationOf(n.event.Token.Tenant); p != &e.tenants.beyond {
			alone = append(alone, p.crowd.add(n, p)...)
		} else if n.event.Detector != anomaly.PopulationShift && n.told() {
			alone = append(alone, n.event)
		}
	}
	return alone
}
