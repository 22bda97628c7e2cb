package behavior

import (
	"fmt"
	"runtime/debug"

	"github.com/holterhq/holter/internal/anomaly"
)

// shard holds the tokens whose ids hash to it. Shards share nothing but the population, which does not change under them.
type shard struct {
	tokens map[string]*token
	oldest token // ends of the list, least recently used first
	tally  tally
	stats  Stats
	max    int
	clock  uint64            // counts uses
	away   map[string][]byte // evicted since the last snapshot
	back   map[string]bool   // returned from storage since then
	lost   map[int]bool      // pages with a token that was dropped

	settling []*token // whose open block would raise an event if it ended now
}

// numbered is an event and the place of its observation in the batch, by which the shards' events are merged.
type numbered struct {
	at    int
	event anomaly.Event
}

func newShard(maxTokens int) *shard {
	s := &shard{tokens: map[string]*token{}, max: maxTokens, away: map[string][]byte{}, back: map[string]bool{}, lost: map[int]bool{}}
	s.oldest.prev, s.oldest.next = &s.oldest, &s.oldest
	return s
}

// apply judges and learns from one observation.
func (s *shard) apply(e *Engine, o *Observation, events []anomaly.Event) []anomaly.Event {
	t := s.token(e, o.Token)
	s.use(t)
	t.dirty = true
	t.remember(o)
	today := int32(o.Time / day)
	switch {
	case !t.open || today > t.block.day:
		if t.open {
			events = s.end(e, t, events)
		}
		t.begin(today)
		s.tally.active++
	case today < t.block.day:
		s.stats.Late++
	}
	events = t.applyRules(o, events)
	t.observe(o, &e.population, &s.tally)
	s.stats.Learned++
	if !t.mature() || t.block.alerted {
		return events
	}
	x := t.nats()
	f, found, settling := t.judge(&x, &e.population.limits, &e.disabled)
	if found {
		t.block.tipped = nil
		return append(events, t.alert(o, f, &x))
	}
	if settling {
		if t.block.tipped == nil {
			s.settling = append(s.settling, t)
		}
		t.block.tipped = keep(o)
	}
	return events
}

// alert raises the block's one statistical event.
func (t *token) alert(o *Observation, f finding, x *[facetCount]float64) anomaly.Event {
	t.block.alerted, t.block.alertOf = true, uint8(f.detector)
	t.alertDay, t.hasAlert = t.block.day, true
	return t.explain(o, f, x)
}

// settle raises the event of a block that is over, if as a whole it is worth one.
func (s *shard) settle(e *Engine, t *token, x *[facetCount]float64, events []anomaly.Event) []anomaly.Event {
	b := &t.block
	if b.tipped == nil || b.alerted || !t.mature() {
		return events
	}
	if f, found := t.settle(x, &e.population.limits, &e.disabled); found {
		events = append(events, t.alert(b.tipped, f, x))
	}
	b.tipped = nil
	return events
}

// settleBefore raises the events of blocks of days before today.
func (s *shard) settleBefore(e *Engine, today int32, events []anomaly.Event) []anomaly.Event {
	rest := s.settling[:0]
	for _, t := range s.settling {
		switch {
		case t.block.tipped == nil || s.tokens[t.id] != t:
		case t.block.day >= today:
			rest = append(rest, t)
		default:
			events = s.settleOne(e, t, events)
		}
	}
	clear(s.settling[len(rest):])
	s.settling = rest
	return events
}

// settleOne forgets a token on which judging panics.
func (s *shard) settleOne(e *Engine, t *token, events []anomaly.Event) (out []anomaly.Event) {
	defer func() {
		if fault := recover(); fault != nil {
			out = events
			s.lose(t.id, fault, debug.Stack())
		}
	}()
	x := t.nats()
	t.dirty = true
	return s.settle(e, t, &x, events)
}

// keep copies an observation that outlives its batch.
func keep(o *Observation) *Observation {
	c := *o
	for _, s := range [...]*string{
		&c.Token, &c.Hint, &c.Type, &c.Registry, &c.OwnerID, &c.OwnerName, &c.OwnerTeam, &c.Service, &c.Version, &c.Environment,
		&c.Method, &c.Route, &c.Path, &c.Country, &c.Network, &c.Client,
	} {
		*s = intern(*s)
	}
	c.Violations = nil
	return &c
}

// end closes a token's block and lets it calibrate the thresholds, unless the token had an alert lately.
func (s *shard) end(e *Engine, t *token, events []anomaly.Event) []anomaly.Event {
	x := t.nats()
	events = s.settle(e, t, &x, events)
	b := &t.block
	if t.mature() && (b.alerted || !t.hasAlert || b.day-t.alertDay > quietDays) {
		s.tally.calib.days++
		if b.alerted {
			s.tally.calib.addAlert(int(b.alertOf), float64(b.worst[b.alertOf]))
		}
		for d := range detectors {
			if !b.alerted {
				s.tally.calib.add(d, float64(t.evidence[d]), float64(b.worst[d]), t.evidence[d].With(t.evidenceIn(d, &x)))
			}
		}
	}
	t.end(&x)
	return events
}

// use moves a token to the young end of the list.
func (s *shard) use(t *token) {
	if t.prev != nil {
		t.prev.next, t.next.prev = t.next, t.prev
	}
	s.link(t)
	s.clock++
	t.used = s.clock
}

func (s *shard) link(t *token) {
	last := s.oldest.prev
	t.prev, t.next = last, &s.oldest
	last.next, s.oldest.prev = t, t
}

// token returns the state of a token: from memory, from storage, or fresh; at the limit the least recently used one leaves memory.
func (s *shard) token(e *Engine, id string) *token {
	if t := s.tokens[id]; t != nil {
		return t
	}
	t := s.recall(e, id)
	if t == nil {
		t = &token{id: intern(id)}
	}
	if len(s.tokens) >= s.max {
		s.evict(s.oldest.next, e.cfg.Load != nil)
	}
	s.tokens[t.id] = t
	return t
}

// evict takes a token out of memory; where there is nothing to load it from again, its baseline is lost.
func (s *shard) evict(t *token, loadable bool) {
	t.prev.next, t.next.prev = t.next, t.prev
	delete(s.tokens, t.id)
	s.stats.Evicted++
	if loadable {
		s.away[t.id] = encodeToken(t)
		delete(s.back, t.id)
	}
}

// recall brings an evicted token back.
func (s *shard) recall(e *Engine, id string) *token {
	state, ok := s.away[id]
	if !ok && e.cfg.Load != nil && (e.hasEvicted || s.stats.Evicted > 0) {
		if state, _ = e.cfg.Load(evictedKey(id)); state != nil {
			s.back[id] = true
		}
	}
	if state == nil {
		return nil
	}
	delete(s.away, id)
	t, err := decodeToken(state)
	if err != nil {
		s.stats.Unreadable++
		return nil
	}
	s.stats.Recalled++
	if t.block.tipped != nil {
		s.settling = append(s.settling, t)
	}
	return t
}

// lose forgets a token whose state a panic may have left half changed.
func (s *shard) lose(id string, fault any, stack []byte) {
	s.stats.Panics++
	s.stats.Fault = fmt.Sprintf("%v\n%s", fault, stack)
	if t := s.tokens[id]; t != nil {
		if t.prev != nil {
			t.prev.next, t.next.prev = t.next, t.prev
		}
		delete(s.tokens, id)
		s.lost[pageOf(id)] = true
	}
}
