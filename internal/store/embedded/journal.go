package embedded

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// mostEntries is how many entries are read at once.
const mostEntries = 10_000

// Append writes to the journal, and tells who waits for it.
func (s *Store) Append(ctx context.Context, entries []store.Entry) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.transact(ctx, func(tx *sql.Tx) error { return appendEntries(tx, entries) })
	if err != nil {
		return err
	}
	s.appended.now()
	return nil
}

func appendEntries(tx *sql.Tx, entries []store.Entry) error {
	for i := range entries {
		e := &entries[i]
		sequence, err := insert(tx, "INSERT INTO journal (time, kind, token, by, body, attributes) VALUES (?, ?, ?, ?, ?, ?)",
			e.Time.UnixMicro(), e.Kind, e.Token, e.By, e.Body, packText(e.Attributes))
		if err != nil {
			return err
		}
		e.Sequence = uint64(sequence)
	}
	return nil
}

// Journal reads on behind a sequence.
func (s *Store) Journal(ctx context.Context, after uint64, limit int) ([]store.Entry, error) {
	if limit <= 0 {
		limit = 100
	}
	rows, err := s.reading.QueryContext(ctx, "SELECT sequence, time, kind, token, by, body, attributes FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?", int64(after), min(limit, mostEntries))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var entries []store.Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

func scanEntry(rows *sql.Rows) (e store.Entry, err error) {
	var (
		at     int64
		packed sql.RawBytes
	)
	if err := rows.Scan(&e.Sequence, &at, &e.Kind, &e.Token, &e.By, &e.Body, &packed); err != nil {
		return e, err
	}
	e.Time = time.UnixMicro(at).UTC()
	e.Attributes, err = unpackText(packed)
	if len(e.Attributes) == 0 {
		e.Attributes = nil
	}
	return e, err
}

// Cursor is up to where a reader has got.
func (s *Store) Cursor(ctx context.Context, reader string) (uint64, error) {
	var sequence uint64
	err := s.reading.QueryRowContext(ctx, "SELECT sequence FROM cursors WHERE reader = ?", reader).Scan(&sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return sequence, err
}

// SetCursor remembers it.
func (s *Store) SetCursor(ctx context.Context, reader string, sequence uint64) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO cursors (reader, sequence) VALUES (?, ?)", reader, int64(sequence))
		return err
	})
}
