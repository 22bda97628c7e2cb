package tokenidentityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// processTraces finds the token of every span, erases every secret, and says whose token it was.
func (e *engine) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	w := e.begin()
	defer e.end(ctx, w, ofTraces)
	td.ResourceSpans().EnsureCapacity(0) // refuses what must not be written: texts are written in place
	for _, rs := range td.ResourceSpans().All() {
		w.tenant = e.tenantOf(rs.Resource())
		e.cleanResource(ctx, w, rs.Resource(), ofTraces)
		w.signature.of(rs.Resource())
		w.resource = rs.Resource()
		service := textOf(rs.Resource(), otelattr.ServiceName)
		var counts [states]int64
		for _, ss := range rs.ScopeSpans().All() {
			e.cleanScope(ctx, w, ss.Scope(), ofTraces)
			for from := range groups(ss.Spans().Len()) {
				e.processSpans(ctx, w, rs, ss, from, &counts)
			}
		}
		e.coverage.add(ctx, service, counts)
	}
	if w.cleaner.Hunting() {
		e.huntTraces(ctx, w, td)
	}
	return td, nil
}

// processSpans does a group of spans, from the one on that is given.
func (e *engine) processSpans(ctx context.Context, w *worker, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, from int, counts *[states]int64) {
	spans := ss.Spans()
	for i := from; i < min(from+groupSize, spans.Len()); i++ {
		span := spans.At(i)
		e.offerSpan(ctx, w, rs, ss, span)
		if seen := e.lookAtSpan(ctx, w, span, i); span.Kind() == ptrace.SpanKindServer {
			counts[seen]++
		}
	}
	e.findTokens(w)
	for i := range w.sightings {
		seen := &w.sightings[i]
		e.guarded(ctx, ofTraces, func() { e.identify(ctx, w, seen, w.entries[i]) },
			func() { otelattr.WithholdSpan(spans.At(seen.record), e.cfg.Erase.word()) })
	}
	w.sightings = w.sightings[:0]
}

// lookAtSpan erases the secrets of one span and takes note of its token.
func (e *engine) lookAtSpan(ctx context.Context, w *worker, span ptrace.Span, record int) (found state) {
	seen := w.next()
	e.guarded(ctx, ofTraces, func() {
		if e.fault != nil {
			e.fault()
		}
		w.cleaner.Span(span, &seen.Sight)
		seen.Settle(e.origins.proxies)
		switch {
		case seen.Secret != "":
			found = with
			seen.shown = shown{
				record: record, attributes: span.Attributes(), request: otelattr.SpanRequest(span), when: span.EndTimestamp().AsTime(),
				outbound: span.Kind() == ptrace.SpanKindClient || span.Kind() == ptrace.SpanKindProducer,
			}
			if outcome, ok := seen.Outcome(span.Status().Code(), true); ok {
				seen.outcome = outcome.String()
			}
			w.keep()
		case seen.Unreadable:
			found = unreadable
		case seen.Identified:
			if _, named := span.Attributes().Get(otelattr.TokenID); named {
				found = with // an earlier token_identity has been here
			}
		}
	}, func() { otelattr.WithholdSpan(span, e.cfg.Erase.word()) })
	return found
}

// huntTraces erases what was found in one record of the batch from all the others.
func (e *engine) huntTraces(ctx context.Context, w *worker, td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		w.tenant = e.tenantOf(rs.Resource())
		e.huntResource(ctx, w, rs.Resource(), ofTraces)
		for _, ss := range rs.ScopeSpans().All() {
			e.huntScope(ctx, w, ss.Scope(), ofTraces)
			for _, span := range ss.Spans().All() {
				e.guarded(ctx, ofTraces, func() { w.cleaner.HuntSpan(span) },
					func() { otelattr.WithholdSpan(span, e.cfg.Erase.word()) })
			}
		}
	}
}

// tenantOf is the tenant of a resource, empty if tenants are not told apart.
func (e *engine) tenantOf(resource pcommon.Resource) string {
	if e.cfg.Tenant.Attribute == "" {
		return ""
	}
	return textOf(resource, e.cfg.Tenant.Attribute)
}

func textOf(resource pcommon.Resource, name string) string {
	if value, ok := resource.Attributes().Get(name); ok {
		return value.AsString()
	}
	return ""
}
