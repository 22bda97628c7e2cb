package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/holterhq/holter/internal/store"
)

// leaveNote has the erasure told to those who remember tokens beside the store: now, or when they are started next.
func (e *erasure) leaveNote(tx *sql.Tx) error {
	if len(e.erased.Tokens)+len(e.words) == 0 {
		return nil
	}
	note, err := json.Marshal(store.Forgetting{Tokens: e.erased.Tokens, Words: e.words})
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO untold (note) VALUES (?)", packText(note))
	return err
}

// Untold are the erasures that not everybody has been told of.
func (s *Store) Untold(ctx context.Context) (all []store.Forgetting, err error) {
	rows, err := s.reading.QueryContext(ctx, "SELECT sequence, note FROM untold ORDER BY sequence")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var (
			f      store.Forgetting
			packed sql.RawBytes
		)
		if err := rows.Scan(&f.Sequence, &packed); err != nil {
			return nil, err
		}
		text, err := unpackText(packed)
		if err == nil {
			err = json.Unmarshal(text, &f)
		}
		if err != nil {
			return nil, fmt.Errorf("what is to be forgotten: %w", err)
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

// Told lets go of the notes of erasures that everybody has been told of.
func (s *Store) Told(ctx context.Context, sequence uint64) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM untold WHERE sequence <= ?", int64(sequence))
		return err
	})
	if err != nil {
		return err
	}
	return s.checkpoint() // the pages are empty, and the log still has them as they were
}
