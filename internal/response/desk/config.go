package desk

import (
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
)

// Config of a desk.
type Config struct {
	Policy  response.Policy
	Targets map[string]Target
	// Page are the targets that hear of what cannot wait; none: those that hear of the incident.
	Page []string
	// DryRun is what messages say that concern no act.
	DryRun bool
	// ApproveWithin is how long a proposed act waits for somebody's consent.
	ApproveWithin time.Duration
	// LateAfter is how long an act may be on its way until people hear of it; 0: for good.
	LateAfter time.Duration
	Incidents incident.Terms
	Limits    guard.Limits
	Links     Links
	// Journal says whether there is a target of that name which keeps what was decided.
	Journal bool
	// Lost is why the store of an earlier process cannot be used, nil if it can or there was none.
	Lost error
}

// Target is what a desk knows of a target.
type Target struct {
	Actor      response.Actor // nil: it tells people
	DryRun     bool           // acts are said instead of done
	PerAnomaly bool           // it hears of every anomaly, not of incidents
	Stranger   bool           // others than the operator say where it is: it gets no links that do something
	// Route says which targets a message goes to instead. Nil: to the target itself.
	Route func(e *response.Event) []string
}

// ends are the targets that a message to one of a name goes to.
func (c *Config) ends(name string, e *response.Event) []string {
	if route := c.Targets[name].Route; route != nil {
		return route(e)
	}
	return []string{name}
}

// can is what the target can do for an action.
func (t Target) can(action response.Action) response.Ability {
	if t.Actor == nil {
		return response.Ability{}
	}
	return t.Actor.Can(action)
}

// JournalTarget is the name of the target that keeps what was decided.
const JournalTarget = "journal"
