package embedded

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Status says how the store is.
func (s *Store) Status(ctx context.Context) (store.Status, error) {
	status := store.Status{Full: s.full.Load() || s.fullFiles.Load() || s.noRoom(), Late: s.late.Load()}
	s.mu.RLock()
	status.Tokens = len(s.tokens)
	oldest, newest := int64(-1), int64(-1)
	for id, b := range s.buckets[minutes] {
		for _, c := range b.chunks {
			status.Facts += c.rows
		}
		for _, r := range slices.Concat(b.runs, b.sealing) {
			status.Facts += int64(r.rows)
		}
		if start := minutes.start(id); len(b.chunks)+len(b.runs)+len(b.sealing) > 0 {
			if oldest < 0 || start < oldest {
				oldest = start
			}
			newest = max(newest, minutes.end(id)-1)
		}
	}
	names := slices.Sorted(maps.Keys(s.trouble))
	if len(names) > 0 {
		status.Trouble = s.trouble[names[0]]
		if more := len(names) - 1; more > 0 {
			status.Trouble += fmt.Sprintf("; the same of %d others", more)
		}
	}
	s.mu.RUnlock()
	if oldest >= 0 {
		status.Oldest, status.Newest = time.Unix(oldest*60, 0).UTC(), time.Unix(newest*60, 0).UTC()
	}
	err := filepath.WalkDir(s.folder, func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		status.Bytes += info.Size()
		return nil
	})
	return status, err
}

// leastRoom is what a write may need. Of less the disk is full, whether anything was written since or not: what waits in a queue on the same disk is refused before
// it comes here.
const leastRoom = 512 << 10

func (s *Store) noRoom() bool {
	free, known := s.room(s.folder)
	return known && free < leastRoom
}

// ignoreGone forgives what was removed while it was looked at.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
