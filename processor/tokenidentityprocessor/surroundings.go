package tokenidentityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/internal/otelattr"
)

// What records have in common, their resource and their scope, is cleaned and hunted like they are.

func (e *engine) cleanResource(ctx context.Context, w *worker, resource pcommon.Resource, signal metric.MeasurementOption) {
	e.guarded(ctx, signal, func() { w.cleaner.Resource(resource) },
		func() { otelattr.WithholdResource(resource, e.cfg.Erase.word()) })
}

func (e *engine) cleanScope(ctx context.Context, w *worker, scope pcommon.InstrumentationScope, signal metric.MeasurementOption) {
	e.guarded(ctx, signal, func() { w.cleaner.Scope(scope) },
		func() { otelattr.WithholdScope(scope, e.cfg.Erase.word()) })
}

func (e *engine) huntResource(ctx context.Context, w *worker, resource pcommon.Resource, signal metric.MeasurementOption) {
	e.guarded(ctx, signal, func() { w.cleaner.HuntResource(resource) },
		func() { otelattr.WithholdResource(resource, e.cfg.Erase.word()) })
}

func (e *engine) huntScope(ctx context.Context, w *worker, scope pcommon.InstrumentationScope, signal metric.MeasurementOption) {
	e.guarded(ctx, signal, func() { w.cleaner.HuntScope(scope) },
		func() { otelattr.WithholdScope(scope, e.cfg.Erase.word()) })
}
