package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// erasure is what is to go.
type erasure struct {
	store.Erasure
	tokens   map[string]bool
	subjects map[uint32]bool
	routes   map[uint32]bool // keys of RouteDurations that only they used
	services map[uint32]bool // keys of Coverage
	keys     map[uint32]bool // that nothing is left of: what only they called, used or came from
	words    []string        // that tell of them beside their ids
	redactor *redactor
	erased   store.Erased
	secret   []byte           // that references are keyed with
	graves   map[string]int64 // keyed references, and since when nothing older is taken of whom they mean
}

// Erase takes all that is known of some tokens out of every file, and leaves an entry in the journal that says so. What writes waits for it.
// Where it fails half way, it is to be asked again.
func (s *Store) Erase(ctx context.Context, what store.Erasure) (store.Erased, error) {
	asked := 0
	for _, is := range []bool{len(what.Tokens) > 0, what.Owner != "", what.Environment != ""} {
		if is {
			asked++
		}
	}
	if asked != 1 {
		return store.Erased{}, errors.New("an erasure is of tokens, of an owner, or of an environment: of one of these")
	}
	s.sealing.Lock()
	defer s.sealing.Unlock()
	s.gate.Lock()
	defer s.gate.Unlock()
	// What is in memory only would be in the files again a moment later.
	if err := s.sealAll(ctx); err != nil {
		return store.Erased{}, err
	}
	s.writing.Lock()
	err := s.saveTokens(ctx)
	s.writing.Unlock()
	if err != nil {
		return store.Erased{}, err
	}
	e := s.erasure(what)
	if err := s.onlyTheirs(ctx, e); err != nil {
		return store.Erased{}, err
	}
	if err := s.eraseFacts(ctx, e); err != nil {
		return store.Erased{}, err
	}
	if err := s.findUnused(ctx, e); err != nil {
		return store.Erased{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.transact(ctx, func(tx *sql.Tx) error { return s.eraseRows(tx, e) }); err != nil {
		return store.Erased{}, err
	}
	s.eraseMemory(e)
	s.tombs.secret = e.secret
	s.tombs.put(e.graves)
	s.appended.now()
	s.changed.notify()
	// The old bytes are still in free pages and in the log.
	if err := s.compact(); err != nil {
		return store.Erased{}, full(fmt.Errorf("it is erased, but bytes of it may be left in the database's free pages: erase again: %w", err))
	}
	return e.erased, nil
}

// compact leaves nothing in the database's files but what is in its tables. The caller holds writing.
func (s *Store) compact() error {
	if err := s.checkpoint(); err != nil {
		return err
	}
	if _, err := s.db.Exec("VACUUM"); err != nil {
		return err
	}
	return s.checkpoint()
}

// checkpoint empties the log. It waits for who reads.
func (s *Store) checkpoint() error {
	var busy, log, done int
	if err := s.db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody was reading all the time")
	}
	return nil
}

func (s *Store) sealAll(ctx context.Context) error {
	for l := range levels {
		s.mu.RLock()
		ids := slices.Sorted(maps.Keys(s.buckets[l]))
		s.mu.RUnlock()
		for _, id := range ids {
			if err := s.seal(ctx, where{l, id}); err != nil {
				return err
			}
		}
	}
	return nil
}

// erasure finds the tokens and subjects that are meant, and the words that tell of them.
func (s *Store) erasure(what store.Erasure) *erasure {
	e := &erasure{Erasure: what, tokens: map[string]bool{}, subjects: map[uint32]bool{}}
	for _, id := range what.Tokens {
		e.tokens[id] = true
	}
	terms := map[string]bool{what.Owner: true}
	s.mu.RLock()
	for id, r := range s.tokens {
		if what.Owner != "" && r.OwnerID == what.Owner {
			e.tokens[id] = true
			terms[r.OwnerName] = true
		}
		if what.Environment != "" && r.Environment == what.Environment {
			e.tokens[id] = true
		}
		if e.tokens[id] {
			terms[r.Hint], terms[r.RegistryID] = true, true
		}
	}
	for id, r := range s.tokens {
		if !e.tokens[id] { // what somebody else has as well tells of nobody
			for _, word := range [...]string{r.Hint, r.RegistryID, r.OwnerID, r.OwnerName} {
				delete(terms, word)
			}
		}
	}
	s.mu.RUnlock()
	delete(terms, "")
	e.words = slices.Sorted(maps.Keys(terms))
	for id := range e.tokens {
		terms[id] = true
	}
	subjects, _ := s.dictionary.view()
	for n, subject := range subjects {
		if subject.Token != "" && e.tokens[subject.Token] || what.Owner != "" && subject.Owner == what.Owner {
			e.subjects[uint32(n)] = true
		}
	}
	e.redactor = newRedactor(terms)
	e.erased.Tokens = slices.Sorted(maps.Keys(e.tokens))
	return e
}

// onlyTheirs finds the routes and services that nobody else used: what is counted of these without a token is theirs too.
func (s *Store) onlyTheirs(ctx context.Context, e *erasure) error {
	_, keys := s.dictionary.view()
	find := func(used, counted store.Kind) (map[uint32]bool, error) {
		theirs, others, count := map[string]bool{}, map[string]bool{}, map[uint32]bool{}
		err := s.eachRow(ctx, days, used, func(r row) {
			if e.subjects[r.subject] {
				theirs[keys[r.key].first] = true
			} else {
				others[keys[r.key].first] = true
			}
		})
		if err != nil {
			return nil, err
		}
		err = s.eachRow(ctx, days, counted, func(r row) {
			if name := keys[r.key].first; theirs[name] && !others[name] {
				count[r.key] = true
			}
		})
		return count, err
	}
	var err error
	if e.routes, err = find(store.Routes, store.RouteDurations); err != nil {
		return err
	}
	e.services, err = find(store.Releases, store.Coverage)
	return err
}

// findUnused finds the keys that no row has any more.
func (s *Store) findUnused(ctx context.Context, e *erasure) error {
	_, all := s.dictionary.view()
	e.keys = make(map[uint32]bool, len(all))
	for n, k := range all {
		if k != (key{}) {
			e.keys[uint32(n)] = true
		}
	}
	for l := range levels {
		for kind := store.Outcomes; kind <= store.Coverage; kind++ {
			if err := s.eachRow(ctx, l, kind, func(r row) { delete(e.keys, r.key) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachRow gives all rows of a kind that are in files of a level.
func (s *Store) eachRow(ctx context.Context, of level, kind store.Kind, yield func(row)) error {
	shots := s.snapshot([]stretch{{of, 0, 1 << 40}})
	defer shots[0].done()
	_, all := s.dictionary.view()
	keys := len(all)
	return shots[0].read(ctx, kind, &chosen{all: true}, func(part *section, _ int64) {
		for _, r := range part.rows {
			if int(r.key) < keys {
				yield(r)
			}
		}
	})
}

func (e *erasure) goes(kind uint8, r row) bool {
	switch store.Kind(kind) {
	case store.RouteDurations:
		return e.routes[r.key]
	case store.Coverage:
		return e.services[r.key]
	}
	return e.subjects[r.subject]
}

// eraseFacts writes the chunks anew that hold something of it.
func (s *Store) eraseFacts(ctx context.Context, e *erasure) error {
	order := slices.Sorted(maps.Keys(e.subjects))
	who := &chosen{order: order}
	for l := range levels {
		s.mu.RLock()
		ids := slices.Sorted(maps.Keys(s.buckets[l]))
		s.mu.RUnlock()
		for _, id := range ids {
			s.mu.RLock()
			chunks := s.buckets[l][id].chunks
			s.mu.RUnlock()
			for _, c := range chunks {
				if err := ctx.Err(); err != nil {
					return err
				}
				has, err := s.mayHold(c, e, who)
				if err == nil && has {
					var left int64
					left, err = s.rewrite(ctx, where{l, id}, []*chunk{c}, e.goes)
					e.erased.Facts += left
				}
				if err != nil {
					return fmt.Errorf("erasing from %s: %w", l.file(id, c.id), err)
				}
			}
		}
	}
	return nil
}

func (s *Store) mayHold(c *chunk, e *erasure, who *chosen) (bool, error) {
	r := &reader{}
	defer r.close()
	if err := r.open(c); err != nil {
		return false, s.damaged(c, err)
	}
	for _, p := range r.places {
		switch store.Kind(p.kind) {
		case store.RouteDurations:
			if len(e.routes) > 0 {
				return true, nil
			}
		case store.Coverage:
			if len(e.services) > 0 {
				return true, nil
			}
		default:
			if who.any(p.first, p.last) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (s *Store) eraseRows(tx *sql.Tx, e *erasure) error {
	for id := range e.tokens {
		for _, statement := range []string{"DELETE FROM tokens WHERE id = ?", "DELETE FROM baselines WHERE token = ?"} {
			if _, err := tx.Exec(statement, id); err != nil {
				return err
			}
		}
	}
	if err := s.dictionary.delete(tx, e.subjects, e.keys); err != nil {
		return err
	}
	if err := s.eraseEvents(tx, e); err != nil {
		return err
	}
	if err := eraseBaselines(tx, e); err != nil {
		return err
	}
	if err := eraseEntries(tx, e); err != nil {
		return err
	}
	if err := e.leaveNote(tx); err != nil {
		return err
	}
	entry, err := s.tombstone(tx, e)
	if err != nil {
		return err
	}
	return appendEntries(tx, []store.Entry{entry})
}

func (s *Store) eraseEvents(tx *sql.Tx, e *erasure) error {
	var (
		gone    []string
		changed []store.Event
	)
	err := scan(tx, "SELECT "+eventParts+" FROM events", func(rows *sql.Rows) error {
		event, packed, err := scanEvent(rows)
		if err != nil {
			return err
		}
		if e.tokens[event.Token] || e.Owner != "" && event.Owner == e.Owner {
			gone = append(gone, event.ID)
			return nil
		}
		text, err := unpackText(packed)
		if err != nil {
			return err
		}
		event.Attributes = text
		if e.redactEvent(&event) {
			changed = append(changed, event)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		if _, err := tx.Exec("DELETE FROM events WHERE id = ?", id); err != nil {
			return err
		}
	}
	for i := range changed {
		c := &changed[i]
		if _, err := tx.Exec("UPDATE events SET body = ?, attributes = ? WHERE id = ?", c.Body, packText(c.Attributes), c.ID); err != nil {
			return err
		}
	}
	e.erased.Events = int64(len(gone))
	return nil
}

// redactEvent takes the words out of what an event of somebody else says.
func (e *erasure) redactEvent(event *store.Event) bool {
	body, attributes := e.redactor.redact(event.Body), e.redactor.redact(string(event.Attributes))
	same := body == event.Body && attributes == string(event.Attributes)
	event.Body, event.Attributes = body, json.RawMessage(attributes)
	return !same
}

func eraseBaselines(tx *sql.Tx, e *erasure) error {
	var changed []store.Event
	var gone [][2]string
	err := scan(tx, "SELECT event FROM baselines", func(rows *sql.Rows) error {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return err
		}
		text, err := unpackText(packed)
		if err != nil {
			return err
		}
		var event store.Event
		if err := json.Unmarshal(text, &event); err != nil {
			return err
		}
		switch {
		case e.Owner != "" && event.Owner == e.Owner:
			gone = append(gone, [2]string{event.Token, event.Direction})
		case e.redactEvent(&event):
			changed = append(changed, event)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, of := range gone {
		if _, err := tx.Exec("DELETE FROM baselines WHERE token = ? AND direction = ?", of[0], of[1]); err != nil {
			return err
		}
	}
	for _, event := range changed {
		text, err := json.Marshal(&event)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE baselines SET event = ? WHERE token = ? AND direction = ?", packText(text), event.Token, event.Direction); err != nil {
			return err
		}
	}
	return nil
}

func eraseEntries(tx *sql.Tx, e *erasure) error {
	var (
		gone    []uint64
		changed []store.Entry
	)
	err := scan(tx, "SELECT sequence, time, kind, token, by, body, attributes FROM journal", func(rows *sql.Rows) error {
		entry, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if e.tokens[entry.Token] {
			gone = append(gone, entry.Sequence)
			return nil
		}
		body, attributes := e.redactor.redact(entry.Body), e.redactor.redact(string(entry.Attributes))
		if body != entry.Body || attributes != string(entry.Attributes) {
			entry.Body, entry.Attributes = body, json.RawMessage(attributes)
			changed = append(changed, entry)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, sequence := range gone {
		if _, err := tx.Exec("DELETE FROM journal WHERE sequence = ?", int64(sequence)); err != nil {
			return err
		}
	}
	for _, c := range changed {
		if _, err := tx.Exec("UPDATE journal SET body = ?, attributes = ? WHERE sequence = ?", c.Body, packText(c.Attributes), int64(c.Sequence)); err != nil {
			return err
		}
	}
	e.erased.Entries = int64(len(gone))
	return nil
}

// tombstone says what was erased, by whom and when, with references that tell nothing to who does not know it: whoever asks whether somebody was
// erased can compute the same ones with the store's key.
func (s *Store) tombstone(tx *sql.Tx, e *erasure) (store.Entry, error) {
	secret, err := s.tombs.dig(tx)
	if err != nil {
		return store.Entry{}, err
	}
	reference := func(of string) string { return referenceTo(secret, of) }
	said := map[string]any{"erased.tokens": len(e.tokens), "erased.facts": e.erased.Facts, "erased.events": e.erased.Events, "erased.entries": e.erased.Entries}
	var what string
	switch {
	case e.Owner != "":
		what = "an owner"
		said["erased.references"] = []string{reference(ownerNamed + e.Owner)}
	case e.Environment != "":
		what = "environment " + e.Environment
		said["erased.environment"] = e.Environment
	default:
		what = "tokens"
		var all []string
		for _, id := range e.erased.Tokens {
			all = append(all, reference(tokenNamed+id))
		}
		said["erased.references"] = all
	}
	if err := e.bury(tx, secret); err != nil {
		return store.Entry{}, err
	}
	attributes, err := json.Marshal(said)
	if err != nil {
		return store.Entry{}, err
	}
	return store.Entry{
		Time: e.At, Kind: store.EntryAudit, By: e.By, Attributes: attributes,
		Body: fmt.Sprintf("erased %s: %d tokens, %d facts, %d events, %d entries of the journal", what, len(e.tokens), e.erased.Facts, e.erased.Events, e.erased.Entries),
	}, nil
}

func (s *Store) eraseMemory(e *erasure) {
	s.mu.Lock()
	for id := range e.tokens {
		delete(s.tokens, id)
	}
	s.mu.Unlock()
	s.dictionary.remove(e.subjects, e.keys)
}
