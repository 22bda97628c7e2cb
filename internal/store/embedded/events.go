package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

const (
	mostEvents = 10_000
	eventParts = "id, time, kind, name, severity, token, direction, owner, team, tenant, body, trace, attributes"
)

// PutEvents writes events, and replaces those of the same id.
func (s *Store) PutEvents(ctx context.Context, events []store.Event) error {
	for i := range events {
		if events[i].ID == "" {
			return fmt.Errorf("event %d of %d has no id", i+1, len(events))
		}
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	late := s.latecomers()
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for i := range events {
			if late.is(events[i].Token, events[i].Owner, events[i].Time.Unix()) {
				continue
			}
			if err := saveEvent(tx, &events[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.late.Add(late.n)
	s.changed.notify()
	return nil
}

func saveEvent(tx *sql.Tx, e *store.Event) error {
	at := e.Time.UnixMicro()
	_, err := tx.Exec("INSERT OR REPLACE INTO events ("+eventParts+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		e.ID, at, e.Kind, e.Name, e.Severity, e.Token, e.Direction, e.Owner, e.Team, e.Tenant, e.Body, e.Trace, packText(e.Attributes))
	if err != nil || e.Kind != store.EventBaseline {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	_, err = tx.Exec("INSERT INTO baselines (token, direction, time, event) VALUES (?, ?, ?, ?) ON CONFLICT (token, direction) DO UPDATE SET time = excluded.time, event = excluded.event WHERE excluded.time >= time",
		e.Token, e.Direction, at, packText(text))
	return err
}

// packText compresses what is long. JSON does not begin as zstd does.
func packText(text []byte) []byte {
	if len(text) < 256 {
		return append([]byte{}, text...)
	}
	return packer().EncodeAll(text, nil)
}

func unpackText(packed []byte) ([]byte, error) {
	if !bytes.HasPrefix(packed, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return bytes.Clone(packed), nil
	}
	return unpacker().DecodeAll(packed, nil)
}

// Events answers with the latest first.
func (s *Store) Events(ctx context.Context, q store.EventQuery) (store.EventPage, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, mostEvents)
	match := newMatcher(q.Filter)
	conditions := []string{"1"}
	var arguments []any
	among := func(column string, values []string) {
		if len(values) == 0 || len(values) > 1000 {
			return
		}
		conditions = append(conditions, column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")")
		for _, v := range values {
			arguments = append(arguments, v)
		}
	}
	among("id", q.IDs)
	among("kind", q.Kinds)
	among("name", q.Names)
	among("severity", q.Severities)
	among("token", q.Filter.IDs)
	compare := func(condition string, values ...any) {
		conditions = append(conditions, condition)
		arguments = append(arguments, values...)
	}
	if !q.From.IsZero() {
		compare("time >= ?", q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		compare("time < ?", q.To.UnixMicro())
	}
	if q.Cursor != "" {
		at, id, err := eventCursor(q.Cursor)
		if err != nil {
			return store.EventPage{}, err
		}
		compare("(time, id) < (?, ?)", at, id)
	}
	ids := newWanted(q.IDs)
	var page store.EventPage
	rows, err := s.reading.QueryContext(ctx, "SELECT "+eventParts+" FROM events WHERE "+strings.Join(conditions, " AND ")+" ORDER BY time DESC, id DESC", arguments...)
	if err != nil {
		return page, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		e, attributes, err := scanEvent(rows)
		if err != nil {
			return page, err
		}
		if !ids.has(e.ID) || !s.matches(match, &e) {
			continue
		}
		if len(page.Events) == q.Limit {
			last := page.Events[q.Limit-1]
			page.Next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(last.Time.UnixMicro(), 10) + " " + last.ID))
			break
		}
		if e.Attributes, err = unpackText(attributes); err != nil {
			return page, fmt.Errorf("the attributes of event %s: %w", e.ID, err)
		}
		page.Events = append(page.Events, e)
	}
	return page, rows.Err()
}

// scanEvent reads a row; its attributes are packed, and good until the next one.
func scanEvent(rows *sql.Rows) (e store.Event, attributes sql.RawBytes, err error) {
	var at int64
	err = rows.Scan(&e.ID, &at, &e.Kind, &e.Name, &e.Severity, &e.Token, &e.Direction, &e.Owner, &e.Team, &e.Tenant, &e.Body, &e.Trace, &attributes)
	e.Time = time.UnixMicro(at).UTC()
	return e, attributes, err
}

func eventCursor(cursor string) (at int64, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		before, after, _ := strings.Cut(string(text), " ")
		id = after
		at, err = strconv.ParseInt(before, 10, 64)
	}
	if err != nil {
		return 0, "", fmt.Errorf("cursor %q is none of a page of events: start without one", cursor)
	}
	return at, id, nil
}

// matches asks an event, and its token's record for what it does not say itself.
func (s *Store) matches(m *matcher, e *store.Event) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.tokens[e.Token]
	known := r != nil && e.Token != ""
	owner, team, tenant, direction := e.Owner, e.Team, e.Tenant, e.Direction
	if known {
		fill := func(to *string, from string) {
			if *to == "" {
				*to = from
			}
		}
		fill(&owner, r.OwnerID)
		fill(&team, r.OwnerTeam)
		fill(&tenant, r.Tenant)
		fill(&direction, r.Direction)
	}
	if !m.owners.has(owner) || !m.teams.has(team) || !m.scopeTeams.has(team) || !m.tenants.has(tenant) || !m.directions.has(direction) || !m.ids.has(e.Token) {
		return false
	}
	if !known {
		return m.environments == nil && m.statuses == nil && m.Text == "" && len(m.Tags) == 0 && m.SeenBefore.IsZero() && m.SeenSince.IsZero() && m.NewSince.IsZero()
	}
	is := r.Token
	is.Tenant, is.Direction = tenant, direction
	return m.record(&is)
}

// Baseline is the latest of a token; of whatever direction, where none is asked for.
func (s *Store) Baseline(ctx context.Context, scope store.Scope, token, direction string) (store.Event, error) {
	var packed []byte
	err := s.reading.QueryRowContext(ctx, "SELECT event FROM baselines WHERE token = ? AND (? = '' OR direction = ?) ORDER BY time DESC LIMIT 1", token, direction, direction).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Event{}, store.ErrNotFound
	}
	if err != nil {
		return store.Event{}, err
	}
	text, err := unpackText(packed)
	if err != nil {
		return store.Event{}, fmt.Errorf("the baseline of %s: %w", token, err)
	}
	var e store.Event
	if err := json.Unmarshal(text, &e); err != nil {
		return store.Event{}, fmt.Errorf("the baseline of %s: %w", token, err)
	}
	if !s.matches(newMatcher(store.TokenFilter{Scope: scope}), &e) {
		return store.Event{}, store.ErrNotFound
	}
	return e, nil
}
