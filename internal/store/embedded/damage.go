package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// asideName is where files go that cannot be read.
const asideName = "aside"

// damaged sets a chunk aside that cannot be read, and says so: everything else goes on without it. Of another error it says which file it came of.
func (s *Store) damaged(c *chunk, err error) error {
	if err == nil {
		return nil
	}
	name := c.level.file(c.bucket, c.id)
	err = fmt.Errorf("%s: %w", name, err)
	if !errors.Is(err, errDamaged) {
		return err
	}
	s.mu.Lock()
	b := s.bucket(c.level, c.bucket)
	if !slices.Contains(b.chunks, c) {
		s.mu.Unlock()
		return err
	}
	b.chunks = slices.DeleteFunc(slices.Clone(b.chunks), func(has *chunk) bool { return has == c })
	aside := asideName + "/" + strings.ReplaceAll(name, "/", "-")
	s.trouble[name] = fmt.Sprintf("%v; it was moved to %s, and what it counted is missing", err, aside)
	what := s.trouble[name]
	s.mu.Unlock()

	s.writing.Lock()
	defer s.writing.Unlock()
	failed := s.transact(context.Background(), func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT OR REPLACE INTO troubles (file, what) VALUES (?, ?)", name, what); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM chunks WHERE id = ?", c.id)
		return err
	})
	if failed != nil {
		return errors.Join(err, failed) // the next start finds it where it was
	}
	if moved := moveAside(s.folder, c.path, aside); moved != nil && !errors.Is(moved, os.ErrNotExist) {
		return errors.Join(err, moved)
	}
	return err
}

func moveAside(folder, path, aside string) error {
	if err := os.MkdirAll(filepath.Join(folder, asideName), 0o700); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(folder, filepath.FromSlash(aside)))
}

func (s *Store) loadTroubles() error {
	return scan(s.db, "SELECT file, what FROM troubles", func(rows *sql.Rows) error {
		var file, what string
		err := rows.Scan(&file, &what)
		s.trouble[file] = what
		return err
	})
}
