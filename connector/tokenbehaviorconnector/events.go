package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// eventsOutput brings events to each logs pipeline by itself: one that refuses them delays no other. What no
// pipeline has accepted yet is the outbox. It is saved with the state; between two saves the journal stands for it.
type eventsOutput struct {
	config    *Config
	version   string
	telemetry *metadata.TelemetryBuilder
	health    *health
	logger    *zap.Logger
	limit     int // events that wait for one pipeline
	pipes     []*eventsPipe
	started   bool
}

type eventsPipe struct {
	id        string
	courier   *courier[plog.LogRecord]
	saved     bool // something is in the storage
	baselines bool // it is told what has been learned
}

const (
	eventsGroup   = 100
	eventsBackoff = time.Second
)

func newEventsOutput(config *Config, build component.BuildInfo, telemetry *metadata.TelemetryBuilder, h *health, logger *zap.Logger) *eventsOutput {
	return &eventsOutput{config: config, version: build.Version, limit: config.Limits.MaxOutbox, telemetry: telemetry, health: h, logger: logger}
}

// connect finds the pipelines behind a consumer, once: all nodes feed the same.
func (o *eventsOutput) connect(next consumer.Logs) error {
	if o.pipes != nil {
		return nil
	}
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		o.add(pipeline.NewID(pipeline.SignalLogs), next)
		return nil
	}
	ids := sortedIDs(router.PipelineIDs())
	if err := o.config.checkOutputs(pipeline.SignalLogs, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if single, err := router.Consumer(id); err == nil {
			o.add(id, single)
		}
	}
	return nil
}

func (o *eventsOutput) add(id pipeline.ID, next consumer.Logs) {
	fault := faultDelivery("events", id.String())
	o.pipes = append(o.pipes, &eventsPipe{id: id.String(), baselines: o.config.Outputs[id].Baselines, courier: newCourier(courierOptions[plog.LogRecord]{
		send: func(ctx context.Context, group []plog.LogRecord) error {
			return next.ConsumeLogs(ctx, o.pack(group))
		},
		sent:    func([]plog.LogRecord) { o.health.recovered(fault) },
		refused: func(err error) { o.health.fail(fault, err) },
		dropped: func(gone []plog.LogRecord, why error) {
			o.telemetry.TokenBehaviorOutboxDropped.Add(context.Background(), int64(len(gone)))
			o.health.fail(fault, fmt.Errorf("%d events were given up: %w", len(gone), why))
		},
		limit:   o.limit,
		group:   eventsGroup,
		backoff: eventsBackoff,
	})})
}

// put hands over events as they are raised.
func (o *eventsOutput) put(events []anomaly.Event) {
	observed := pcommon.Timestamp(now())
	for i := range events {
		record := plog.NewLogRecord()
		otelattr.PutAnomaly(&events[i], observed, record)
		o.telemetry.TokenBehaviorAnomalies.Add(context.Background(), 1,
			metric.WithAttributeSet(attribute.NewSet(attribute.String("detector", string(events[i].Detector)))))
		for _, pipe := range o.pipes {
			pipe.courier.put(record)
		}
	}
}

// tellsBaselines says whether a pipeline is told what has been learned.
func (o *eventsOutput) tellsBaselines() bool {
	return slices.ContainsFunc(o.pipes, func(p *eventsPipe) bool { return p.baselines })
}

// putBaseline hands over what has been learned of a token.
func (o *eventsOutput) putBaseline(l *behavior.Life, cause *anomaly.Event) {
	record := plog.NewLogRecord()
	otelattr.PutBaseline(l, cause, pcommon.Timestamp(now()), record)
	o.telemetry.TokenBehaviorBaselines.Add(context.Background(), 1)
	for _, pipe := range o.pipes {
		if pipe.baselines {
			pipe.courier.put(record)
		}
	}
}

// pack copies records into a batch that the pipeline owns.
func (o *eventsOutput) pack(group []plog.LogRecord) plog.Logs {
	ld := plog.NewLogs()
	scope := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(o.version)
	for _, record := range group {
		record.CopyTo(scope.LogRecords().AppendEmpty())
	}
	return ld
}

func (o *eventsOutput) start() {
	if o.started {
		return
	}
	o.started = true
	for _, pipe := range o.pipes {
		pipe.courier.start()
	}
}

func (o *eventsOutput) stop(ctx context.Context) {
	closes := make([]func(context.Context), len(o.pipes))
	for i, pipe := range o.pipes {
		closes[i] = pipe.courier.close
	}
	closeAll(ctx, closes)
}

// waiting is how many events the slowest pipeline has not accepted.
func (o *eventsOutput) waiting() int {
	var most int
	for _, pipe := range o.pipes {
		most = max(most, pipe.courier.len())
	}
	return most
}

func outboxKey(pipe string) string { return "outbox/" + pipe }

// save keeps what waits.
func (o *eventsOutput) save(s *store) {
	for _, pipe := range o.pipes {
		group := pipe.courier.waiting()
		if len(group) == 0 {
			if pipe.saved {
				s.keep(outboxKey(pipe.id), nil)
			}
			pipe.saved = false
			continue
		}
		value, err := new(plog.ProtoMarshaler).MarshalLogs(o.pack(group))
		if err != nil {
			o.health.fail(faultSnapshot, err)
			continue
		}
		pipe.saved = true
		s.keep(outboxKey(pipe.id), value)
	}
}

// discard gives up what waited for pipelines that are no more, so that it does not stay in the storage for ever.
func (o *eventsOutput) discard(outboxes []string, s *store) error {
	for _, id := range outboxes {
		if slices.ContainsFunc(o.pipes, func(p *eventsPipe) bool { return p.id == id }) {
			continue
		}
		ld, err := outbox(id, s)
		if err != nil {
			return err
		}
		s.keep(outboxKey(id), nil)
		if n := ld.LogRecordCount(); n > 0 {
			o.telemetry.TokenBehaviorOutboxDropped.Add(context.Background(), int64(n))
			o.logger.Warn("events were given up that waited for a pipeline that no longer receives from this connector",
				zap.String("pipeline", id), zap.Int("events", n))
		}
	}
	return nil
}

// outbox reads what waited for a pipeline.
func outbox(pipe string, s *store) (plog.Logs, error) {
	value, err := s.get(outboxKey(pipe))
	if err != nil || value == nil {
		return plog.NewLogs(), err
	}
	ld, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(value)
	if err != nil {
		return ld, fmt.Errorf("%s: %w", outboxKey(pipe), err)
	}
	return ld, nil
}

// restore puts back what waited.
func (o *eventsOutput) restore(s *store) error {
	for _, pipe := range o.pipes {
		ld, err := outbox(pipe.id, s)
		if err != nil {
			return err
		}
		pipe.saved = ld.LogRecordCount() > 0
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					pipe.courier.put(record)
				}
			}
		}
	}
	return nil
}
