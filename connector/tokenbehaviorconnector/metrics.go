package tokenbehaviorconnector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/usage"
)

// metricsOutput counts usage and brings it to the metrics pipelines, to each with its own temporality and limits.
type metricsOutput struct {
	config    *Config
	version   string
	engineID  string
	store     *store
	telemetry *metadata.TelemetryBuilder
	health    *health
	views     []*view
	started   bool
	replaying bool
}

// view is what pipelines with the same settings share.
type view struct {
	viewOptions
	meter    *usage.Meter
	overflow uint64 // reported
	pipes    []*metricsPipe
	released uint64    // records up to here are in delta batches that were cut
	at       int64     // when the latest was
	flushed  time.Time // the same on the clock
}

// viewOptions are the settings of a pipeline.
type viewOptions struct {
	usage.Options
	Every time.Duration // between two batches
}

// metricsPipe is one pipeline.
type metricsPipe struct {
	id        string
	courier   *courier[*metricsBatch]
	sequence  uint64        // of the latest delta batch
	accepted  atomic.Uint64 // the latest delta batch that was accepted
	attribute metric.MeasurementOption
}

// metricsBatch is what a pipeline gets at once.
type metricsBatch struct {
	metrics  pmetric.Metrics
	sequence uint64 // of a delta batch
}

const (
	deltaBatches   = 240 // that wait for a pipeline that refuses them: an hour's
	metricsBackoff = time.Second
)

func newMetricsOutput(config *Config, build component.BuildInfo, telemetry *metadata.TelemetryBuilder, h *health) *metricsOutput {
	return &metricsOutput{config: config, version: build.Version, telemetry: telemetry, health: h}
}

// connect finds the pipelines behind a consumer, once: all nodes feed the same.
func (o *metricsOutput) connect(next consumer.Metrics) error {
	if o.views != nil {
		return nil
	}
	router, ok := next.(connector.MetricsRouterAndConsumer)
	if !ok {
		o.add(pipeline.NewID(pipeline.SignalMetrics), next)
		return nil
	}
	ids := sortedIDs(router.PipelineIDs())
	for id := range o.config.Outputs {
		if !slices.Contains(ids, id) {
			names := make([]string, len(ids))
			for i := range ids {
				names[i] = ids[i].String()
			}
			return fmt.Errorf("outputs::%s: no such pipeline receives from this connector: use one of %s", id, strings.Join(names, ", "))
		}
	}
	for _, id := range ids {
		single, err := router.Consumer(id)
		if err != nil {
			return fmt.Errorf("outputs::%s: %w", id, err)
		}
		o.add(id, single)
	}
	return nil
}

func (o *metricsOutput) add(id pipeline.ID, next consumer.Metrics) {
	options := o.config.viewOptions(id)
	at := slices.IndexFunc(o.views, func(v *view) bool { return v.viewOptions == options })
	if at < 0 {
		at = len(o.views)
		o.views = append(o.views, &view{viewOptions: options})
	}
	pipe := &metricsPipe{id: id.String()}
	pipe.attribute = metric.WithAttributeSet(attribute.NewSet(attribute.String("output", pipe.id)))
	pipe.courier = newCourier(o.courierOptions(pipe, options.Delta, next))
	o.views[at].pipes = append(o.views[at].pipes, pipe)
}

func (o *metricsOutput) courierOptions(pipe *metricsPipe, delta bool, next consumer.Metrics) courierOptions[*metricsBatch] {
	fault := faultDelivery("usage metrics", pipe.id)
	options := courierOptions[*metricsBatch]{
		send: func(ctx context.Context, group []*metricsBatch) error {
			md := pmetric.NewMetrics() // the pipeline may change it
			group[0].metrics.CopyTo(md)
			return next.ConsumeMetrics(ctx, md)
		},
		sent: func([]*metricsBatch) { o.health.recovered(fault) },
		refused: func(err error) {
			o.telemetry.TokenBehaviorMetricsRefused.Add(context.Background(), 1, pipe.attribute)
			o.health.fail(fault, err)
		},
		dropped: func([]*metricsBatch) {}, // a later cumulative batch says all that an earlier one did
		limit:   1,
		group:   1,
		backoff: metricsBackoff,
	}
	if delta {
		options.limit = deltaBatches
		options.sent = func(group []*metricsBatch) {
			pipe.accept(group, o.store)
			o.health.recovered(fault)
		}
		options.dropped = func(group []*metricsBatch) {
			pipe.accept(group, o.store)
			o.health.fail(fault, errors.New("usage was given up that the pipeline refused for too long"))
		}
	}
	return options
}

// viewOptions are the settings of one pipeline.
func (c *Config) viewOptions(id pipeline.ID) viewOptions {
	output := c.Outputs[id]
	return viewOptions{
		Options: usage.Options{
			Delta:       cmp.Or(output.Temporality, c.Metrics.Temporality) == temporalityDelta,
			MaxTokens:   cmp.Or(output.MaxTokens, c.Metrics.MaxTokens),
			MaxRoutes:   c.Metrics.MaxRoutes,
			MaxOrigins:  c.Metrics.MaxOrigins,
			MaxReleases: c.Metrics.MaxReleases,
			MaxClients:  c.Metrics.MaxClients,
			MaxShared:   c.Metrics.MaxServiceRoutes,
		},
		Every: cmp.Or(output.FlushInterval, c.Metrics.FlushInterval),
	}
}

// every is the shortest time between two batches of any pipeline.
func (o *metricsOutput) every() time.Duration {
	if len(o.views) == 0 {
		return o.config.Metrics.FlushInterval
	}
	return slices.MinFunc(o.views, func(a, b *view) int { return cmp.Compare(a.Every, b.Every) }).Every
}

// begin starts to count. Delta batches that were accepted are deleted from the store.
func (o *metricsOutput) begin(now int64) {
	for _, v := range o.views {
		v.begin(now)
	}
}

func (v *view) begin(now int64) {
	v.meter, v.overflow = usage.New(v.Options, now), 0
	v.at, v.flushed = now, time.Now()
}

// counted says whether a view is done with a record. In a replay cumulative series begin anew, and a delta batch that was cut has it already.
func (o *metricsOutput) counted(v *view, ordinal uint64) bool {
	return o.replaying && (!v.Delta || ordinal <= v.released)
}

// record counts an observation.
func (o *metricsOutput) record(obs *behavior.Observation, m *mark) {
	for _, v := range o.views {
		if o.counted(v, m.ordinal) {
			continue
		}
		v.meter.Record(obs, m.role)
		if m.served {
			v.meter.Cover(obs.Service, coverage(obs, m))
		}
	}
}

// await makes ready to record observations, usage.InSight at most.
func (o *metricsOutput) await(obs []behavior.Observation) {
	for _, v := range o.views {
		v.meter.Await(obs)
	}
}

// charge counts what a request used that was counted under this ordinal.
func (o *metricsOutput) charge(obs *behavior.Observation, ordinal uint64, c *usage.Charge) {
	for _, v := range o.views {
		if o.counted(v, ordinal) {
			continue
		}
		v.meter.Charge(obs, c)
	}
}

func coverage(obs *behavior.Observation, m *mark) usage.Coverage {
	n := max(1, uint64(max(0, obs.Weight)+0.5))
	switch {
	case obs.Token != "":
		return usage.Coverage{With: n}
	case m.unreadable:
		return usage.Coverage{Unreadable: n}
	default:
		return usage.Coverage{Without: n}
	}
}

// cut hands what was counted to the pipelines, to all of them or to those whose time it is.
func (o *metricsOutput) cut(now int64, released uint64, s *store, all bool) {
	due := func(v *view) bool { return all || time.Since(v.flushed) > v.Every-o.every()/2 }
	for _, v := range o.views {
		if v.Delta || !due(v) {
			continue
		}
		v.flushed = time.Now()
		b := v.meter.Collect(now)
		o.reportOverflow(v)
		if b.Empty() {
			continue
		}
		for _, pipe := range v.pipes {
			pipe.courier.put(&metricsBatch{metrics: o.pack(b)})
		}
	}
	o.cutDelta(now, released, s, due)
}

// pack makes metrics of a batch.
func (o *metricsOutput) pack(b *usage.Batch) pmetric.Metrics {
	md := pmetric.NewMetrics()
	scope := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(o.version)
	otelattr.PutUsage(b, scope.Metrics())
	return md
}

func (o *metricsOutput) reportOverflow(v *view) {
	n := v.meter.Overflowed() - v.overflow
	v.overflow += n
	if n == 0 {
		return
	}
	for _, pipe := range v.pipes {
		o.telemetry.TokenBehaviorOverflow.Add(context.Background(), int64(n), pipe.attribute)
	}
}

func (o *metricsOutput) start() {
	if o.started {
		return
	}
	o.started = true
	for _, v := range o.views {
		for _, pipe := range v.pipes {
			pipe.courier.start()
		}
	}
}

func (o *metricsOutput) stop(ctx context.Context) {
	for _, v := range o.views {
		for _, pipe := range v.pipes {
			pipe.courier.close(ctx)
		}
	}
}

func sortedIDs(ids []pipeline.ID) []pipeline.ID {
	return slices.SortedFunc(slices.Values(ids), func(a, b pipeline.ID) int { return strings.Compare(a.String(), b.String()) })
}
