package tokenidentityprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/otelattr"
)

// worker is what one batch is processed with.
type worker struct {
	cleaner   *otelattr.Cleaner
	tenant    string // of the records that are processed now
	signature signature
	appender  otelattr.Appender
	resource  pcommon.Resource
	places    geo.Memo
	geoMisses int64

	record    int        // which one of the batch is worked on; the first is 1
	sightings []sighting // of one group
	entries   []identity.Entry[*token]
	touched   int // what was read only so that it is near
}

func newWorker(e *engine, sources *otelattr.Sources) *worker {
	w := &worker{sightings: make([]sighting, 0, groupSize), entries: make([]identity.Entry[*token], 0, groupSize)}
	w.cleaner = otelattr.NewCleaner(sources, e.erasing(w))
	return w
}

var (
	ofTraces = metric.WithAttributeSet(attribute.NewSet(attribute.String("signal", "traces")))
	ofLogs   = metric.WithAttributeSet(attribute.NewSet(attribute.String("signal", "logs")))
)

// begin takes a worker for a batch.
func (e *engine) begin() *worker {
	w := e.workers.Get().(*worker)
	w.signature.keyID = e.registry.KeyID()
	return w
}

// end gives it back when every secret is forgotten.
func (e *engine) end(ctx context.Context, w *worker, signal metric.MeasurementOption) {
	if n := w.cleaner.Erased(); n > 0 {
		e.telemetry.TokenIdentityErased.Add(ctx, int64(n), signal)
	}
	if n := w.geoMisses; n > 0 {
		w.geoMisses = 0
		e.telemetry.TokenIdentityGeoMisses.Add(ctx, n)
	}
	if n := e.cache.Evicted(); n > 0 {
		e.telemetry.TokenIdentityCacheEvictions.Add(ctx, n)
	}
	for _, sealed := range w.cleaner.Sealed() {
		e.registry.TakeSealed([]byte(sealed))
	}
	w.cleaner.Reset()
	clear(w.sightings[:groupSize])
	clear(w.entries[:groupSize])
	w.record = 0
	w.signature, w.tenant, w.resource = signature{}, "", pcommon.Resource{}
	e.workers.Put(w)
}

// count goes on to the next record of the batch.
func (w *worker) count() {
	w.record++
	w.cleaner.Number(w.record)
}

// judge goes back to the first record, to hunt.
func (w *worker) judge() {
	w.cleaner.Judge()
	w.record = 0
}

// guilty says whether the record has to be hunted through.
func (w *worker) guilty() bool { return w.cleaner.Guilty(w.record) }

// guarded does a piece of work on a record. If that panics, withhold takes away every text that could hold a secret, and the
// batch goes on.
func (e *engine) guarded(ctx context.Context, signal metric.MeasurementOption, work, withhold func()) {
	defer func() {
		if cause := recover(); cause != nil {
			e.telemetry.TokenIdentityPanics.Add(ctx, 1, signal)
			e.telemetry.TokenIdentityWithheld.Add(ctx, 1, signal)
			// The cause's own text may quote the record.
			e.logger.Error("A record could not be processed: it is exported without its texts", zap.String("cause", fmt.Sprintf("%T", cause)), zap.Stack("stack"))
			withhold()
		}
	}()
	work()
}

// each is guarded for every record of a row.
func (e *engine) each(ctx context.Context, signal metric.MeasurementOption, from, to int, work, withhold func(i int)) {
	for from < to {
		e.guarded(ctx, signal, func() {
			for ; from < to; from++ {
				work(from)
			}
		}, func() {
			withhold(from)
			from++
		})
	}
}
