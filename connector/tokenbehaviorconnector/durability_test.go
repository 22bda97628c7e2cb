package tokenbehaviorconnector

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

func folder(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.Mkdir(dir, 0o700))
	return dir
}

// killed is a copy of a house's folder as the process would leave it if it were killed now. A copy is no single moment:
// it is taken while nothing is being written.
func (h *house) killed(t *testing.T, dir string) string {
	h.runtime().worker.ask(t.Context(), func() { h.runtime().worker.store.settle(t.Context()) })
	for _, v := range h.runtime().metrics.views {
		for _, pipe := range v.pipes {
			require.Eventually(t, func() bool { return pipe.courier.len() == 0 }, 5*time.Second, time.Millisecond)
		}
	}
	h.runtime().worker.store.barrier(t.Context())
	left := folder(t)
	require.NoError(t, os.CopyFS(left, os.DirFS(dir)))
	return left
}

// withDelta sends deltas to the warehouse.
func withDelta(c *Config) {
	c.Outputs = map[pipeline.ID]Output{warehouse: {Temporality: temporalityDelta}}
}

// What comes out is the same whether the connector is restarted on the way, killed, or neither.
func TestRestartsChangeNothing(t *testing.T) {
	const batches, size = 12, 50
	type outcome struct {
		ids   []string
		usage metricsSink
	}
	// collect adds what came out of a house until now.
	collect := func(o *outcome, h *house) {
		for _, id := range h.events.ids() {
			if !slices.Contains(o.ids, id) {
				o.ids = append(o.ids, id)
			}
		}
		for _, md := range h.warehouse.AllMetrics() {
			_ = o.usage.ConsumeMetrics(t.Context(), md)
		}
	}
	run := func(interrupt func(o *outcome, h *house, dir string, batch int) *house) *outcome {
		dir, o := folder(t), new(outcome)
		h := newHouse(t, withDelta).onDisk(dir).start()
		for batch := range batches {
			if batch%5 == 3 {
				h = interrupt(o, h, dir, batch)
			}
			h.send(many(batch*size, size))
		}
		h.stop()
		collect(o, h)
		return o
	}
	never := run(func(_ *outcome, h *house, _ string, _ int) *house { return h })
	require.Len(t, never.ids, batches*size/10)
	require.Equal(t, int64(batches*size), never.usage.sum(otelattr.MetricRequests))

	t.Run("restarted", func(t *testing.T) {
		o := run(func(o *outcome, h *house, dir string, _ int) *house {
			h.stop()
			collect(o, h)
			return newHouse(t, withDelta).onDisk(dir).start()
		})
		assert.Equal(t, never.ids, o.ids)
		assert.Equal(t, int64(batches*size), o.usage.sum(otelattr.MetricRequests))
	})
	t.Run("killed", func(t *testing.T) {
		o := run(func(o *outcome, h *house, dir string, batch int) *house {
			if batch == 8 { // a snapshot some time before the end, and half of a batch that will be sent again
				h.runtime().worker.ask(t.Context(), h.runtime().worker.save)
				h.send(many(batch*size, size/2))
			}
			left := h.killed(t, dir)
			collect(o, h)
			h.stop() // so that nothing leaks: what comes out now is not looked at
			return newHouse(t, withDelta).onDisk(left).start()
		})
		assert.ElementsMatch(t, never.ids, o.ids)
		assert.Equal(t, int64(batches*size), o.usage.sum(otelattr.MetricRequests))
	})
}

// Pipelines that are flushed at other times are each restored to where they were.
func TestAKillBetweenTheFlushesOfTwoPipelinesLosesNothing(t *testing.T) {
	often := func(c *Config) {
		c.Metrics.Temporality = temporalityDelta
		c.Outputs = map[pipeline.ID]Output{warehouse: {FlushInterval: time.Second}}
	}
	dir := folder(t)
	h := newHouse(t, often).onDisk(dir).start()
	h.send(many(0, 10))
	require.Eventually(t, func() bool { return len(h.warehouse.AllMetrics()) > 0 }, 5*time.Second, 10*time.Millisecond)
	h.send(many(10, 10))
	assert.Empty(t, h.prometheus.AllMetrics(), "its hour is not over")
	left := h.killed(t, dir)
	stored := h.warehouse.sum(otelattr.MetricRequests)
	h.stop()
	h = newHouse(t, often).onDisk(left).start()
	h.stop()
	assert.Equal(t, int64(20), stored+h.warehouse.sum(otelattr.MetricRequests))
	assert.Equal(t, int64(20), h.prometheus.sum(otelattr.MetricRequests))
}

func TestDeltaBatchesAreSentAgainUntilTheyAreTaken(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, withDelta).onDisk(dir)
	h.warehouse.set(errors.New("warehouse closed"))
	h.start()
	flush := func(h *house) { h.runtime().worker.ask(t.Context(), h.runtime().worker.flush) }
	h.send(many(0, 10))
	flush(h)
	h.send(many(10, 10))
	flush(h)
	h.stop()
	assert.Empty(t, h.warehouse.AllMetrics())

	h = newHouse(t, withDelta).onDisk(dir).start()
	h.send(many(20, 10))
	h.stop()
	assert.Len(t, h.warehouse.AllMetrics(), 3)
	assert.Equal(t, int64(30), h.warehouse.sum(otelattr.MetricRequests))

	h = newHouse(t, withDelta).onDisk(dir).start()
	h.stop()
	assert.Empty(t, h.warehouse.AllMetrics(), "nothing is sent twice")
}

func TestCumulativeSeriesBeginAnew(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, nil).onDisk(dir).start()
	h.send(many(0, 10))
	left := h.killed(t, dir)
	h.stop()
	h = newHouse(t, nil).onDisk(left).start()
	h.send(many(10, 10))
	h.stop()
	assert.Equal(t, int64(10), h.prometheus.last(otelattr.MetricRequests), "what was scraped before the crash is not told again")
}

func TestTheOutboxSurvives(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, func(c *Config) { c.Limits.MaxOutbox = 3 }).onDisk(dir)
	h.events.set(errors.New("not now"))
	h.start()
	for n := range 5 {
		h.send(many(n*10, 10))
		require.Eventually(t, func() bool { return len(h.otherEvents.ids()) == n+1 }, 5*time.Second, time.Millisecond)
	}
	h.stop()
	all := h.otherEvents.ids()

	h = newHouse(t, nil).onDisk(dir).start()
	h.stop()
	assert.Equal(t, all[2:], h.events.ids(), "the latest three")
	assert.Empty(t, h.otherEvents.ids())

	h = newHouse(t, nil).onDisk(dir).start()
	h.stop()
	assert.Empty(t, h.events.ids())
}

// What the reorder window holds is not lost, and its order is not that of arrival.
func TestReordering(t *testing.T) {
	window := func(c *Config) { c.ReorderWindow = time.Minute }
	const n = 600 // a request a second
	run := func(shuffled bool, restart func(h *house, i int) *house) []string {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		if shuffled {
			random := rand.New(rand.NewPCG(1, 1))
			for from := 0; from < n; from += 25 {
				random.Shuffle(25, func(i, j int) { order[from+i], order[from+j] = order[from+j], order[from+i] })
			}
		}
		h := newHouse(t, window).onDisk(folder(t)).start()
		var ids []string
		for i, number := range order {
			if next := restart(h, i); next != h {
				ids = append(ids, h.events.ids()...)
				h = next
			}
			h.send(many(number, 1))
		}
		h.stop()
		assert.Equal(t, uint64(0), h.runtime().worker.reorder.late)
		return append(ids, h.events.ids()...)
	}
	stay := func(h *house, _ int) *house { return h }
	want := run(false, stay)
	require.Len(t, want, n/10)
	assert.Equal(t, want, run(true, stay))
}

// What the reorder window holds is saved with the state, or replayed from the journal.
func TestTheReorderWindowSurvives(t *testing.T) {
	window := func(c *Config) { c.ReorderWindow = time.Minute }
	for name, snapshot := range map[string]bool{"saved": true, "replayed": false} {
		dir := folder(t)
		h := newHouse(t, window).onDisk(dir).start()
		h.send(many(0, 50))
		if snapshot {
			h.runtime().worker.ask(t.Context(), func() {
				h.runtime().worker.save()
				h.runtime().worker.store.settle(t.Context())
			})
		}
		assert.Empty(t, h.events.ids())
		left := h.killed(t, dir)
		h.stop()
		h = newHouse(t, window).onDisk(left).start()
		assert.Empty(t, h.events.ids(), name)
		h.stop()
		assert.Len(t, h.events.ids(), 5, name)
	}
}

func TestTheReorderWindowMayBeClosed(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, func(c *Config) { c.ReorderWindow = time.Minute }).onDisk(dir).start()
	h.send(many(0, 50))
	left := h.killed(t, dir)
	h.stop()
	h = newHouse(t, nil).onDisk(left).start()
	h.send(many(50, 50))
	h.stop()
	assert.Len(t, h.events.ids(), 10)
}

// Records of the year 2099 wait no longer than others, and take nobody's room.
func TestTheReorderWindowLetsGoOfTheFuture(t *testing.T) {
	r := reorder{window: int64(time.Second), limit: 100}
	var ready []otelattr.Record
	at := morning.UnixNano()
	far := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for i := range int64(1000) {
		now := at + i*int64(100*time.Millisecond)
		ready = r.add([]otelattr.Record{
			{Observation: behavior.Observation{Token: "tok_2099", Time: far - i}},
			{Observation: behavior.Observation{Token: "tok_good", Time: now - int64(50*time.Millisecond)}},
		}, now, ready)
		assert.Less(t, len(r.heap), 50)
	}
	assert.Zero(t, r.late)
	var last int64
	for _, record := range ready {
		if record.Token == "tok_good" {
			assert.Greater(t, record.Time, last)
			last = record.Time
		}
	}
}

// A replay counts by the numbers of records, which are wrong behind an entry that was not written.
func TestAStateIsSavedSoonAfterAnEntryWasLost(t *testing.T) {
	d := newDisk()
	h := newHouse(t, withDelta).withStorage(d).start()
	w := h.runtime().worker
	h.send(many(0, 100))
	d.set(storage.ErrStorageFull)
	h.send(many(100, 100))
	w.store.barrier(t.Context())
	d.set(nil)
	w.ask(t.Context(), func() {
		w.flush()
		assert.False(t, w.store.due(w.config.Limits.JournalMiB<<20), "it would fail")
	})
	h.send(many(200, 100))
	w.store.barrier(t.Context())
	w.ask(t.Context(), func() {
		w.store.lastTime = time.Now().Add(-2 * time.Second)
		assert.True(t, w.store.due(w.config.Limits.JournalMiB<<20))
		w.save()
		w.store.settle(t.Context())
		w.store.lastTime = time.Now().Add(-2 * time.Second)
		assert.False(t, w.store.gap.Load())
	})
	h.stop()
}

func TestTheReorderWindowIsEmptiedWhenNothingComes(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.ReorderWindow = time.Second }).start()
	h.send(many(0, 50))
	assert.Eventually(t, func() bool { return len(h.events.ids()) == 5 }, 5*time.Second, 10*time.Millisecond)
	h.stop()
}

// disk is a storage client that can be full.
type disk struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
	hang   chan struct{}
}

func newDisk() *disk { return &disk{values: make(map[string][]byte)} }

func (d *disk) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.values[key], nil
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	if d.hang != nil {
		<-d.hang
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			d.values[op.Key] = op.Value
		case storage.Delete:
			delete(d.values, op.Key)
		}
	}
	return nil
}

func (*disk) Close(context.Context) error { return nil }

func TestAFullDiskStopsNothing(t *testing.T) {
	d := newDisk()
	h := newHouse(t, withDelta).withStorage(d).start()
	h.send(many(0, 50))
	d.set(storage.ErrStorageFull)
	for n := range 10 {
		h.send(many(50+n*50, 50))
	}
	h.runtime().worker.ask(t.Context(), h.runtime().worker.save)
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	assert.Eventually(t, func() bool { return len(h.events.ids()) == 55 }, 5*time.Second, time.Millisecond)
	d.set(nil)
	h.send(many(550, 50))
	require.Eventually(t, func() bool { return h.host.status() == componentstatus.StatusOK }, 10*time.Second, 10*time.Millisecond,
		"it is noticed when there is room again")
	h.stop()
	assert.Equal(t, int64(600), h.prometheus.last(otelattr.MetricRequests))
	assert.Equal(t, int64(600), h.warehouse.sum(otelattr.MetricRequests))

	h = newHouse(t, nil).withStorage(d).start()
	h.runtime().worker.ask(t.Context(), func() {
		assert.Equal(t, 7+60, h.runtime().worker.learner.engine.Stats().Tokens, "nothing that was learned is missing")
	})
	h.stop()
}

func TestADiskThatHangsDelaysOneBatch(t *testing.T) {
	d := newDisk()
	h := newHouse(t, nil).withStorage(d).start()
	h.send(many(0, 50))
	d.hang = make(chan struct{})
	began := time.Now()
	for n := range 20 {
		h.send(many(50+n*50, 50))
	}
	assert.Less(t, time.Since(began), 2*patience)
	assert.Eventually(t, func() bool { return len(h.events.ids()) == 105 }, 5*time.Second, time.Millisecond, "detection goes on")
	close(d.hang)
	h.stop()
	assert.Equal(t, int64(1050), h.prometheus.last(otelattr.MetricRequests))
}

func TestStateThatCannotBeReadIsLeftAlone(t *testing.T) {
	d := newDisk()
	d.values[metaKey] = []byte(`{"version": 99}`)
	h := newHouse(t, nil).withStorage(d).start()
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	h.send(many(0, 50))
	h.stop()
	assert.Equal(t, int64(50), h.prometheus.last(otelattr.MetricRequests))
	assert.Equal(t, map[string][]byte{metaKey: []byte(`{"version": 99}`)}, d.values)
}

func TestDamagedStateIsLeftAlone(t *testing.T) {
	d := newDisk()
	h := newHouse(t, withDelta).withStorage(d).start()
	h.send(many(0, 100))
	h.stop()
	for _, value := range d.values {
		for i := len(value) / 3; i < 2*len(value)/3; i++ {
			value[i] ^= 0x5a
		}
	}
	left := maps.Clone(d.values)
	h = newHouse(t, withDelta).withStorage(d).start()
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	h.send(many(100, 100))
	h.stop()
	assert.Equal(t, int64(100), h.warehouse.sum(otelattr.MetricRequests))
	assert.Equal(t, left, d.values)
}

func TestAStorageThatPanicsWhenOpenedStopsNothing(t *testing.T) {
	h := newHouse(t, nil)
	h.host.extensions[storageID] = clientExtension{open: func() { panic("page 3 is no page") }}
	h.config.Storage = &storageID
	h.start()
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	h.send(many(0, 100))
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
}

func TestTheJournalDoesNotGrow(t *testing.T) {
	d := newDisk()
	h := newHouse(t, func(c *Config) { c.Limits.RecentRequests = 200 }).withStorage(d).start()
	for n := range 60 {
		h.send(many(n*50, 50))
		if n%10 == 9 {
			h.runtime().worker.ask(t.Context(), func() {
				h.runtime().worker.save()
				h.runtime().worker.store.settle(t.Context())
			})
		}
	}
	d.mu.Lock()
	var journal, recent int
	for key := range d.values {
		switch filepath.Dir(key) {
		case "journal":
			journal++
		case "recent/29", "recent/28":
			recent++
		}
	}
	d.mu.Unlock()
	assert.Zero(t, journal)
	assert.Positive(t, recent)
	assert.Less(t, len(d.values), 1100)
	h.stop()
}

// unreadable is a disk that cannot read some keys.
type unreadable struct {
	*disk
	prefix string // none: all can be read
}

func (d *unreadable) Get(ctx context.Context, key string) ([]byte, error) {
	if d.prefix != "" && strings.HasPrefix(key, d.prefix) {
		return nil, errors.New("input/output error")
	}
	return d.disk.Get(ctx, key)
}

// A store ignores batches that repeat engine id and sequence.
func TestBatchesAfterStateThatCannotBeReadAreNoRepeats(t *testing.T) {
	for _, prefix := range []string{"outbox/", "journal/", cutKey, metaKey} {
		t.Run(prefix, func(t *testing.T) {
			all, d := new(metricsSink), &unreadable{disk: newDisk()}
			for i, unread := range []string{"", prefix, prefix, ""} {
				d.prefix = unread
				h := newHouse(t, withDelta).withStorage(d).start()
				h.send(many(i*100, 100))
				h.stop()
				for _, md := range h.warehouse.AllMetrics() {
					require.NoError(t, all.ConsumeMetrics(t.Context(), md))
				}
			}
			assert.Equal(t, int64(400), all.sum(otelattr.MetricRequests))
		})
	}
}
