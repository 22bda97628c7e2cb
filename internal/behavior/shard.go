package behavior

import (
	"fmt"

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
			s.end(t)
		}
		t.begin(today)
		s.tally.active++
	case today < t.block.day:
		s.stats.Late++
	}
	events = t.applyRules(o, events)
	s.note(t, o)
	t.observe(o, e.population.peers)
	s.stats.Learned++
	if !t.mature() || t.block.alerted {
		return events
	}
	x := t.nats()
	if f, found := t.judge(&x, &e.population.limits, &e.disabled); found {
		t.block.alerted = true
		t.alertDay, t.hasAlert = t.block.day, true
		events = append(events, t.explain(o, f, &x))
	}
	return events
}

// end closes a token's block and lets it calibrate the thresholds, unless the token had an alert lately.
func (s *shard) end(t *token) {
	x := t.nats()
	b := &t.block
	if t.mature() && (b.alerted || !t.hasAlert || b.day-t.alertDay > quietDays) {
		s.tally.calib.days++
		for d := range detectors {
			if !b.alerted {
				s.tally.calib.add(d, float64(t.evidence[d]), float64(b.worst[d]))
			}
		}
	}
	t.end(&x)
}

// note adds what the token does for the first time today to the peers of tomorrow.
func (s *shard) note(t *token, o *Observation) {
	b, tl := &t.block, &s.tally
	if !o.Outbound {
		if o.Country != "" && !b.has(country, o.Country) {
			tl.country.add(o.Country, 1)
		}
		if o.Client != "" && !b.has(client, o.Client) {
			tl.client.add(o.Client, 1)
		}
	}
	if !b.has(service, o.Service) {
		tl.service.add(o.Service, 1)
	}
	if at := (Endpoint{o.Method, o.Route}); !b.hasEndpoint(o.Service, at) {
		tl.endpoint(o.Service, at)
	}
	if bin := hourBin(o); b.hours[bin] == 0 {
		tl.hours[bin]++
	}
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
