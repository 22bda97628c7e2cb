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
	for _, rl := range ld.ResourceLogs().All() {
		w.tenant = e.tenantOf(rl.Resource())
		e.cleanResource(ctx, w, rl.Resource(), ofLogs)
		w.signature.of(rl.Resource())
		w.resource = rl.Resource()
		for _, sl := range rl.ScopeLogs().All() {
			e.cleanScope(ctx, w, sl.Scope(), ofLogs)
			for _, log := range sl.LogRecords().All() {
				e.offerLog(ctx, w, rl, sl, log)
				e.cleanLog(ctx, w, log)
			}
		}
	}
	if w.cleaner.Hunting() {
		e.huntLogs(ctx, w, ld)
	}
	return ld, nil
}

// cleanLog erases the secrets of one log record and identifies its token.
func (e *engine) cleanLog(ctx context.Context, w *worker, log plog.LogRecord) {
	e.guarded(ctx, ofLogs, func() {
		if e.fault != nil {
			e.fault()
		}
		sight := w.cleaner.Log(log)
		sight.Settle(e.origins.proxies)
		if sight.Secret == "" {
			return
		}
		when := log.Timestamp()
		if when == 0 {
			when = log.ObservedTimestamp()
		}
		t, use := e.identify(ctx, w, sight, when.AsTime(), false, otelattr.LogRequest(log))
		if outcome, ok := sight.Outcome(ptrace.StatusCodeUnset, false); ok {
			use.Outcome = outcome.String()
		}
		who := t.identity()
		w.appender.PutIdentity(log.Attributes(), &who, &use, e.choice)
		w.signature.put(log.Attributes())
		if e.seals > 0 {
			e.seal(w.tenant, sight, t, when.AsTime(), log.Attributes())
		}
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
