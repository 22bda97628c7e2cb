package behavior

import (
	"slices"
	"sync"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// Forget lets go of tokens, in both directions, as if they had never been seen, and of words that tell of them: whose they were. What all
// tokens of a tenant add up to stays, since it tells of nobody. The next Snapshot writes anew whatever held them.
func (e *Engine) Forget(tokens, words []string) {
	gone := make(map[string]bool, len(tokens))
	for _, token := range tokens {
		gone[token] = true
		delete(e.directions.marked, token)
		for _, outbound := range [...]bool{false, true} {
			id := keyOf(token, outbound)
			e.shards[shardOf(id)].forget(id)
			e.watchlist.keep(id, func(*watch) bool { return false })
			e.saved[pageOf(hash(id))].stale = true
		}
	}
	hashes := make(map[uint32]bool, 2*len(gone))
	for token := range gone {
		hashes[hash(keyOf(token, false))], hashes[hash(keyOf(token, true))] = true, true
	}
	e.population.peers.owners.stale = true // the storage may know owners of tenants that have made room
	for p := range e.populations() {
		p.crowd.forget(gone)
		p.peers.owners.forget(hashes, words)
		for s := range p.tallies {
			p.tallies[s].forgetNotes(hashes, words)
		}
	}
	e.ownersFull()
	if len(words) == 0 {
		return
	}
	var group sync.WaitGroup
	room := make(chan struct{}, max(1, e.cfg.Shards))
	stale := make([][]uint32, len(e.shards)) // hashes of tokens whose pages change
	for i, s := range e.shards {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			stale[i] = s.forgetWords(words)
		})
	}
	group.Wait()
	for _, hashes := range stale {
		for _, h := range hashes {
			e.saved[pageOf(h)].stale = true
		}
	}
}

func (s *shard) forget(id string) {
	if n := s.find(id, hash(id)); n != 0 {
		s.leave(n)
	}
	s.unadvise(id)
	delete(s.away, id)
	delete(s.back, id)
	s.lost = slices.DeleteFunc(s.lost, func(one string) bool { return one == id })
	s.forgotten = append(s.forgotten, id)
}

// forgetWords takes words out of what other tokens say of their owners, and out of the shard's words unless they stand there for something
// else as well: an owner may be called as a service is. It returns the hashes of the tokens that it changed.
func (s *shard) forgetWords(words []string) (changed []uint32) {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !s.words.Has(word) })
	if len(words) == 0 {
		return nil
	}
	var (
		used baseline.Words
		pack []byte
		t    token
	)
	for n := s.slots[0].next; n != 0; n = s.slots[n].next {
		if t.unpack(s.packed(n), &s.words) != nil {
			continue
		}
		if t.about.disown(words) {
			if at := s.slots[n].live; at != 0 {
				s.live[at-1].about.disown(words)
			} else {
				s.pack(n, &t)
			}
			s.slots[n].dirty = true
			changed = append(changed, s.slots[n].hash)
		}
		pack = t.pack(pack, &used)
	}
	for _, a := range s.advised {
		if a.life.about.disown(words) {
			a.dirty = true
		}
		pack = a.life.pack(pack, &used)
	}
	for _, word := range words {
		if !used.Has(word) && s.words.Forget(word) {
			s.wordsSaved = 0
		}
	}
	return changed
}

// disown takes out whose the token is, if that is one of some words.
func (a *about) disown(words []string) (changed bool) {
	for _, text := range [...]*string{&a.ownerID, &a.ownerName} {
		if *text != "" && slices.Contains(words, *text) {
			*text, changed = "", true
		}
	}
	return changed
}

// forget takes tokens out of the lists of who did what, and what the first of them did out of what is told of all.
func (c *crowd) forget(gone map[string]bool) {
	for _, g := range c.causes {
		if len(g.tokens) > 0 && gone[g.tokens[0]] {
			e := &g.first
			g.first = anomaly.Event{
				Time: e.Time, Score: e.Score, Limit: e.Limit, Severity: e.Severity, Action: e.Action, Detector: e.Detector,
				Token: anomaly.Token{Tenant: e.Token.Tenant}, Trigger: anomaly.Trigger{Service: e.Trigger.Service},
			}
		}
		g.tokens = slices.DeleteFunc(g.tokens, func(token string) bool { return gone[token] })
	}
}
