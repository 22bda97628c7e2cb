package embedded

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// where is a bucket.
type where struct {
	level  level
	bucket int64
}

// sealOldest seals what was written to longest ago, until half of the memory is free. The caller holds sealing.
func (s *Store) sealOldest(ctx context.Context) error {
	for {
		s.mu.RLock()
		over := s.rows > s.most/2
		var (
			oldest where
			number int64
		)
		for l := range levels {
			for id, b := range s.buckets[l] {
				if b.rows > 0 && (number == 0 || b.number < number) {
					oldest, number = where{l, id}, b.number
				}
			}
		}
		s.mu.RUnlock()
		if !over || number == 0 {
			return nil
		}
		if err := s.seal(ctx, oldest); err != nil {
			return err
		}
	}
}

// seal writes what a bucket has in memory into a chunk, and its roll-up into the memory of the next level. The caller holds sealing.
func (s *Store) seal(ctx context.Context, at where) error {
	s.mu.Lock()
	b := s.buckets[at.level][at.bucket]
	if b == nil || len(b.runs) == 0 {
		s.mu.Unlock()
		return nil
	}
	b.sealing, b.runs = b.runs, nil
	s.rows -= b.rows
	b.rows = 0
	runs := b.sealing
	s.mu.Unlock()

	c, up, err := s.writeChunk(ctx, at, runs)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		b.runs, b.sealing = append(b.sealing, b.runs...), nil
		b.rows = 0
		for _, r := range b.runs {
			b.rows += r.rows
		}
		s.rows += b.rows
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.sealing = nil
	b.chunks = append(slices.Clip(b.chunks), c)
	if up.run != nil {
		s.keep(at.level+1, s.above(at), up)
	}
	return nil
}

// above is the bucket of the next level that a bucket is rolled up into.
func (s *Store) above(at where) int64 {
	next := at.level + 1
	return next.bucket(uint32(at.level.start(at.bucket) / next.unit()))
}

// writeChunk makes a chunk of runs; and the run that they are one level above.
func (s *Store) writeChunk(ctx context.Context, at where, runs []kept) (*chunk, kept, error) {
	id := s.lastChunk.Add(1)
	path := filepath.Join(s.folder, filepath.FromSlash(at.level.file(at.bucket, id)))
	w, err := newWriter(path, at.level.codec(), s.create)
	if err != nil {
		return nil, kept{}, s.failed(err)
	}
	var up kept
	if at.level+1 < levels {
		up.run = &run{}
	}
	for k := range kinds {
		var cursors []cursor
		for _, r := range runs {
			cursors = append(cursors, overSection(&r.sections[k], 1))
		}
		err := each(cursors, func(r row, histogram []byte) error {
			if err := w.add(uint8(k), r, histogram); err != nil {
				return err
			}
			if up.run != nil {
				r.at = uint32(int64(r.at) * at.level.unit() / (at.level + 1).unit())
				up.sections[k].add(r, histogram)
			}
			return nil
		})
		if err != nil {
			w.abandon()
			return nil, kept{}, s.failed(err)
		}
		if up.run != nil {
			up.rows += len(up.sections[k].rows)
		}
	}
	if err := s.failed(w.finish()); err != nil {
		return nil, kept{}, err
	}
	c := &chunk{id: id, level: at.level, bucket: at.bucket, rows: w.rows, size: w.size, path: path}
	s.writing.Lock()
	defer s.writing.Unlock()
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := saveChunk(tx, c); err != nil {
			return err
		}
		last := runs[len(runs)-1].number
		if _, err := tx.Exec("DELETE FROM pending WHERE level = ? AND bucket = ? AND id <= ?", at.level, at.bucket, last); err != nil {
			return err
		}
		if up.run == nil {
			return nil
		}
		up.number, err = insert(tx, "INSERT INTO pending (level, bucket, rows) VALUES (?, ?, ?)", at.level+1, s.above(at), encodeRun(up.run))
		return err
	})
	if err != nil {
		c.drop()
		return nil, kept{}, err
	}
	return c, up, nil
}

// failed notes whether there was no room for a file.
func (s *Store) failed(err error) error {
	err = full(err)
	s.fullFiles.Store(errors.Is(err, store.ErrFull))
	return err
}

func saveChunk(tx *sql.Tx, c *chunk) error {
	_, err := tx.Exec("INSERT INTO chunks (id, level, bucket, rows, size) VALUES (?, ?, ?, ?, ?)", c.id, c.level, c.bucket, c.rows, c.size)
	return err
}

// rewrite makes one chunk of some of a bucket, without the subjects that go. It returns how many rows were left out. The caller holds sealing.
func (s *Store) rewrite(ctx context.Context, at where, old []*chunk, goes func(kind uint8, r row) bool) (int64, error) {
	id := s.lastChunk.Add(1)
	path := filepath.Join(s.folder, filepath.FromSlash(at.level.file(at.bucket, id)))
	w, err := newWriter(path, at.level.codec(), s.create)
	if err != nil {
		return 0, s.failed(err)
	}
	left, err := s.copyRows(w, old, goes)
	if err != nil {
		w.abandon()
		return 0, s.failed(err)
	}
	var c *chunk
	if w.rows+int64(len(w.pending.rows)) == 0 {
		w.abandon()
	} else {
		if err := s.failed(w.finish()); err != nil {
			return 0, err
		}
		c = &chunk{id: id, level: at.level, bucket: at.bucket, rows: w.rows, size: w.size, path: path}
	}
	if err := s.replace(ctx, at, old, c); err != nil {
		if c != nil {
			c.drop()
		}
		return 0, err
	}
	return left, nil
}

func (s *Store) copyRows(w *writer, old []*chunk, goes func(uint8, row) bool) (left int64, err error) {
	readers := make([]*reader, len(old))
	for i, c := range old {
		readers[i] = &reader{}
		if err := readers[i].open(c); err != nil {
			return 0, s.damaged(c, err)
		}
		defer readers[i].close()
	}
	for k := range uint8(kinds) {
		cursors := make([]cursor, len(readers))
		for i, r := range readers {
			cursors[i] = &inChunk{reader: r, places: r.of(k)}
		}
		err := each(cursors, func(r row, histogram []byte) error {
			if goes != nil && goes(k, r) {
				left++
				return nil
			}
			return w.add(k, r, histogram)
		})
		if err != nil {
			for i, c := range cursors {
				if c.err() != nil {
					return 0, s.damaged(old[i], err)
				}
			}
			return 0, err
		}
	}
	return left, nil
}

// replace puts one chunk in the place of others; or none.
func (s *Store) replace(ctx context.Context, at where, old []*chunk, c *chunk) error {
	s.writing.Lock()
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for _, o := range old {
			if _, err := tx.Exec("DELETE FROM chunks WHERE id = ?", o.id); err != nil {
				return err
			}
		}
		if c == nil {
			return nil
		}
		return saveChunk(tx, c)
	})
	s.writing.Unlock()
	if err != nil {
		return err
	}
	s.mu.Lock()
	b := s.bucket(at.level, at.bucket)
	b.chunks = slices.DeleteFunc(slices.Clone(b.chunks), func(has *chunk) bool { return slices.Contains(old, has) })
	if c != nil {
		b.chunks = append(b.chunks, c)
	}
	s.mu.Unlock()
	for _, o := range old {
		o.drop()
	}
	return nil
}
