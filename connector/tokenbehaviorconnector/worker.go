package tokenbehaviorconnector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/journal"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/requests"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/price"
)

var errBusy = errors.New("requests arrive faster than they are learned from")

// worker owns everything that is learned and counted, in one goroutine: batches are worked off in order of arrival.
type worker struct {
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    *health
	metrics   *metricsOutput
	events    *eventsOutput
	foreign   *foreign
	prices    *price.List
	clocks    *clocks

	unitAttributes []otelattr.UnitAttribute
	detailed       bool // an output wants to know more of tokens than what is learned from
	unitValues     []unitValue

	tasks chan task
	late  atomic.Bool   // the worker is behind: telemetry does not wait for it
	quit  chan struct{} // closed when the worker is to end
	done  chan struct{} // closed when it has

	store    *store
	learner  *learner
	recent   *requests.Recent
	units    *units
	reorder  reorder
	released uint64 // records that left the reorder window, ever, and batches of units
	meta     meta
	arrived  time.Time
	arrival  int64 // of the entry that is handled
	buffers  buffers

	saidSampled bool // that there is sampling that nobody can undo
}

// task is a batch, or something else to do between batches.
type task struct {
	batch *batch
	do    func()
}

func newWorker(config *Config, logger *zap.Logger, telemetry *metadata.TelemetryBuilder, h *health, metrics *metricsOutput, events *eventsOutput, prices *price.List) *worker {
	w := &worker{
		config:    config,
		logger:    logger,
		telemetry: telemetry,
		health:    h,
		metrics:   metrics,
		events:    events,
		foreign:   newForeign(config, telemetry, h),
		prices:    prices,
		clocks:    newClocks(telemetry, logger),
		tasks:     make(chan task, 64),
		quit:      make(chan struct{}),
		done:      make(chan struct{}),
	}
	for _, unit := range slices.Sorted(maps.Keys(config.Units.Attributes)) {
		w.unitAttributes = append(w.unitAttributes, otelattr.UnitAttribute{Attribute: config.Units.Attributes[unit], Unit: unit})
	}
	for _, output := range config.Outputs {
		w.detailed = w.detailed || output.LastUsed
	}
	metrics.standing = func(token string, outbound bool) (behavior.Standing, bool) {
		return w.learner.standing(token, outbound)
	}
	w.reset()
	return w
}

// reset forgets everything.
func (w *worker) reset() {
	w.store = newStore(nil, w.telemetry, w.health)
	w.learner = newLearner(w.config, w.prices.Currency, w.telemetry, w.health, func(key string) ([]byte, error) {
		value, err := w.store.get(key)
		if err != nil {
			w.store.failed("read")
		}
		return value, err
	})
	w.recent = requests.NewRecent("recent", w.config.Limits.RecentRequests, w.config.Count == countEvery)
	w.units = newUnits(w.config, w.prices, w.telemetry)
	w.reorder = reorder{window: int64(w.config.ReorderWindow), limit: w.config.Limits.MaxReordered}
	w.released = 0
}

// start reads the state through client, which may be nil, and begins to work.
func (w *worker) start(ctx context.Context, client storage.Client) {
	w.metrics.begin(now())
	w.metrics.engineID = uuid.NewString()
	if client != nil {
		w.store = newStore(client, w.telemetry, w.health)
		w.metrics.store = w.store
		if err := w.restore(); err != nil {
			_ = w.store.close(ctx)
			w.reset()
			w.metrics.begin(now())
			w.metrics.engineID = uuid.NewString() // under the stored one, sequences would be given out twice
			w.stateLost("read", err)
		}
	}
	w.metrics.store = w.store
	go w.run()
}

// stateLost says that the state cannot be used: everything is in memory only.
func (w *worker) stateLost(operation string, err error) {
	w.store.failed(operation)
	w.health.fail(faultState, err)
}

func (w *worker) run() {
	defer close(w.done)
	flush := time.NewTicker(w.metrics.every())
	defer flush.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	pace, stop := w.pace()
	defer stop()
	for {
		select {
		case <-pace:
			w.guard(w.tellLives)
		case t := <-w.tasks:
			w.perform(t)
		case err := <-w.store.saved:
			w.store.finish(err)
		case <-flush.C:
			w.guard(w.flushDue)
		case <-tick.C:
			w.guard(w.tick)
		case <-w.quit:
			return
		}
	}
}

func (w *worker) perform(t task) {
	if t.do != nil {
		w.guard(t.do)
		return
	}
	w.arrived = time.Now()
	w.guard(func() {
		defer t.batch.part()
		entry := journal.Entry{Arrival: w.arrived.UnixNano(), Records: t.batch.records, Feedback: t.batch.feedback, Responses: t.batch.said, Uses: t.batch.uses}
		w.store.journal(&entry, t.batch.part)
		w.handle(&entry)
		recordPool.Put(&t.batch.records)
	})
	if len(w.tasks) == 0 && w.late.Swap(false) {
		w.health.recovered(faultBusy)
	}
}

// guard keeps a mistake in one batch away from the next. Learning has its own guard, which costs less.
func (w *worker) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			w.telemetry.TokenBehaviorPanics.Add(context.Background(), 1, taskCounting)
			w.health.fail(faultCounting, fmt.Errorf("%w: %w", errPanicked, asError(p)))
			w.logger.Error("counting panicked", zap.Any("panic", p), zap.Stack("stack"))
		}
	}()
	do()
}

// handle does what an entry of the journal says, now or in a replay.
func (w *worker) handle(e *journal.Entry) {
	w.arrival = e.Arrival
	defer func() { w.metrics.relieve(now(), w.released, w.store) }()
	w.heed(e.Feedback)
	w.follow(e.Responses)
	w.units.any = w.units.any || len(e.Uses) > 0 // from the first on requests are remembered, those of its own batch too
	defer w.takeUnits(e.Uses)
	if w.reorder.window == 0 && !e.Drain {
		w.process(e.Records)
		return
	}
	ready := w.buffers.ready[:0]
	late := w.reorder.late
	if e.Drain {
		ready = w.reorder.drain(ready)
	} else {
		ready = w.reorder.add(e.Records, e.Arrival, ready)
	}
	w.telemetry.TokenBehaviorLate.Add(context.Background(), int64(w.reorder.late-late))
	w.process(ready)
	clear(ready)
	w.buffers.ready = ready
}

// tick does what time asks for.
func (w *worker) tick() {
	w.foreign.forget()
	if len(w.reorder.heap) > 0 && time.Since(w.arrived) >= w.reorder.idleAfter() {
		w.drain()
	}
	if w.store.due(w.config.Limits.JournalMiB << 20) {
		w.save()
	}
}

// drain empties the reorder window.
func (w *worker) drain() {
	if len(w.reorder.heap) == 0 {
		return
	}
	entry := journal.Entry{Arrival: now(), Drain: true}
	w.store.journal(&entry, func() {})
	w.handle(&entry)
}

// flush cuts the batches of usage metrics and reports on the worker itself.
func (w *worker) flush() {
	w.metrics.cut(now(), w.released, w.store, true)
	w.report()
}

// flushDue does so for the pipelines whose time it is.
func (w *worker) flushDue() {
	w.metrics.cut(now(), w.released, w.store, false)
	w.report()
}

// finish works off what has arrived and hands all of it to the outputs.
func (w *worker) finish(ctx context.Context) {
	w.ask(ctx, func() {
		w.drain()
		w.flush()
		w.store.barrier(ctx)
	})
}

// stop saves the state and ends.
func (w *worker) stop(ctx context.Context) error {
	w.ask(ctx, func() {
		w.drain()
		w.store.settle(ctx)
		w.save()
		w.store.settle(ctx)
	})
	close(w.quit)
	select {
	case <-w.done:
	case <-ctx.Done():
	}
	return w.store.close(ctx)
}

// ask has the worker do something after what is queued, and waits for it no longer than ctx allows.
func (w *worker) ask(ctx context.Context, do func()) {
	done := make(chan struct{})
	select {
	case w.tasks <- task{do: func() { defer close(done); do() }}:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// buffers are reused from batch to batch.
type buffers struct {
	ready []otelattr.Record
	obs   observations
}
