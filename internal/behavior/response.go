package behavior

import (
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
)

// Response is what whoever responds to events says of a token: how its incident stands, or an act that was done about it.
type Response struct {
	Token    string
	Outbound bool
	Time     int64 // when it was so, unix nanoseconds
	Hint     string
	Incident IncidentState
	Act      Act
}

// Act is something that was done about a token where it is kept, so that it should not work any more.
type Act struct {
	ID, Action, Target string
	State              ActState
	Delay              time.Duration // after that it has to hold everywhere
	For                time.Duration // for so long it is watched
}

// IncidentState is how an incident stands.
type IncidentState uint8

// States of incidents.
const (
	NoIncident   IncidentState = iota // nothing is said of one
	IncidentOpen                      // somebody still has to look
	IncidentOver                      // a person says that it is over
)

// ActState is how an act stands.
type ActState uint8

// States of acts.
const (
	NoAct   ActState = iota // nothing is said of one that has to show
	ActDone                 // the token is watched
	ActOver                 // it was taken back: the token may work again
)

var errActUnnamed = errors.New("act.id: say which act it is")

// Follow takes in what is said of a token. An error says why it was refused.
func (e *Engine) Follow(r Response) error {
	if r.Token == "" {
		return fmt.Errorf("response: %w", errNobody)
	}
	id := keyOf(r.Token, r.Outbound)
	s := e.shards[shardOf(id)]
	s.follow(id, r.Incident)
	switch {
	case r.Act.State == NoAct:
		return nil
	case r.Act.ID == "":
		return fmt.Errorf("response: %w", errActUnnamed)
	case r.Act.State == ActOver:
		e.watchlist.drop(id, r.Act.ID)
		return nil
	}
	e.watchlist.add(id, watch{
		act: r.Act.ID, action: r.Act.Action, target: r.Act.Target, hint: r.Hint,
		at: r.Time, from: r.Time + int64(r.Act.Delay), until: r.Time + int64(r.Act.For),
	}, int64(e.population.day)*day, e.cfg.Limits.MaxWatched)
	return nil
}

// follow lets a token in memory learn nothing new while an incident is open, as an alert of its own does, and go on once a person has said
// that it is over.
func (s *shard) follow(id string, state IncidentState) {
	n := s.find(id, hash(id))
	if n == 0 || state == NoIncident {
		return
	}
	t := s.borrow(n)
	if t == nil {
		return
	}
	t.followIncident(state)
	s.slots[n].dirty = true
	s.giveBack(n, t)
	if a := s.advised[id]; a != nil {
		a.life.followIncident(state)
		a.dirty = true
	}
}

func (t *token) followIncident(state IncidentState) {
	if state == IncidentOver {
		t.closeIncident()
	} else {
		t.openIncident()
	}
}

// prove raises an event, once an act, if the token succeeds although it was acted on: its request began after the act had to hold.
func (w *watchlist) prove(t *token, o *Observation, events []anomaly.Event) []anomaly.Event {
	if o.Outcome != Success {
		return events
	}
	for i := range w.tokens[t.id] {
		one := &w.tokens[t.id][i]
		if one.told || o.Time-max(0, o.Duration) <= one.from || o.Time > one.until || one.successor(o) {
			continue
		}
		one.told = true
		w.dirty.Store(true)
		events = append(events, t.disprove(o, one))
	}
	return events
}

// successor says whether another key has taken over since: one that lives until somebody rotates it is known by its hint.
func (w *watch) successor(o *Observation) bool {
	return o.Type == "api_key" && w.hint != "" && o.Hint != "" && w.hint != o.Hint
}

// disprove says that an act does not hold.
func (t *token) disprove(o *Observation, w *watch) anomaly.Event {
	e := t.event(o, anomaly.RevokedUse, anomaly.Confirmed)
	e.ID = anomaly.NewID(t.id+"\x00"+w.act, anomaly.RevokedUse, 0, anomaly.Confirmed)
	e.Action = anomaly.Lock
	e.Remedy = anomaly.Remedy{ID: w.act, Action: w.action, Target: w.target, Time: w.at}
	e.Evidence = []anomaly.Evidence{{
		Facet: "act", Observed: "success " + time.Duration(o.Time-w.at).Round(time.Second).String() + " after it",
		Expected: "refused from " + time.Unix(0, w.from).UTC().Format("15:04:05") + " UTC on", Samples: t.requests, Age: t.age(o),
	}}
	e.Sentence = anomaly.ActSentence(&e)
	return e
}
