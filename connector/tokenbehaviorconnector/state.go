package tokenbehaviorconnector

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/journal"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/requests"
	"github.com/holterhq/holter/internal/otelattr"
)

const (
	metaKey     = "meta"
	reorderKey  = "reorder"
	unitsKey    = "units"
	metaVersion = 1

	// maxGap is how many journal entries in a row may be missing, because the storage failed when they were written.
	maxGap = 4096
)

// meta says what the saved state holds. It is written together with it.
type meta struct {
	Version  int            `json:"version"`
	EngineID string         `json:"engine_id"`
	Next     uint64         `json:"next"`     // the first journal entry that the state does not cover
	Released uint64         `json:"released"` // records that left the reorder window
	Newest   int64          `json:"newest"`   // of the reorder window
	Passed   int64          `json:"passed"`
	Recent   requests.State `json:"recent"`
	Untold   *int32         `json:"untold,omitempty"`   // the day whose baselines are not all told
	Spans    requests.State `json:"spans"`              // whose units were taken
	Outboxes []string       `json:"outboxes,omitempty"` // pipelines for which events waited
}

// save writes what changed since the last time, in one transaction with the deletion of the journal that it covers.
func (w *worker) save() {
	began := time.Now()
	if w.store.writer == nil || w.store.saving != nil {
		return
	}
	w.metrics.cutDelta(now(), w.released, w.store, everyView) // so that the journal is not needed for usage either
	records, err := w.learner.snapshot()
	if err != nil {
		w.health.fail(faultSnapshot, err)
		w.store.lastTime, w.store.failures = began, w.store.failures+1
		return
	}
	for key, value := range w.learner.kept {
		w.store.keep(key, value)
	}
	w.learner.kept = nil
	for _, record := range records {
		w.store.keep(record.Key, record.Value)
	}
	state, recent := w.recent.Save(w.meta.Recent)
	spans, taken := w.units.seen.Save(w.meta.Spans)
	for _, record := range append(recent, taken...) {
		w.store.keep(record.Key, record.Value)
	}
	w.events.save(w.store)
	w.store.keep(reorderKey, nil)
	if held := w.reorder.held(); len(held) > 0 {
		w.store.keep(reorderKey, w.store.encoder.Append(nil, &journal.Entry{Records: held}))
	}
	w.store.keep(unitsKey, nil)
	if waiting := w.units.held(); len(waiting) > 0 {
		w.store.keep(unitsKey, w.store.encoder.Append(nil, &journal.Entry{Uses: waiting}))
	}
	w.meta = meta{
		Version:  metaVersion,
		EngineID: w.meta.EngineID,
		Next:     w.store.next,
		Released: w.released,
		Newest:   w.reorder.newest,
		Passed:   w.reorder.passed,
		Recent:   state,
		Spans:    spans,
	}
	if day, untold := w.learner.engine.Untold(); untold {
		w.meta.Untold = &day
	}
	for _, pipe := range w.events.pipes {
		if pipe.saved {
			w.meta.Outboxes = append(w.meta.Outboxes, pipe.id)
		}
	}
	w.store.keep(metaKey, w.meta.encode())
	w.store.save(began)
}

func (m *meta) encode() []byte {
	b, _ := json.Marshal(m) // of numbers and a string: cannot fail
	return b
}

// restore reads the state and replays what the journal has beyond it. An error means that the state cannot be read and
// must not be overwritten.
func (w *worker) restore() (err error) {
	defer recoverTo(&err)
	value, err := w.store.get(metaKey)
	if err != nil {
		return err
	}
	if value == nil {
		w.meta = meta{Version: metaVersion, EngineID: uuid.NewString()}
		w.store.write(func(err error) {
			if err != nil {
				w.health.fail(faultJournal, err)
			}
		}, storage.SetOperation(metaKey, w.meta.encode()))
	} else if err := w.read(value); err != nil {
		return err
	}
	w.metrics.engineID = w.meta.EngineID
	if err := w.metrics.restore(w.store); err != nil {
		return err
	}
	if err := w.events.restore(w.store); err != nil {
		return err
	}
	if err := w.events.discard(w.meta.Outboxes, w.store); err != nil {
		return err
	}
	w.store.first, w.store.next = w.meta.Next, w.meta.Next
	w.released = w.meta.Released
	if err := w.replay(); err != nil {
		return err
	}
	if _, untold := w.learner.engine.Untold(); !untold && w.meta.Untold != nil {
		w.learner.engine.Retell(*w.meta.Untold)
	}
	return nil
}

func (w *worker) read(value []byte) error {
	if err := json.Unmarshal(value, &w.meta); err != nil {
		return fmt.Errorf("%s: %w", metaKey, err)
	}
	if w.meta.Version != metaVersion {
		return fmt.Errorf("%s: version %d, want %d", metaKey, w.meta.Version, metaVersion)
	}
	if err := w.learner.restore(); err != nil {
		return err
	}
	if err := w.recent.Load(w.meta.Recent, w.store.get); err != nil {
		return err
	}
	var held []otelattr.Record
	if value, err := w.store.get(reorderKey); err != nil {
		return err
	} else if value != nil {
		entry, err := journal.Decode(value)
		if err != nil {
			return fmt.Errorf("%s: %w", reorderKey, err)
		}
		held = entry.Records
	}
	w.reorder.restore(held, w.meta.Newest, w.meta.Passed)
	return w.restoreUnits()
}

// restoreUnits reads which spans' units were taken, and lets those wait again that waited for their requests.
func (w *worker) restoreUnits() error {
	if err := w.units.seen.Load(w.meta.Spans, w.store.get); err != nil {
		return err
	}
	w.units.any = w.meta.Spans != requests.State{}
	value, err := w.store.get(unitsKey)
	if err != nil || value == nil {
		return err
	}
	entry, err := journal.Decode(value)
	if err != nil {
		return fmt.Errorf("%s: %w", unitsKey, err)
	}
	for i := range entry.Uses {
		w.units.first(&entry.Uses[i])
		w.takeUse(&entry.Uses[i])
	}
	return nil
}

// replay does again what the journal says. Events get the same ids as before.
func (w *worker) replay() error {
	began := time.Now()
	var entries, unreadable int
	w.metrics.replaying = true
	defer func() { w.metrics.replaying = false }()
	for number, missing := w.store.first, 0; missing < maxGap; number++ {
		value, err := w.store.get(journalKey(number))
		if err != nil {
			return err
		}
		if value == nil {
			missing++
			continue
		}
		missing = 0
		w.store.next = number + 1
		w.store.size += len(value)
		entry, err := journal.Decode(value)
		if err != nil {
			unreadable++
			continue
		}
		entries++
		w.handle(entry)
	}
	if unreadable > 0 {
		w.health.fail(faultJournal, errors.New("entries cannot be read and were left out"))
	}
	if entries > 0 {
		w.logger.Info("replayed what was journaled after the last snapshot",
			zap.Int("batches", entries), zap.Int("unreadable", unreadable), zap.Duration("took", time.Since(began)))
	}
	return nil
}
