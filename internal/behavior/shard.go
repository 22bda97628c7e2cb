package behavior

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/anomaly"
)

// shard holds the tokens whose ids hash to it. Shards share nothing but the population, which does not change under them.
type shard struct {
	memory
	place      int // among the shards
	stats      Stats
	max        int
	clock      uint64            // counts uses
	dawns      [2]uint64         // the clock when the day that ended last began, and when it ended
	telling    *token            // of which is told
	away       map[string][]byte // evicted since the last snapshot
	back       map[string]bool   // returned from storage since then
	wordsSaved int               // words that the storage has
	lost       []string          // were dropped since then
	forgotten  []string          // were to be forgotten since then

	settling []uint32 // numbers of tokens whose open block would raise an event if it ended now
	advised  map[string]*advised
	unsaid   []string // tokens that left advised since the last snapshot
}

// numbered is an event and the place of its observation in the batch, by which the shards' events are merged.
type numbered struct {
	at    int
	event anomaly.Event
	of    self
}

func newShard(place, maxTokens, mostLives int) *shard {
	return &shard{
		place: place, memory: newMemory(maxTokens, mostLives), max: maxTokens,
		away: map[string][]byte{}, back: map[string]bool{}, advised: map[string]*advised{},
	}
}

// apply judges and learns from one observation.
func (s *shard) apply(e *Engine, o *Observation, events []anomaly.Event) []anomaly.Event {
	if o.Cost > 0 {
		return s.charge(e, o, events)
	}
	n := s.number(e, o)
	t := s.use(n)
	s.slots[n].dirty = true
	s.clock++
	t.used = s.clock
	t.remember(o)
	today := int32(o.Time / day)
	switch {
	case !t.open || today > t.block.day:
		if t.open {
			events = s.end(e, t, events)
		}
		t.begin(today, o.Tenant)
		s.tally(e.populationOf(t.tenant)).active++
		if t.hidden {
			s.stats.Hidden++
		}
	case today < t.block.day:
		s.stats.Late++
	}
	events = t.applyRules(o, events)
	if e.watchlist.count > 0 {
		events = e.watchlist.prove(t, o, events)
	}
	p := e.populationOf(t.tenant)
	s.askOn()
	t.observe(o, p, s.tally(p))
	s.askOn()
	if t.block.signs && !e.cfg.Disabled[anomaly.PopulationShift] {
		events = append(events, t.signal(o))
	}
	s.stats.Learned++
	if !t.block.look {
		return events
	}
	return s.judge(e, n, t, o, events)
}

// judge raises an event if the open block is worth one.
func (s *shard) judge(e *Engine, n uint32, t *token, o *Observation, events []anomaly.Event) []anomaly.Event {
	if !t.mature() || t.block.alerted {
		return events
	}
	limits := &e.populationOf(t.tenant).limits
	x := t.nats()
	now, waits := x, t.growing()
	if waits {
		bound(&now, closingHours[:])
	}
	f, found, settling := t.judge(&now, limits, &e.disabled)
	if waits && !settling {
		_, settling = t.settle(&x, limits, &e.disabled)
	}
	if found {
		t.block.tipped = nil
		return append(events, t.alert(e, o, f, &x))
	}
	if settling {
		if t.block.tipped == nil {
			s.settling = append(s.settling, n)
		}
		t.block.tipped = keep(o)
	}
	return events
}

// alert raises the block's one statistical event.
func (t *token) alert(e *Engine, o *Observation, f finding, x *[facetCount]float64) anomaly.Event {
	t.block.alerted, t.block.alertOf = true, uint8(f.detector)
	t.alertDay, t.hasAlert = t.block.day, true
	t.openIncident()
	return t.explain(o, f, x, &e.cfg, &e.populationOf(t.tenant).peers.owners)
}

// settleBlock raises the event of a block that is over, if as a whole it is worth one.
func (t *token) settleBlock(e *Engine, x *[facetCount]float64, events []anomaly.Event) []anomaly.Event {
	b := &t.block
	if b.tipped == nil || b.alerted || !t.mature() {
		return events
	}
	if f, found := t.settle(x, &e.populationOf(t.tenant).limits, &e.disabled); found {
		events = append(events, t.alert(e, b.tipped, f, x))
	}
	b.tipped = nil
	return events
}

// settleBefore raises the events of blocks of days before today.
func (s *shard) settleBefore(e *Engine, today int32, events []anomaly.Event) []anomaly.Event {
	rest := s.settling[:0]
	for _, n := range s.settling {
		if s.slots[n] == (slot{}) {
			continue // it has left
		}
		t := s.borrow(n)
		switch {
		case t == nil || t.block.tipped == nil:
		case t.block.day >= today:
			rest = append(rest, n)
		default:
			events = s.settleOne(e, n, t, events)
		}
	}
	s.settling = rest
	return events
}

// settleOne forgets a token on which judging panics.
func (s *shard) settleOne(e *Engine, n uint32, t *token, events []anomaly.Event) (out []anomaly.Event) {
	defer func() {
		if fault := recover(); fault != nil {
			out = events
			s.lose(n, t.id, fault, debug.Stack())
		}
	}()
	x := t.nats()
	events = t.settleBlock(e, &x, events)
	s.slots[n].dirty = true
	s.giveBack(n, t)
	return events
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
	events = t.settleBlock(e, &x, events)
	b := &t.block
	frozen := t.frozen()
	if p := e.populationOf(t.tenant); t.mature() && !b.alerted && !frozen {
		p.peers.owners.note(s.tally(p), t)
	}
	if t.mature() && (b.alerted || !t.hasAlert || b.day-t.alertDay > quietDays) {
		calib := &s.tally(e.populationOf(t.tenant)).calib
		calib.days++
		if b.alerted {
			calib.addAlert(int(b.alertOf), float64(b.worst[b.alertOf]))
		}
		for d := range detectors {
			if !b.alerted {
				calib.add(d, float64(t.evidence[d])-t.past.toll(d), float64(b.worst[d]), t.score(d, &x))
			}
		}
	}
	t.end(&x, frozen)
	return events
}

// tally is where the shard notes what its tokens add to tomorrow's population.
func (s *shard) tally(p *population) *tally { return &p.tallies[s.place] }

// number finds a token: in memory, in storage, or fresh; at the limit the least recently used one leaves memory.
func (s *shard) number(e *Engine, o *Observation) uint32 {
	if n := s.find(o.Token, o.hash); n != 0 {
		return n
	}
	pack := s.recall(e, o.Token)
	if s.count >= s.max {
		s.evict(s.slots[0].next, e.cfg.Load != nil)
	}
	n := s.enter(o.hash)
	if pack != nil {
		s.write(n, pack)
	}
	s.link(n)
	t := s.use(n)
	if pack == nil {
		t.id = strings.Clone(o.Token)
	}
	if t.block.tipped != nil {
		s.settling = append(s.settling, n)
	}
	return n
}

// evict takes a token out of memory; where there is nothing to load it from again, its baseline is lost.
func (s *shard) evict(n uint32, loadable bool) {
	s.stats.Evicted++
	if loadable {
		pack := slices.Clone(s.packed(n))
		id := string(idOf(pack))
		s.away[id] = pack
		delete(s.back, id)
	}
	s.leave(n)
}

// recall brings an evicted token back; nil if there is none.
func (s *shard) recall(e *Engine, id string) []byte {
	if pack, ok := s.away[id]; ok {
		delete(s.away, id)
		s.stats.Recalled++
		return pack
	}
	if e.cfg.Load == nil || !e.hasEvicted && s.stats.Evicted == 0 {
		return nil
	}
	state, _ := e.cfg.Load(evictedKey(id))
	if state == nil {
		return nil
	}
	s.back[id] = true
	pack, err := s.repack(state)
	if err != nil {
		s.stats.Unreadable++
		return nil
	}
	s.stats.Recalled++
	return pack
}

// lose forgets a token whose state a panic may have left half changed.
func (s *shard) lose(n uint32, id string, fault any, stack []byte) {
	s.stats.Panics++
	s.stats.Fault = fmt.Sprintf("%v\n%s", fault, stack)
	if n != 0 {
		s.leave(n)
		s.lost = append(s.lost, id)
	}
	s.unadvise(id)
}
