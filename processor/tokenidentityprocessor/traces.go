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
	for _, rs := range td.ResourceSpans().All() {
		w.tenant = e.tenantOf(rs.Resource())
		e.cleanResource(ctx, w, rs.Resource(), ofTraces)
		w.signature.of(rs.Resource())
		w.resource = rs.Resource()
		service := textOf(rs.Resource(), otelattr.ServiceName)
		var counts [states]int64
		for _, ss := range rs.ScopeSpans().All() {
			e.cleanScope(ctx, w, ss.Scope(), ofTraces)
			for _, span := range ss.Spans().All() {
				e.offerSpan(ctx, w, rs, ss, span)
				seen := e.cleanSpan(ctx, w, span)
				if span.Kind() == ptrace.SpanKindServer {
					counts[seen]++
				}
			}
		}
		e.coverage.add(ctx, service, counts)
	}
	if w.cleaner.Hunting() {
		e.huntTraces(ctx, w, td)
	}
	return td, nil
}

// cleanSpan erases the secrets of one span and identifies its token.
func (e *engine) cleanSpan(ctx context.Context, w *worker, span ptrace.Span) (seen state) {
	e.guarded(ctx, ofTraces, func() {
		if e.fault != nil {
			e.fault()
		}
		sight := w.cleaner.Span(span)
		sight.Settle(e.origins.proxies)
		switch {
		case sight.Secret == "" && sight.Unreadable:
			seen = unreadable
		case sight.Secret != "":
			seen = with
			outbound := span.Kind() == ptrace.SpanKindClient || span.Kind() == ptrace.SpanKindProducer
			t, use := e.identify(ctx, w, sight, span.EndTimestamp().AsTime(), outbound, otelattr.SpanRequest(span))
			if outcome, ok := sight.Outcome(span.Status().Code(), true); ok {
				use.Outcome = outcome.String()
			}
			who := t.identity()
			w.appender.PutIdentity(span.Attributes(), &who, &use, e.choice)
			w.signature.put(span.Attributes())
			if e.seals > 0 {
				e.seal(w.tenant, sight, t, span.EndTimestamp().AsTime(), span.Attributes())
			}
		default:
			if _, named := span.Attributes().Get(otelattr.TokenID); named {
				seen = with // an earlier token_identity has been here
			}
		}
	}, func() { otelattr.WithholdSpan(span, e.cfg.Erase.word()) })
	return seen
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
