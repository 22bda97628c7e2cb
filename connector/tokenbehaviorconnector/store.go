package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/journal"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
)

// store is the worker's view of the storage: a journal, and records of state that are saved together with the deletion of
// the entries that they make superfluous. Without a storage everything it is asked to keep is forgotten.
type store struct {
	telemetry *metadata.TelemetryBuilder
	health    *health
	writer    *journal.Writer // nil: no storage
	encoder   journal.Encoder

	first, next uint64            // journal entries that are not covered by saved state
	size        int               // of those, in bytes
	unsaved     map[string][]byte // records that are not in the storage yet; nil deletes
	saved       chan error        // the result of saving
	saving      *saving
	lastSize    int
	lastTime    time.Time
	failures    int         // to save, in a row
	writable    atomic.Bool // the latest entry could be written
	gap         atomic.Bool // one could not: what a replay counts from there on would be wrong, so that the state is saved soon
}

// saving is a write of state that is under way.
type saving struct {
	records map[string][]byte
	gap     bool   // it covers one in the journal
	next    uint64 // the first journal entry that it does not cover
	size    int    // of the journal when it began
	bytes   int
	began   time.Time
}

const (
	readPatience = 10 * time.Second
	saveEvery    = 10 * time.Minute
)

func newStore(client storage.Client, telemetry *metadata.TelemetryBuilder, h *health) *store {
	s := &store{telemetry: telemetry, health: h, unsaved: make(map[string][]byte), saved: make(chan error, 1), lastTime: time.Now()}
	if client != nil {
		s.writer = journal.NewWriter(client)
	}
	return s
}

func journalKey(number uint64) string { return fmt.Sprintf("journal/%016x", number) }

// get reads a record; nil if there is none.
func (s *store) get(key string) ([]byte, error) {
	if value, ok := s.unsaved[key]; ok {
		return value, nil
	}
	if s.saving != nil {
		if value, ok := s.saving.records[key]; ok {
			return value, nil
		}
	}
	if s.writer == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), readPatience)
	defer cancel()
	value, err := s.writer.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return value, nil
}

// journal appends an entry. then is called when it is written, or cannot be.
func (s *store) journal(e *journal.Entry, then func()) {
	if s.writer == nil {
		then()
		return
	}
	value := s.encoder.Append(make([]byte, 0, 128+96*len(e.Records)), e)
	key := journalKey(s.next)
	s.next++
	s.size += len(value)
	s.writer.Submit([]*storage.Operation{storage.SetOperation(key, value)}, func(err error) {
		if err != nil {
			s.gap.Store(true)
			s.writable.Store(false)
			s.failed("journal")
			s.telemetry.TokenBehaviorJournalLost.Add(context.Background(), 1)
			s.health.fail(faultJournal, err)
		} else {
			s.writable.Store(true)
			s.health.recovered(faultJournal)
		}
		then()
	})
}

// write writes records at once, apart from saving.
func (s *store) write(then func(error), ops ...*storage.Operation) {
	if s.writer == nil {
		then(nil)
		return
	}
	s.writer.Submit(ops, func(err error) {
		if err != nil {
			s.failed("snapshot")
		}
		then(err)
	})
}

// barrier waits until what was written before has been, or patience is exhausted.
func (s *store) barrier(ctx context.Context) {
	done := make(chan struct{})
	s.write(func(error) { close(done) })
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// due says whether it is time to save: when the journal has grown large, compared with what saving takes, or old.
func (s *store) due(limit int) bool {
	if s.writer == nil || s.saving != nil || s.next == s.first {
		return false
	}
	since := time.Since(s.lastTime)
	if s.failures > 0 {
		return s.writable.Load() && since > time.Second || since > min(time.Second<<min(s.failures, 6), time.Minute)
	}
	return s.size >= max(limit, 2*s.lastSize) || since > saveEvery || s.gap.Load() && s.writable.Load() && since > time.Second
}

// keep marks a record to be saved; nil deletes it.
func (s *store) keep(key string, value []byte) { s.unsaved[key] = value }

// save writes all records that are not saved yet and deletes the journal up to here, all or nothing.
func (s *store) save(began time.Time) {
	s.lastTime = time.Now()
	if s.writer == nil || s.saving != nil {
		return
	}
	s.saving = &saving{records: s.unsaved, gap: s.gap.Swap(false), next: s.next, size: s.size, began: began}
	s.unsaved = make(map[string][]byte)
	ops := make([]*storage.Operation, 0, len(s.saving.records)+int(s.next-s.first))
	for key, value := range s.saving.records {
		if value == nil {
			ops = append(ops, storage.DeleteOperation(key))
		} else {
			ops = append(ops, storage.SetOperation(key, value))
		}
		s.saving.bytes += len(value)
	}
	for number := s.first; number < s.next; number++ {
		ops = append(ops, storage.DeleteOperation(journalKey(number)))
	}
	s.writer.Submit(ops, func(err error) {
		if err != nil {
			s.failed("snapshot")
		}
		s.saved <- err
	})
}

// finish notes how saving ended.
func (s *store) finish(err error) {
	done := s.saving
	s.saving = nil
	if err != nil {
		s.failures++
		if done.gap {
			s.gap.Store(true)
		}
		s.health.fail(faultSnapshot, err)
		for key, value := range done.records {
			if _, newer := s.unsaved[key]; !newer {
				s.unsaved[key] = value
			}
		}
		return
	}
	s.failures = 0
	s.first = done.next
	s.size -= done.size
	s.lastSize = done.bytes
	s.health.recovered(faultSnapshot)
	ctx := context.Background()
	s.telemetry.TokenBehaviorSnapshotSize.Record(ctx, int64(done.bytes))
	s.telemetry.TokenBehaviorSnapshotDuration.Record(ctx, time.Since(done.began).Seconds())
}

// settle waits until nothing is being saved.
func (s *store) settle(ctx context.Context) {
	if s.saving == nil {
		return
	}
	select {
	case err := <-s.saved:
		s.finish(err)
	case <-ctx.Done():
	}
}

// hangs says whether waiting for the storage is in vain for now.
func (s *store) hangs() bool { return s.writer != nil && s.writer.Hangs(patience) }

// sizes are the bytes that wait to be written, and those of the journal.
func (s *store) sizes() (pending, journal int) {
	if s.writer == nil {
		return 0, 0
	}
	return s.writer.Waiting(), s.size
}

func (s *store) close(ctx context.Context) error {
	if s.writer == nil {
		return nil
	}
	if err := s.writer.Close(ctx); err != nil {
		return fmt.Errorf("close the state: %w", err)
	}
	return nil
}

func (s *store) failed(operation string) {
	s.telemetry.TokenBehaviorStorageErrors.Add(context.Background(), 1,
		metric.WithAttributeSet(attribute.NewSet(attribute.String("operation", operation))))
}
