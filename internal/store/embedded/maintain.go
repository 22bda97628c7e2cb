package embedded

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"time"
)

const (
	// grace is for how long after its end a bucket is expected to be written to, in minutes.
	grace = 10
	// quietRounds is how often Maintain finds a bucket of the past as it left it before it seals it.
	quietRounds = 2
	// mostUnsaved is how many bytes of uses, and mostRounds how many rounds of Maintain, records may be behind: a start has to catch up with these.
	mostUnsaved = 32 << 20
	mostRounds  = 15
	// mostChunks of a bucket are left as they are while it is written to.
	mostChunks = 8
	// silent is for how long a pipe that says nothing is remembered, in minutes.
	silent = 90 * 1440
)

// Maintain seals what is past, lets go of what is past its retention, and merges chunks.
func (s *Store) Maintain(ctx context.Context, now time.Time) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	minute := now.Unix() / 60
	s.now.Store(minute)
	// First what frees space, so that a full disk gets out of it by itself.
	return errors.Join(s.forget(ctx, now), s.sealPast(ctx, minute), s.mergeChunks(ctx, minute), s.settle(ctx))
}

// settle writes the records of tokens, when there is enough that they lack.
func (s *Store) settle(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.rounds++; s.unsaved < mostUnsaved && (s.unsaved == 0 || s.rounds < mostRounds) {
		return nil
	}
	return s.saveTokens(ctx)
}

func (s *Store) sealPast(ctx context.Context, minute int64) error {
	var past []where
	s.mu.Lock()
	for l := range levels {
		for id, b := range s.buckets[l] {
			if b.rows == 0 || l.end(id)+grace > minute {
				continue
			}
			// What is late comes in drops: it is waited for, so that it makes one chunk and not many.
			if b.quiet++; b.quiet >= quietRounds || len(b.chunks) == 0 {
				past = append(past, where{l, id})
			}
		}
	}
	s.mu.Unlock()
	for _, at := range past {
		if err := s.seal(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) mergeChunks(ctx context.Context, minute int64) error {
	var many []where
	s.mu.RLock()
	for l := range levels {
		for id, b := range s.buckets[l] {
			if n := len(b.chunks); n > mostChunks || n > 1 && b.rows == 0 && l.end(id)+grace <= minute {
				many = append(many, where{l, id})
			}
		}
	}
	s.mu.RUnlock()
	for _, at := range many {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.mu.RLock()
		chunks := s.buckets[at.level][at.bucket].chunks
		s.mu.RUnlock()
		if _, err := s.rewrite(ctx, at, chunks, nil); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
	}
	return nil
}

// forget lets go of what is past its retention.
func (s *Store) forget(ctx context.Context, now time.Time) error {
	keep := [levels]time.Duration{s.retention.Minutes, s.retention.Hours, s.retention.Days}
	for l := range levels {
		before := now.Add(-keep[l]).Unix() / 60
		if err := s.forgetBuckets(ctx, l, before); err != nil {
			return err
		}
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.forgetTokens(ctx, now); err != nil {
		return err
	}
	var pipes []pipe
	err := s.transact(ctx, func(tx *sql.Tx) (err error) {
		if pipes, err = s.sequences.forget(tx, now.Unix()/60-silent); err != nil {
			return err
		}
		for _, old := range []struct {
			statement string
			before    time.Time
		}{
			{"DELETE FROM events WHERE time < ?", now.Add(-s.retention.Events)},
			// The latest baseline of each token is beside these.
			{"DELETE FROM events WHERE kind = 'baseline' AND time < ?", now.Add(-s.retention.Hours)},
			{"DELETE FROM journal WHERE time < ?", now.Add(-s.retention.Journal)},
		} {
			if _, err := tx.Exec(old.statement, old.before.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range pipes {
		delete(s.sequences, p)
	}
	return s.forgetTombs(ctx, now.Add(-s.retention.Journal))
}

// forgetBuckets drops the files of a level that end before a minute.
func (s *Store) forgetBuckets(ctx context.Context, l level, before int64) error {
	var past []where
	until := s.dropped[l]
	s.mu.RLock()
	for id, b := range s.buckets[l] {
		if l.end(id) <= before {
			if len(b.chunks) > 0 {
				past = append(past, where{l, id})
			}
			until = max(until, l.end(id))
		}
	}
	s.mu.RUnlock()
	for _, at := range past {
		s.mu.RLock()
		chunks := s.buckets[l][at.bucket].chunks
		s.mu.RUnlock()
		if err := s.replace(ctx, at, chunks, nil); err != nil {
			return err
		}
	}
	if until == s.dropped[l] {
		return nil
	}
	s.writing.Lock()
	err := s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", "dropped_"+l.String(), until)
		return err
	})
	s.writing.Unlock()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped[l] = until
	for id, b := range s.buckets[l] {
		if l.end(id) <= until && len(b.chunks)+len(b.runs)+len(b.sealing) == 0 {
			delete(s.buckets[l], id)
		}
	}
	return nil
}

// forgetTokens drops the records of tokens that were last used too long ago, and their subjects, when no file can hold these any more.
func (s *Store) forgetTokens(ctx context.Context, now time.Time) error {
	before := now.Add(-s.retention.Tokens)
	var past []string
	subjects := map[uint32]bool{}
	s.mu.RLock()
	for id, r := range s.tokens {
		if !r.LastUse.At.IsZero() && r.LastUse.At.Before(before) && !r.dirty {
			past = append(past, id)
		}
	}
	for _, id := range past {
		for _, n := range s.dictionary.of(id) {
			// A file of days is kept until its month is over.
			subjects[n] = s.retention.Tokens > s.retention.Days+32*24*time.Hour
		}
	}
	s.mu.RUnlock()
	maps.DeleteFunc(subjects, func(_ uint32, goes bool) bool { return !goes })
	if len(past) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for _, id := range past {
			for _, statement := range []string{"DELETE FROM tokens WHERE id = ?", "DELETE FROM baselines WHERE token = ?"} {
				if _, err := tx.Exec(statement, id); err != nil {
					return err
				}
			}
		}
		return s.dictionary.delete(tx, subjects, nil)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	for _, id := range past {
		delete(s.tokens, id)
	}
	s.mu.Unlock()
	s.dictionary.remove(subjects, nil)
	return nil
}
