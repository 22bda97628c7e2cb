package tokenidentityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// processLogs does for log records what processTraces does for spans.
func (e *engine) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	w := e.begin()
	defer e.end(ctx, w, ofLogs)
	ld.ResourceLogs().EnsureCapacity(0) // refuses what must not be written: texts are written in place
	for _, rl := range ld.ResourceLogs().All() {
		w.tenant = e.tenantOf(rl.Resource())
		e.cleanResource(ctx, w, rl.Resource(), ofLogs)
		w.signature.of(rl.Resource())
		w.resource = rl.Resource()
		for _, sl := range rl.ScopeLogs().All() {
			e.cleanScope(ctx, w, sl.Scope(), ofLogs)
			for from := range groups(sl.LogRecords().Len()) {
				e.processRecords(ctx, w, rl, sl, from)
			}
		}
	}
	if w.cleaner.Hunting() {
		e.huntLogs(ctx, w, ld)
	}
	return ld, nil
}

// processRecords does a group of log records, from the one on that is given.
func (e *engine) processRecords(ctx context.Context, w *worker, rl plog.ResourceLogs, sl plog.ScopeLogs, from int) {
	logs := sl.LogRecords()
	for i := from; i < min(from+groupSize, logs.Len()); i++ {
		e.offerLog(ctx, w, rl, sl, logs.At(i))
		e.lookAtLog(ctx, w, logs.At(i), i)
	}
	e.findTokens(w)
	for i := range w.sightings {
		seen := &w.sightings[i]
		e.guarded(ctx, ofLogs, func() { e.identify(ctx, w, seen, w.entries[i]) },
			func() { otelattr.WithholdLog(logs.At(seen.record), e.cfg.Erase.word()) })
	}
	w.sightings = w.sightings[:0]
}

// lookAtLog erases the secrets of one log record and takes note of its token.
func (e *engine) lookAtLog(ctx context.Context, w *worker, log plog.LogRecord, record int) {
	seen := w.next()
	e.guarded(ctx, ofLogs, func() {
		if e.fault != nil {
			e.fault()
		}
		w.cleaner.Log(log, &seen.Sight)
		seen.Settle(e.origins.proxies)
		if seen.Secret == "" {
			return
		}
		when := log.Timestamp()
		if when == 0 {
			when = log.ObservedTimestamp()
		}
		seen.shown = shown{record: record, attributes: log.Attributes(), request: otelattr.LogRequest(log), when: when.AsTime()}
		if outcome, ok := seen.Outcome(ptrace.StatusCodeUnset, false); ok {
			seen.outcome = outcome.String()
		}
		w.keep()
	}, func() { otelattr.WithholdLog(log, e.cfg.Erase.word()) })
}

// huntLogs erases what was found in one record of the batch from all the others.
func (e *engine) huntLogs(ctx context.Context, w *worker, ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		w.tenant = e.tenantOf(rl.Resource())
		e.huntResource(ctx, w, rl.Resource(), ofLogs)
		for _, sl := range rl.ScopeLogs().All() {
			e.huntScope(ctx, w, sl.Scope(), ofLogs)
			for _, log := range sl.LogRecords().All() {
				e.guarded(ctx, ofLogs, func() { w.cleaner.HuntLog(log) },
					func() { otelattr.WithholdLog(log, e.cfg.Erase.word()) })
			}
		}
	}
}
