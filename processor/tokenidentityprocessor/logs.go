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
	e.each(ctx, ofLogs, from, min(from+groupSize, logs.Len()), func(i int) {
		w.count()
		e.offerLog(ctx, w, rl, sl, logs.At(i))
		e.lookAtLog(w, logs.At(i), i)
	}, func(i int) { otelattr.WithholdLog(logs.At(i), e.cfg.Erase.word()) })
	e.findTokens(w)
	e.each(ctx, ofLogs, 0, len(w.sightings), func(i int) { e.identify(ctx, w, &w.sightings[i], w.entries[i]) },
		func(i int) { otelattr.WithholdLog(logs.At(w.sightings[i].record), e.cfg.Erase.word()) })
	w.sightings = w.sightings[:0]
}

// lookAtLog erases the secrets of one log record and takes note of its token.
func (e *engine) lookAtLog(w *worker, log plog.LogRecord, record int) {
	if e.fault != nil {
		e.fault()
	}
	seen := w.next()
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
		seen.outcome = otelattr.OutcomeText(outcome)
	}
	w.keep()
}

// huntLogs erases what was found in one record of the batch from all the others.
func (e *engine) huntLogs(ctx context.Context, w *worker, ld plog.Logs) {
	w.judge()
	for _, rl := range ld.ResourceLogs().All() {
		w.tenant = e.tenantOf(rl.Resource())
		e.huntResource(ctx, w, rl.Resource(), ofLogs)
		for _, sl := range rl.ScopeLogs().All() {
			e.huntScope(ctx, w, sl.Scope(), ofLogs)
			logs := sl.LogRecords()
			e.each(ctx, ofLogs, 0, logs.Len(), func(i int) {
				if w.count(); w.guilty() {
					w.cleaner.HuntLog(logs.At(i))
				}
			},
				func(i int) { otelattr.WithholdLog(logs.At(i), e.cfg.Erase.word()) })
		}
	}
}
