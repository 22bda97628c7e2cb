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
	count := func(span ptrace.Span, found state) {
		if span.Kind() == ptrace.SpanKindServer {
			counts[found]++
		}
	}
	e.each(ctx, ofTraces, from, min(from+groupSize, spans.Len()), func(i int) {
		span := spans.At(i)
		w.count()
		e.offerSpan(ctx, w, rs, ss, span)
		count(span, e.lookAtSpan(w, span, i))
	}, func(i int) {
		otelattr.WithholdSpan(spans.At(i), e.cfg.Erase.word())
		count(spans.At(i), without)
	})
	e.findTokens(w)
	e.each(ctx, ofTraces, 0, len(w.sightings), func(i int) { e.identify(ctx, w, &w.sightings[i], w.entries[i]) },
		func(i int) { otelattr.WithholdSpan(spans.At(w.sightings[i].record), e.cfg.Erase.word()) })
	w.sightings = w.sightings[:0]
}

// lookAtSpan erases the secrets of one span and takes note of its token.
func (e *engine) lookAtSpan(w *worker, span ptrace.Span, record int) state {
	if e.fault != nil {
		e.fault()
	}
	seen := w.next()
	w.cleaner.Span(span, &seen.Sight)
	seen.Settle(e.origins.proxies)
	switch {
	case seen.Secret != "":
		seen.shown = shown{
			record: record, attributes: span.Attributes(), request: otelattr.SpanRequest(span), when: span.EndTimestamp().AsTime(),
			outbound: span.Kind() == ptrace.SpanKindClient || span.Kind() == ptrace.SpanKindProducer,
		}
		if outcome, ok := seen.Outcome(span.Status().Code(), true); ok {
			seen.outcome = otelattr.OutcomeText(outcome)
		}
		w.keep()
		return with
	case seen.Unreadable:
		return unreadable
	case seen.Identified:
		if _, named := span.Attributes().Get(otelattr.TokenID); named {
			return with // an earlier token_identity has been here
		}
	}
	return without
}

// huntTraces erases what was found in one record of the batch from all the others.
func (e *engine) huntTraces(ctx context.Context, w *worker, td ptrace.Traces) {
	w.judge()
	for _, rs := range td.ResourceSpans().All() {
		w.tenant = e.tenantOf(rs.Resource())
		e.huntResource(ctx, w, rs.Resource(), ofTraces)
		for _, ss := range rs.ScopeSpans().All() {
			e.huntScope(ctx, w, ss.Scope(), ofTraces)
			spans := ss.Spans()
			e.each(ctx, ofTraces, 0, spans.Len(), func(i int) {
				if w.count(); w.guilty() {
					w.cleaner.HuntSpan(spans.At(i))
				}
			},
				func(i int) { otelattr.WithholdSpan(spans.At(i), e.cfg.Erase.word()) })
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
