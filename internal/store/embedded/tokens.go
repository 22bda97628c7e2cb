package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// record is what is known of a token. Who changes it holds Store.mu.
type record struct {
	store.Token
	applied int64 // the last of uses that it holds
	dirty   bool  // the database has an older one
	since   int64 // when the token was erased, in seconds since 1970: what is older is not its own. 0: it was not
}

// use is what a batch says of a subject, for the record of its token.
type use struct {
	subject     uint32
	requests    int64
	first, last int64 // minutes
}

// record of a token, made where there is none.
func (s *Store) record(id string) *record {
	r := s.tokens[id]
	if r == nil {
		r = &record{Token: store.Token{ID: id}, since: s.tombs.token(id)}
		s.tokens[id] = r
	}
	return r
}

// apply takes in what a batch says of tokens, unless a record has it already.
func (s *Store) apply(number int64, uses []use, sightings []store.Sighting) {
	var touched []*record
	touch := func(id string) *record {
		r := s.record(id)
		if r.applied >= number {
			return nil
		}
		r.dirty = true
		touched = append(touched, r)
		return r
	}
	for _, u := range uses {
		subject := s.dictionary.subjects[u.subject]
		if r := touch(subject.Token); r != nil {
			r.used(subject, u)
		}
	}
	for _, sighting := range sightings {
		if r := touch(sighting.Token.ID); r != nil {
			r.seen(&sighting.Token)
			if e := sighting.Evidence; e != nil && !e.At.Before(r.Evidence.At) {
				r.Evidence = *e
			}
		}
	}
	for _, r := range touched {
		r.applied = number
	}
}

func (r *record) used(subject store.Subject, u use) {
	r.Requests += u.requests
	r.take(&store.Token{OwnerID: subject.Owner, OwnerTeam: subject.Team}, false)
	if first := time.Unix(u.first*60, 0).UTC(); r.FirstSeen.IsZero() || first.Before(r.FirstSeen.Truncate(time.Minute)) {
		r.FirstSeen = first
	}
	if last := time.Unix(u.last*60, 0).UTC(); r.LastUse.At.Before(last) {
		r.LastUse = store.Use{At: last} // a sighting knows more
	}
}

// seen takes in a sighting: of two, the later says how things are.
func (r *record) seen(t *store.Token) {
	later := !t.LastUse.At.IsZero() && !t.LastUse.At.Before(r.LastUse.At)
	if later {
		r.LastUse = t.LastUse
	}
	r.take(t, later)
	for _, at := range [...]time.Time{t.FirstSeen, t.LastUse.At} {
		// The minute of a fact is no more than a bound.
		if !at.IsZero() && (r.FirstSeen.IsZero() || at.Before(r.FirstSeen) || r.FirstSeen.Equal(at.Truncate(time.Minute))) {
			r.FirstSeen = at
		}
	}
}

// take puts in what is not empty; over what there is, or only where there is nothing.
func (r *record) take(t *store.Token, over bool) {
	text := func(to *string, from string) {
		if from != "" && (over || *to == "") {
			*to = from
		}
	}
	text(&r.Direction, t.Direction)
	text(&r.Hint, t.Hint)
	text(&r.Type, t.Type)
	text(&r.Format, t.Format)
	text(&r.RegistryID, t.RegistryID)
	text(&r.OwnerID, t.OwnerID)
	text(&r.OwnerName, t.OwnerName)
	text(&r.OwnerType, t.OwnerType)
	text(&r.OwnerTeam, t.OwnerTeam)
	text(&r.Tenant, t.Tenant)
	text(&r.Environment, t.Environment)
	text(&r.Status, t.Status)
	if len(t.Scopes) > 0 && (over || len(r.Scopes) == 0) {
		r.Scopes = slices.Clone(t.Scopes)
	}
	if len(t.Tags) > 0 && (over || len(r.Tags) == 0) {
		r.Tags = maps.Clone(t.Tags)
	}
	if !t.ExpiresAt.IsZero() && (over || r.ExpiresAt.IsZero()) {
		r.ExpiresAt = t.ExpiresAt
	}
}

// PutTokens takes in what a registry knows.
func (s *Store) PutTokens(ctx context.Context, tokens []store.Token) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	var changed []*record
	for i := range tokens {
		if tokens[i].ID == "" {
			return fmt.Errorf("token %d of %d has no id", i+1, len(tokens))
		}
		is := record{Token: store.Token{ID: tokens[i].ID}, applied: s.lastUse, since: s.tombs.token(tokens[i].ID)}
		known := s.tokens[tokens[i].ID]
		if known != nil {
			is = *known
		}
		becomes := is
		becomes.take(&tokens[i], true)
		if at := tokens[i].FirstSeen; !at.IsZero() && (becomes.FirstSeen.IsZero() || at.Before(becomes.FirstSeen)) {
			becomes.FirstSeen = at
		}
		if at := tokens[i].LastUse.At; !at.IsZero() && at.After(becomes.LastUse.At) {
			becomes.LastUse = tokens[i].LastUse
		}
		before, err := json.Marshal(&is.Token)
		if err != nil {
			return err
		}
		after, err := json.Marshal(&becomes.Token)
		if err != nil {
			return err
		}
		if known == nil || string(before) != string(after) {
			changed = append(changed, &becomes)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error { return saveRecords(tx, changed) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	for _, r := range changed {
		r.dirty = false
		s.tokens[r.ID] = r
	}
	s.mu.Unlock()
	s.changed.notify()
	return nil
}

// parse reads a record as it is in the database.
func (r *record) parse(text []byte) error {
	if err := json.Unmarshal(text, &r.Token); err != nil {
		return fmt.Errorf("the record of a token: %w", err)
	}
	return nil
}

// saveRecords writes records, over those of the same tokens.
func saveRecords(tx *sql.Tx, records []*record) error {
	put, err := tx.Prepare("INSERT INTO tokens (id, applied, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET applied = excluded.applied, record = excluded.record")
	if err != nil {
		return err
	}
	defer func() { _ = put.Close() }()
	for _, r := range records {
		text, err := json.Marshal(&r.Token)
		if err != nil {
			return fmt.Errorf("token %s: %w", r.ID, err)
		}
		if _, err := put.Exec(r.ID, r.applied, text); err != nil {
			return err
		}
	}
	return nil
}

// saveTokens writes the records that changed, so that uses need not be kept. The caller holds s.writing.
func (s *Store) saveTokens(ctx context.Context) error {
	s.mu.RLock()
	var dirty []*record
	for _, r := range s.tokens {
		if r.dirty {
			dirty = append(dirty, r)
		}
	}
	s.mu.RUnlock()
	if len(dirty) == 0 {
		return nil
	}
	slices.SortFunc(dirty, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := saveRecords(tx, dirty); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM uses WHERE id <= ?", s.lastUse)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	for _, r := range dirty {
		r.dirty = false
	}
	s.mu.Unlock()
	s.unsaved, s.rounds = 0, 0
	return nil
}

// Tokens answers with one page of those that the filter wants.
func (s *Store) Tokens(ctx context.Context, q store.TokenQuery) (store.TokenPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, 1000)
	by, descending := strings.CutPrefix(q.Sort, "-")
	order, ok := tokenOrders[by]
	if !ok {
		return store.TokenPage{}, fmt.Errorf("tokens cannot be sorted by %q: use last_used, first_seen, requests, evidence, owner, hint or id, with - before it for the greatest first", by)
	}
	compare := func(a, b *store.Token) int {
		c := order(a, b)
		if descending {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.ID, b.ID))
	}
	var after *store.Token
	if q.Cursor != "" {
		after = &store.Token{}
		text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err == nil {
			err = json.Unmarshal(text, after)
		}
		if err != nil {
			return store.TokenPage{}, fmt.Errorf("cursor %q is none of a page of tokens: start without one", q.Cursor)
		}
	}
	match := newMatcher(q.Filter)
	var (
		page  store.TokenPage
		found []*store.Token
	)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.tokens {
		if !match.token(&r.Token) {
			continue
		}
		page.Total++
		if after == nil || compare(after, &r.Token) < 0 {
			found = append(found, &r.Token)
		}
		if len(found) >= 4*q.Limit+1024 { // the greater ones will not be on this page
			slices.SortFunc(found, compare)
			found = found[:q.Limit+1]
		}
	}
	if err := ctx.Err(); err != nil {
		return store.TokenPage{}, err
	}
	slices.SortFunc(found, compare)
	for _, t := range found[:min(q.Limit, len(found))] {
		page.Tokens = append(page.Tokens, *t)
	}
	if len(found) > q.Limit {
		last := found[q.Limit-1]
		text, err := json.Marshal(store.Token{
			ID: last.ID, OwnerID: last.OwnerID, OwnerName: last.OwnerName, Hint: last.Hint, FirstSeen: last.FirstSeen, LastUse: store.Use{At: last.LastUse.At},
			Requests: last.Requests, Evidence: last.Evidence,
		})
		if err != nil {
			return store.TokenPage{}, err
		}
		page.Next = base64.RawURLEncoding.EncodeToString(text)
	}
	return page, nil
}

var tokenOrders = map[string]func(a, b *store.Token) int{
	"":           func(_, _ *store.Token) int { return 0 },
	"id":         func(_, _ *store.Token) int { return 0 },
	"last_used":  func(a, b *store.Token) int { return a.LastUse.At.Compare(b.LastUse.At) },
	"first_seen": func(a, b *store.Token) int { return a.FirstSeen.Compare(b.FirstSeen) },
	"requests":   func(a, b *store.Token) int { return cmp.Compare(a.Requests, b.Requests) },
	"evidence":   func(a, b *store.Token) int { return cmp.Compare(share(a.Evidence), share(b.Evidence)) },
	"owner": func(a, b *store.Token) int {
		return cmp.Or(strings.Compare(a.OwnerName, b.OwnerName), strings.Compare(a.OwnerID, b.OwnerID))
	},
	"hint": func(a, b *store.Token) int { return strings.Compare(a.Hint, b.Hint) },
}

// share of what the alert budget asks for.
func share(e store.Evidence) float64 {
	if e.Threshold <= 0 {
		return e.Nats
	}
	return e.Nats / e.Threshold
}
