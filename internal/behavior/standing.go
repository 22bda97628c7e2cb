package behavior

// State is how far a token is known.
type State uint8

// States.
const (
	Learning State = iota // there is not enough evidence yet: it is not judged
	Ready
	Frozen // an incident is open: nothing new is learned
)

// String is the state as telemetry tells it.
func (s State) String() string { return [...]string{"learning", "ready", "frozen"}[s] }

// Standing is how much speaks against a token, by the detector that is nearest to an alert.
type Standing struct {
	State State
	Nats  float64
	Limit float64 // what the day as a whole must reach for an alert
}

// Standing returns that of a token that is in memory. It changes nothing.
func (e *Engine) Standing(token string, outbound bool) (Standing, bool) {
	id := keyOf(token, outbound)
	s := e.shards[shardOf(id)]
	if a := s.advised[id]; a != nil {
		x := a.nats()
		if a.vouchedFor() {
			x = [facetCount]float64{}
		}
		return e.standing(a.life, &x, a.frozen()), true
	}
	n := s.find(id, Hash(id))
	if n == 0 {
		return Standing{}, false
	}
	t := s.borrow(n)
	if t == nil {
		return Standing{}, false
	}
	x := t.nats()
	return e.standing(t, &x, t.frozen()), true
}

func (e *Engine) standing(t *token, x *[facetCount]float64, frozen bool) Standing {
	standing := Standing{State: t.state(frozen)}
	limits := &e.populationOf(t.tenant).limits
	nearest := -1.0
	for d := range detectors {
		limit := limits.settled[d]
		if e.disabled[d] || limit <= 0 {
			continue
		}
		nats := 0.0
		if t.mature() {
			nats = t.score(d, x)
		}
		if share := nats / limit; share > nearest {
			nearest, standing.Nats, standing.Limit = share, nats, limit
		}
	}
	return standing
}

func (t *token) state(frozen bool) State {
	switch {
	case frozen:
		return Frozen
	case !t.mature():
		return Learning
	}
	return Ready
}
