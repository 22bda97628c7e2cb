package behavior

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// advised is a token that people have said something of. From then on it leads two lives: one as if nothing had been said, which goes on
// to calibrate the thresholds, to be a peer and to be counted in crowds, and raises nothing but broken rules; and this one, which heeds
// what was said, and whose events are told. So feedback about one token changes nothing for any other. When all of it has ended, the
// first life is the only one again.
type advised struct {
	life    *token
	said    opinions
	nowhere tally // takes what would go to the peers
	dirty   bool  // changed since the last snapshot
}

// self says which of a token's lives raised an event.
type self uint8

const (
	single  self = iota // there is no other
	unheard             // as if nothing had been said
	heeding
)

var (
	errUnknown = errors.New("api_token.id: this token has no baseline yet, there is nothing to adjust")
	errCrowded = errors.New("too many tokens have feedback in force: raise limits::max_feedback")
)

// Advise takes feedback in. It holds for requests that are applied afterwards, until it ends, for its token alone. An error says why it
// was refused.
func (e *Engine) Advise(f Feedback) error {
	o, err := f.opinion()
	if err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	id := keyOf(f.Token, f.Outbound)
	s := e.shards[shardOf(id)]
	a := s.advised[id]
	if a == nil {
		if e.advised() >= e.cfg.Limits.MaxFeedback {
			return fmt.Errorf("feedback: %w (%d)", errCrowded, e.cfg.Limits.MaxFeedback)
		}
		t := s.look(e, id)
		if t == nil {
			return fmt.Errorf("feedback: %w", errUnknown)
		}
		a = &advised{life: t}
		s.advised[t.id] = a
	}
	if a.take(o) {
		s.stats.Displaced++
	}
	return nil
}

// advised is how many tokens have feedback in force.
func (e *Engine) advised() (n int) {
	for _, s := range e.shards {
		n += len(s.advised)
	}
	return n
}

// look returns a copy of a token, wherever it is kept, nil if it is nowhere.
func (s *shard) look(e *Engine, id string) *token {
	pack := s.away[id]
	if n := s.find(id, hash(id)); n != 0 {
		pack = s.packed(n)
	} else if pack == nil && e.cfg.Load != nil {
		if state, _ := e.cfg.Load(evictedKey(id)); state != nil {
			pack, _ = s.repack(state)
		}
	}
	t := &token{}
	if pack == nil || t.unpack(slices.Clone(pack), &s.words) != nil {
		return nil
	}
	return t
}

// take lets the life heed an opinion.
func (a *advised) take(o opinion) (displaced bool) {
	a.dirty = true
	t := a.life
	switch {
	case o.verdict == Benign && o.facet == facetCount: // the evidence was for nothing, and what is new is the token's own
		t.evidence, t.suspect, t.block.tipped = [detectorCount]baseline.Cusum{}, nil, nil
		t.closeIncident()
	case o.verdict == Benign:
		if o.value != "" {
			t.block.bets[o.facet], t.block.peaks[o.facet] = baseline.Bet{}, 0
		}
		t.closeIncident()
	case o.value != "":
		t.unlearn(o)
	}
	if o.verdict == Malicious { // what it came to was no false alert
		t.past = past{}
	}
	t.block.pricedOn = 0
	return a.said.add(o)
}

// unlearn takes a thief's value out of the token's normal life.
func (t *token) unlearn(o opinion) {
	switch o.facet {
	case country:
		t.countries.Forget(o.value)
	case network:
		t.networks.Forget(o.value)
	case client:
		t.clients.Forget(o.value)
	case service:
		t.services.Forget(o.value)
	case endpoint:
		for i := range t.endpoints {
			t.endpoints[i].routes.Forget(o.at)
		}
	}
}

// frozen says whether the life learns nothing today: a thief is known to be at work, or an incident is open.
func (a *advised) frozen() bool {
	for i := range a.said {
		if o := &a.said[i]; o.verdict == Malicious && o.facet == facetCount && a.life.last < o.until {
			return true
		}
	}
	return a.life.frozen()
}

// vouchedFor says whether what speaks against the token today has raised its event, and the event was benign as a whole.
func (a *advised) vouchedFor() bool {
	return a.life.block.alerted && !a.frozen() && slices.ContainsFunc(a.said, func(o opinion) bool {
		return o.verdict == Benign && o.facet == facetCount && a.life.last < o.until
	})
}

// price sets the prices of the request's values of which something was said, before they are bet on.
func (a *advised) price(o *Observation, p *Peers, today int32) {
	t, b := a.life, &a.life.block
	b.expire(today)
	if !o.Outbound {
		a.priceCommon(ofCountry, o.Country, o.Time, p)
		a.priceOf(network, o.Network, o.Time, rareNetwork, t.networks.P(o.Network, rareNetwork), 1)
		a.priceCommon(ofClient, o.Client, o.Time, p)
	}
	a.priceCommon(ofService, o.Service, o.Time, p)

	at := Endpoint{o.Method, o.Route}
	if say := a.said.ofEndpoint(at, o.Time); say != nothing {
		_, e := b.seeEndpoint(o.Service, at)
		e.n = max(1, e.n) - 1
		g := p.endpoint(o.Service, at)
		own := t.endpointP(o.Service, at, g)
		e.price = say.price(endpoint, g, own, t.suspect.endpoint(o.Service, at, g))
		e.on, e.version, e.explained = int32(o.Time/day), o.Version, say == innocent
	}
	bin := hourBin(o)
	if say := a.said.ofHour(bin, o.Time); say != nothing {
		g := p.hours[bin]
		flat := (g + 1.0/48) / 2
		b.hour = hourPrice{say.price(hour, flat, t.hours.P(bin, g), t.suspect.hour(bin, flat)), uint8(bin)}
	}
}

// priceCommon sets the price of a value that peers use too.
func (a *advised) priceCommon(of common, value string, now int64, p *Peers) {
	q, own, suspect := a.life.odds(of, value, p)
	a.priceOf(commons[of].facet, value, now, q, own, suspect)
}

// priceOf sets the price of a value of a facet.
func (a *advised) priceOf(f Facet, value string, now int64, q, own, suspect float64) {
	say := a.said.of(f, value, now)
	if say == nothing || value == "" {
		return
	}
	_, c := a.life.block.see(f, value)
	c.n = max(1, c.n) - 1 // it is counted when it is bet on
	c.price = say.price(f, q, own, suspect)
}

// price is that of a bet after what is said.
func (s say) price(f Facet, q, own, suspect float64) price {
	return priceOf(f, s.q(q, own), own, s.q(suspect, own))
}

// nats are those of the open block, with what was said of whole facets.
func (a *advised) nats() [facetCount]float64 {
	x := a.life.nats()
	a.said.mask(&x, a.life.last)
	return x
}

// apply judges and learns from a request, as shard.apply does, and leaves thresholds, peers and rules to the other life.
func (a *advised) apply(e *Engine, o *Observation) (events []anomaly.Event) {
	a.dirty = true
	t := a.life
	if o.Cost > 0 {
		if t.charge(o) {
			events = a.judge(e, o, events)
		}
		return events
	}
	t.remember(o)
	if today := int32(o.Time / day); !t.open || today > t.block.day {
		if t.open {
			events = a.end(e, events)
		}
		t.begin(today, o.Tenant)
		a.nowhere = tally{}
	}
	p := e.populationOf(t.tenant)
	a.price(o, p.peers, p.day)
	t.observe(o, p, &a.nowhere)
	return a.judge(e, o, events)
}

// judge raises an event if the life's open block is worth one.
func (a *advised) judge(e *Engine, o *Observation, events []anomaly.Event) []anomaly.Event {
	t := a.life
	if !t.mature() || t.block.alerted {
		return events
	}
	x := a.nats()
	f, found, settling := t.judge(&x, &e.populationOf(t.tenant).limits, &e.disabled)
	switch {
	case found:
		t.block.tipped = nil
		events = append(events, t.alert(e, o, f, &x))
	case settling:
		t.block.tipped = keep(o)
	}
	return events
}

// end closes the life's block.
func (a *advised) end(e *Engine, events []anomaly.Event) []anomaly.Event {
	x := a.nats()
	events = a.life.settleBlock(e, &x, events)
	a.life.end(&x, a.frozen())
	for i := range a.said {
		if o := &a.said[i]; o.verdict == Malicious && o.value != "" {
			a.life.unlearn(*o)
		}
	}
	return events
}

// settleAdvised raises the events of days before today of tokens that people have said something of, and lets go of those of whom
// nothing holds any longer.
func (s *shard) settleAdvised(e *Engine, today int32, events []anomaly.Event) []anomaly.Event {
	for _, id := range slices.Sorted(maps.Keys(s.advised)) {
		a := s.advised[id]
		if a.life.block.tipped != nil && a.life.block.day < today {
			a.dirty = true
			x := a.nats()
			events = a.life.settleBlock(e, &x, events)
		}
		before := len(a.said)
		if a.said.expire(int64(today) * day); len(a.said) == 0 {
			s.unadvise(id)
		} else if len(a.said) < before {
			a.dirty = true
		}
	}
	return events
}

// unadvise ends the life that heeds what was said.
func (s *shard) unadvise(id string) {
	if s.advised[id] != nil {
		delete(s.advised, id)
		s.unsaid = append(s.unsaid, id)
	}
}

// self is which of a token's lives the shard's own state of it is.
func (s *shard) self(id string) self {
	if len(s.advised) > 0 && s.advised[id] != nil {
		return unheard
	}
	return single
}
