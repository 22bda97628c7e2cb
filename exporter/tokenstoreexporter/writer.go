package tokenstoreexporter

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/exporter/tokenstoreexporter/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
)

// sayEvery is how often what is not stored is logged again.
const sayEvery = 10 * time.Minute

var (
	reasonForeign    = reason("foreign")
	reasonCumulative = reason("cumulative")
	reasonMalformed  = reason("malformed")
)

func reason(why string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", why)))
}

// writer hands what arrives to the store.
type writer struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	store     store.Store

	mu   sync.Mutex
	said map[string]time.Time
}

func newWriter(set exporter.Settings, cfg *Config) (*writer, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &writer{cfg: cfg, logger: set.Logger, telemetry: telemetry, said: make(map[string]time.Time)}, nil
}

// options are those of the Collector's own helper. What is not in a queue is not tried again here: whoever sent it does, and does not
// wait meanwhile.
func (w *writer) options() []exporterhelper.Option {
	options := []exporterhelper.Option{
		exporterhelper.WithStart(w.start),
		exporterhelper.WithShutdown(w.shutdown),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithQueue(w.cfg.Queue),
	}
	if w.cfg.Queue.HasValue() {
		options = append(options, exporterhelper.WithRetry(w.cfg.Retry))
	}
	return options
}

func (w *writer) start(_ context.Context, host component.Host) (err error) {
	if w.cfg.Queue.HasValue() && w.cfg.Queue.Get().StorageID == nil {
		w.logger.Warn("what waits in sending_queue is lost when the process is killed. Write sending_queue: {storage: file_storage}, or leave sending_queue out")
	}
	w.store, err = tokenstore.FromHost(host, w.cfg.TokenStore)
	return err
}

func (w *writer) shutdown(context.Context) error {
	w.telemetry.Shutdown()
	return nil
}

// metrics writes usage. What fails is tried again as a whole: what was written by then is known by its sequence.
func (w *writer) metrics(ctx context.Context, md pmetric.Metrics) error {
	batches, unread := otelattr.StoredUsage(md)
	for i := range batches {
		if err := w.store.Write(ctx, batches[i]); err != nil {
			return err
		}
	}
	w.tell(ctx, w.telemetry.TokenStoreUnreadPoints, unread)
	return nil
}

// logs writes events. One that comes again has the same id.
func (w *writer) logs(ctx context.Context, ld plog.Logs) error {
	events, unread := otelattr.StoredEvents(ld)
	if len(events) > 0 {
		if err := w.store.PutEvents(ctx, events); err != nil {
			return err
		}
	}
	w.tell(ctx, w.telemetry.TokenStoreUnreadRecords, unread)
	return nil
}

// tell counts what is not stored, and says what to do about it.
func (w *writer) tell(ctx context.Context, counter metric.Int64Counter, unread otelattr.Unread) {
	if unread.Foreign > 0 {
		counter.Add(ctx, int64(unread.Foreign), reasonForeign)
	}
	if unread.Cumulative > 0 {
		counter.Add(ctx, int64(unread.Cumulative), reasonCumulative)
		w.warn("sums since the start are not stored: have token_behavior write deltas for this pipeline, outputs: {metrics/store: {temporality: delta, by_minute: true}}",
			zap.Int("points", unread.Cumulative))
	}
	if unread.Malformed > 0 {
		counter.Add(ctx, int64(unread.Malformed), reasonMalformed)
		w.warn("some of what arrives cannot be stored", zap.Int("times", unread.Malformed), zap.Error(unread.Err))
	}
}

// warn says something, and not again for a while.
func (w *writer) warn(what string, fields ...zap.Field) {
	w.mu.Lock()
	again := time.Since(w.said[what]) < sayEvery
	if !again {
		w.said[what] = time.Now()
	}
	w.mu.Unlock()
	if !again {
		w.logger.Warn(what, fields...)
	}
}
