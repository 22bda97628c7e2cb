package tokenbehaviorconnector

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// patience is how long telemetry waits for Holter at most, once. When it is exhausted the next batches do not wait at all
// until things move again.
const patience = time.Second

// batch is what a call brought, on its way to the worker.
type batch struct {
	records  []otelattr.Record
	feedback []behavior.Feedback
	said     []behavior.Response
	uses     []otelattr.Consumption
	parts    atomic.Int32  // what has to happen still before the batch may be acknowledged
	done     chan struct{} // closed then
}

// part notes that the batch was learned from, or journaled.
func (b *batch) part() {
	if b.parts.Add(-1) == 0 {
		close(b.done)
	}
}

// recordPool keeps the memory of batches that were worked off.
var recordPool = sync.Pool{New: func() any { return new([]otelattr.Record) }}

// takeTraces reads the requests out of a batch of spans and hands them over.
func (w *worker) takeTraces(ctx context.Context, td ptrace.Traces) {
	var uses []otelattr.Consumption
	w.guard(func() { uses = w.readUnits(td) })
	w.guard(func() { w.submit(ctx, &batch{records: w.foreign.refuse(w.readTraces(td)), uses: uses}) })
}

func (w *worker) readTraces(td ptrace.Traces) []otelattr.Record {
	records := (*recordPool.Get().(*[]otelattr.Record))[:0]
	arrival, details := now(), w.details()
	defer details.read()
	for _, resource := range td.ResourceSpans().All() {
		from := len(records)
		origin := otelattr.OriginOf(resource.Resource().Attributes(), w.config.Tenant.Attribute)
		for _, scope := range resource.ScopeSpans().All() {
			origin.Sampled = otelattr.TailSampled(scope.Scope().Attributes())
			for _, span := range scope.Spans().All() {
				if records = oneMore(records); !origin.Span(span, last(records)) {
					records = records[:len(records)-1]
					continue
				}
				details.note(last(records), span.Attributes())
			}
		}
		w.clocks.records(resource.Resource().Attributes(), records[from:], arrival)
	}
	return records
}

// takeLogs reads the requests out of a batch of log records and hands them over.
func (w *worker) takeLogs(ctx context.Context, ld plog.Logs) {
	w.guard(func() {
		w.submit(ctx, &batch{records: w.foreign.refuse(w.readLogs(ld)), feedback: w.readFeedback(ld), said: w.readResponses(ld)})
	})
}

func (w *worker) readLogs(ld plog.Logs) []otelattr.Record {
	records := (*recordPool.Get().(*[]otelattr.Record))[:0]
	arrival, details := now(), w.details()
	defer details.read()
	for _, resource := range ld.ResourceLogs().All() {
		from := len(records)
		origin := otelattr.OriginOf(resource.Resource().Attributes(), w.config.Tenant.Attribute)
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				if records = oneMore(records); !origin.Log(log, last(records)) {
					records = records[:len(records)-1]
					continue
				}
				details.note(last(records), log.Attributes())
			}
		}
		w.clocks.records(resource.Resource().Attributes(), records[from:], arrival)
	}
	return records
}

// oneMore appends a record that is read next: it holds what an earlier one has left.
func oneMore(records []otelattr.Record) []otelattr.Record {
	return slices.Grow(records, 1)[:len(records)+1]
}

func last(records []otelattr.Record) *otelattr.Record { return &records[len(records)-1] }

// submit hands a batch to the worker and returns when it is journaled and learned from, or when patience is exhausted.
func (w *worker) submit(ctx context.Context, b *batch) {
	if len(b.records)+len(b.feedback)+len(b.said)+len(b.uses) == 0 {
		recordPool.Put(&b.records)
		return
	}
	b.done = make(chan struct{})
	b.parts.Store(2)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	if !w.enqueue(ctx, b, timer.C) {
		w.telemetry.TokenBehaviorDropped.Add(ctx, int64(len(b.records)+len(b.feedback)+len(b.said)))
		w.health.fail(faultBusy, errBusy)
		return
	}
	if w.late.Load() || w.store.hangs() {
		return
	}
	select {
	case <-b.done:
	case <-timer.C:
		w.late.Store(true) // until the worker has caught up
	}
}

func (w *worker) enqueue(ctx context.Context, b *batch, timeout <-chan time.Time) bool {
	select {
	case w.tasks <- task{batch: b}:
		return true
	default:
	}
	if w.late.Load() {
		return false
	}
	select {
	case w.tasks <- task{batch: b}:
		return true
	case <-timeout:
		w.late.Store(true)
	case <-ctx.Done():
	case <-w.quit:
	}
	return false
}
