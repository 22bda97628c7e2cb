package behavior

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// Record is one piece of state under its key; a nil Value deletes it.
type Record struct {
	Key   string
	Value []byte
}

// Tokens are kept in pages by the hash of their id, so that a snapshot writes only pages in which something changed and a storage
// that cannot list its keys is enough.
const pageCount = 1024

const (
	populationKey = "population"
	routesKey     = "routes"
)

func pageKey(page int) string        { return fmt.Sprintf("page/%03x", page) }
func evictedKey(token string) string { return "token/" + token }

// Snapshot returns the records that changed since the last call. They belong together: write all or none.
func (e *Engine) Snapshot() []Record {
	for _, s := range e.shards[1:] {
		e.shards[0].tally.merge(&s.tally)
	}
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	w.Uint(flags(e.evicted()))
	w.Int(int64(e.ahead.day))
	w.Uint(uint64(e.ahead.seen))
	e.population.put(w)
	e.shards[0].tally.put(w)
	e.crowd.put(w)
	records := []Record{{populationKey, w.Bytes}}
	records = e.routes(records)

	var pages [pageCount]bool
	for _, s := range e.shards {
		for t := s.oldest.next; t != &s.oldest; t = t.next {
			pages[pageOf(t.id)] = pages[pageOf(t.id)] || t.dirty
		}
		for id, state := range s.away {
			pages[pageOf(id)] = true
			records = append(records, Record{evictedKey(id), state})
		}
		for id := range s.back {
			records = append(records, Record{evictedKey(id), nil})
		}
		for page := range s.lost {
			pages[page] = true
		}
		clear(s.lost)
		clear(s.away)
		clear(s.back)
	}
	return e.pages(records, &pages)
}

func (e *Engine) pages(records []Record, dirty *[pageCount]bool) []Record {
	var writers [pageCount]*baseline.Writer
	for page, is := range dirty {
		if is {
			writers[page] = &baseline.Writer{}
			writers[page].Uint(stateVersion)
		}
	}
	for _, s := range e.shards {
		for t := s.oldest.next; t != &s.oldest; t = t.next {
			if w := writers[pageOf(t.id)]; w != nil {
				w.Bytes = append(w.Bytes, 1)
				t.put(w)
				t.dirty = false
			}
		}
	}
	for page, w := range writers {
		if w != nil {
			records = append(records, Record{pageKey(page), append(w.Bytes, 0)})
		}
	}
	return records
}

func (e *Engine) routes(records []Record) []Record {
	if e.cfg.Routes == nil {
		return records
	}
	state, err := e.cfg.Routes.AppendBinary(nil)
	if err != nil || bytes.Equal(state, e.routesSaved) {
		return records
	}
	e.routesSaved = state
	return append(records, Record{routesKey, state})
}

// Restore reads what snapshots wrote; get returns nil for a key that is not there. The engine must be new. A page that cannot be read
// is an error: the state was written by another version, or damaged.
func (e *Engine) Restore(get func(key string) ([]byte, error)) error {
	state, err := get(populationKey)
	if err != nil || state == nil {
		return err
	}
	r := &baseline.Reader{Bytes: state}
	version, err := versionOf(r)
	if err != nil {
		return fmt.Errorf("%s: %w", populationKey, err)
	}
	setFlags(r.Uint(), &e.hasEvicted)
	e.ahead.day, e.ahead.seen = int32(r.Int()), int(r.Uint())
	e.population.get(r, version)
	e.shards[0].tally.get(r, version)
	if version >= 2 {
		e.crowd.get(r)
	}
	if r.Err != nil {
		return fmt.Errorf("%s: %w", populationKey, r.Err)
	}
	if e.cfg.Routes != nil {
		if e.routesSaved, err = get(routesKey); err == nil && e.routesSaved != nil {
			err = e.cfg.Routes.UnmarshalBinary(e.routesSaved)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", routesKey, err)
		}
	}
	for page := range pageCount {
		if err := e.restorePage(page, get); err != nil {
			return fmt.Errorf("%s: %w", pageKey(page), err)
		}
	}
	for _, s := range e.shards {
		s.adopt()
	}
	return nil
}

func (e *Engine) restorePage(page int, get func(key string) ([]byte, error)) error {
	state, err := get(pageKey(page))
	if err != nil || state == nil {
		return err
	}
	r := &baseline.Reader{Bytes: state}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	for r.Uint() == 1 {
		t := &token{}
		t.get(r, version)
		if r.Err != nil {
			return r.Err
		}
		e.shards[shardOf(t.id)].tokens[t.id] = t
	}
	return r.Err
}

// adopt puts restored tokens in the order in which they were used.
func (s *shard) adopt() {
	order := make([]*token, 0, len(s.tokens))
	for _, t := range s.tokens {
		order = append(order, t)
	}
	slices.SortFunc(order, func(a, b *token) int { return cmp.Compare(a.used, b.used) })
	for _, t := range order {
		s.link(t)
		s.clock = t.used
		if t.block.tipped != nil {
			s.settling = append(s.settling, t)
		}
	}
}

func (e *Engine) evicted() bool {
	for _, s := range e.shards {
		e.hasEvicted = e.hasEvicted || s.stats.Evicted > 0
	}
	return e.hasEvicted
}

func pageOf(token string) int { return int(hash(token) % pageCount) }
