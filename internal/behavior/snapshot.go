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

// Tokens are kept in pages by the hash of their id, so that a storage that cannot list its keys is enough. A snapshot adds to each page
// what changed in it since the last one, and writes a page anew once as much was added as it held.
const pageCount = 1024

const (
	populationKey = "population"
	routesKey     = "routes"
	additionsKey  = "additions" // how often each page was added to
)

func pageKey(page int) string             { return fmt.Sprintf("page/%03x", page) }
func additionKey(page, number int) string { return fmt.Sprintf("page/%03x/%d", page, number) }
func wordsKey(shard int) string           { return fmt.Sprintf("words/%x", shard) }
func evictedKey(token string) string      { return "token/" + token }

// page is what the storage has of one.
type page struct {
	size      int // of what was written anew
	added     int // bytes since then
	additions int
	stale     bool // it holds what is to be forgotten
}

// mostAdditions is how often a page is added to at most before it is written anew.
const mostAdditions = 64

// What stands in a page.
const (
	pageEnds = iota
	pageToken
	pagePack // a packed token, after its length
	pageGone // the id of a token that the page holds no longer
)

// Snapshot returns the records that changed since the last call. They belong together: write all or none.
func (e *Engine) Snapshot() []Record {
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	w.Uint(flags(e.evicted()))
	w.Int(int64(e.ahead.day))
	w.Uint(uint64(e.ahead.seen))
	e.population.put(w)
	e.tenants.put(w)
	records := []Record{{populationKey, w.Bytes}}
	records = e.putOwners(e.watchlist.put(e.putAdvice(e.routes(records))))

	var pages [pageCount]*baseline.Writer
	for _, s := range e.shards {
		records = s.snapshotAway(records, &pages)
	}
	for _, s := range e.shards {
		for n := s.slots[0].next; n != 0; n = s.slots[n].next {
			if t := &s.slots[n]; t.dirty {
				putPack(&pages, pageOf(t.hash), s.packed(n))
				t.dirty = false
			}
		}
	}
	records = e.pages(records, &pages)
	for i, s := range e.shards {
		if s.words.Len() != s.wordsSaved {
			w := &baseline.Writer{}
			w.Uint(stateVersion)
			s.words.Put(w)
			s.wordsSaved = s.words.Len()
			records = append(records, Record{wordsKey(i), w.Bytes})
		}
	}
	return records
}

// snapshotAway notes what has left memory.
func (s *shard) snapshotAway(records []Record, pages *[pageCount]*baseline.Writer) []Record {
	for id, pack := range s.away {
		w := &baseline.Writer{}
		w.Uint(stateVersion)
		records = append(records, Record{evictedKey(id), append(w.Bytes, pack...)})
		putGone(pages, id)
	}
	for id := range s.back {
		records = append(records, Record{evictedKey(id), nil})
	}
	for _, id := range s.lost {
		putGone(pages, id)
	}
	for _, id := range s.forgotten {
		if s.away[id] == nil {
			records = append(records, Record{evictedKey(id), nil})
		}
	}
	clear(s.away)
	clear(s.back)
	s.lost, s.forgotten = s.lost[:0], s.forgotten[:0]
	return records
}

func writerOf(pages *[pageCount]*baseline.Writer, page int) *baseline.Writer {
	if pages[page] == nil {
		pages[page] = &baseline.Writer{}
		pages[page].Uint(stateVersion)
	}
	return pages[page]
}

func putPack(pages *[pageCount]*baseline.Writer, page int, pack []byte) {
	w := writerOf(pages, page)
	w.Uint(pagePack)
	w.Uint(uint64(len(pack)))
	w.Bytes = append(w.Bytes, pack...)
}

func putGone(pages *[pageCount]*baseline.Writer, id string) {
	w := writerOf(pages, pageOf(hash(id)))
	w.Uint(pageGone)
	w.String(id)
}

// pages writes what was added to pages, and those anew to which much was.
func (e *Engine) pages(records []Record, added *[pageCount]*baseline.Writer) []Record {
	var anew [pageCount]*baseline.Writer
	var any bool
	for i, w := range added {
		p := &e.saved[i]
		if w == nil && !p.stale {
			continue
		}
		if p.stale || p.added+len(w.Bytes) > p.size || p.additions == mostAdditions {
			any = true
			writerOf(&anew, i)
			for number := range p.additions {
				records = append(records, Record{additionKey(i, number), nil})
			}
			continue
		}
		records = append(records, Record{additionKey(i, p.additions), append(w.Bytes, pageEnds)})
		p.additions++
		p.added += len(w.Bytes)
	}
	if any {
		for _, s := range e.shards {
			for n := s.slots[0].next; n != 0; n = s.slots[n].next {
				if i := pageOf(s.slots[n].hash); anew[i] != nil {
					putPack(&anew, i, s.packed(n))
				}
			}
		}
	}
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	for i := range e.saved {
		p := &e.saved[i]
		if anew[i] != nil {
			*p = page{size: len(anew[i].Bytes)}
			records = append(records, Record{pageKey(i), append(anew[i].Bytes, pageEnds)})
		}
		w.Uint(uint64(p.additions))
	}
	return append(records, Record{additionsKey, w.Bytes})
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
	if version >= tenantsVersion {
		e.tenants.get(r, version)
	}
	if r.Err != nil {
		return fmt.Errorf("%s: %w", populationKey, r.Err)
	}
	e.tenants.beyond.limits = e.nominal()
	if e.cfg.Routes != nil {
		if e.routesSaved, err = get(routesKey); err == nil && e.routesSaved != nil {
			err = e.cfg.Routes.UnmarshalBinary(e.routesSaved)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", routesKey, err)
		}
	}
	if err := e.getOwners(get); err != nil {
		return err
	}
	if err := e.restoreWords(get); err != nil {
		return err
	}
	if err := e.restorePages(get); err != nil {
		return err
	}
	for _, s := range e.shards {
		s.adopt()
	}
	if err := e.watchlist.get(get); err != nil {
		return err
	}
	return e.getAdvice(get)
}

func (e *Engine) restoreWords(get func(key string) ([]byte, error)) error {
	for i, s := range e.shards {
		state, err := get(wordsKey(i))
		if err != nil {
			return fmt.Errorf("%s: %w", wordsKey(i), err)
		}
		if state == nil {
			continue
		}
		r := &baseline.Reader{Bytes: state}
		if _, err := versionOf(r); err != nil {
			return fmt.Errorf("%s: %w", wordsKey(i), err)
		}
		if s.words.Get(r); r.Err != nil {
			return fmt.Errorf("%s: %w", wordsKey(i), r.Err)
		}
		s.wordsSaved = s.words.Len()
	}
	return nil
}

// restorePages reads pages and what was added to them, in that order.
func (e *Engine) restorePages(get func(key string) ([]byte, error)) error {
	state, err := get(additionsKey)
	if err != nil {
		return fmt.Errorf("%s: %w", additionsKey, err)
	}
	r := &baseline.Reader{Bytes: state}
	if state != nil { // older versions never added
		if _, err := versionOf(r); err != nil {
			return fmt.Errorf("%s: %w", additionsKey, err)
		}
	}
	for i := range e.saved {
		p := &e.saved[i]
		if p.size, err = e.restorePage(pageKey(i), get); err != nil {
			return err
		}
		if state == nil {
			continue
		}
		p.additions = int(min(r.Uint(), mostAdditions))
		for number := range p.additions {
			size, err := e.restorePage(additionKey(i, number), get)
			if err != nil {
				return err
			}
			p.added += size
		}
	}
	if state != nil && r.Err != nil {
		return fmt.Errorf("%s: %w", additionsKey, r.Err)
	}
	return nil
}

func (e *Engine) restorePage(key string, get func(key string) ([]byte, error)) (size int, err error) {
	state, err := get(key)
	if err == nil && state != nil {
		err = e.readPage(state)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return len(state), nil
}

func (e *Engine) readPage(state []byte) error {
	r := &baseline.Reader{Bytes: state}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	for {
		switch kind := r.Uint(); {
		case kind == pageToken && r.Err == nil:
			t := &token{}
			if t.get(r, version); r.Err == nil {
				h := hash(t.id)
				s := e.shards[h%shardCount]
				s.restore(h, t.pack(nil, &s.words))
			}
		case kind == pagePack && r.Err == nil:
			if pack := r.Next(); r.Err == nil && packWhole(pack) {
				h := hash(string(idOf(pack)))
				s := e.shards[h%shardCount]
				if version < stateVersion {
					if pack, err = s.renew(&baseline.Reader{Bytes: pack, Words: &s.words}, version); err != nil {
						return err
					}
				}
				s.restore(h, pack)
			}
		case kind == pageGone && r.Err == nil:
			id := r.String()
			h := hash(id)
			s := e.shards[h%shardCount]
			if n := s.find(id, h); n != 0 {
				s.leave(n)
			}
		case kind != pageEnds && r.Err == nil:
			return baseline.ErrCorrupt
		default:
			return r.Err
		}
	}
}

// restore takes in a packed token.
func (s *shard) restore(hash uint32, pack []byte) {
	n := s.find(string(idOf(pack)), hash)
	if n == 0 {
		n = s.enter(hash)
		s.link(n)
	}
	s.write(n, pack)
}

// adopt puts restored tokens in the order in which they were used.
func (s *shard) adopt() {
	type use struct {
		n    uint32
		used uint64
	}
	order := make([]use, 0, s.count)
	for n := s.slots[0].next; n != 0; n = s.slots[n].next {
		used, tipped := usedOf(s.read(n))
		order = append(order, use{n, used})
		if tipped {
			s.settling = append(s.settling, n)
		}
	}
	slices.SortFunc(order, func(a, b use) int { return cmp.Compare(a.used, b.used) })
	for _, u := range order {
		s.unlink(u.n)
		s.link(u.n)
		s.clock = u.used
	}
}

func (e *Engine) evicted() bool {
	for _, s := range e.shards {
		e.hasEvicted = e.hasEvicted || s.stats.Evicted > 0
	}
	return e.hasEvicted
}

func pageOf(hash uint32) int { return int(hash % pageCount) }
