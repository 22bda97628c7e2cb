package tokenbehaviorconnector

import (
	"cmp"
	"context"
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
	weights   usage.Weights // of server spans, for coverage
	started   bool
	replaying bool
	standing  func(token string, outbound bool) (behavior.Standing, bool)
}

// metricsPipe is one pipeline.
type metricsPipe struct {
	id        string
	courier   *courier[*metricsBatch]
	sequence  uint64        // of the latest delta batch
	accepted  atomic.Uint64 // the latest delta batch that was accepted
	attribute metric.MeasurementOption
}

// metricsBatch is what a pipeline gets at once. While many wait they are held encoded, which takes a fifth of the memory.
type metricsBatch struct {
	metrics  *pmetric.Metrics // nil: it has to be decoded
	encoded  []byte           // nil: it is not
	sequence uint64           // of a delta batch
}

// own is a copy of the batch that the pipeline may change.
func (b *metricsBatch) own() (md pmetric.Metrics, err error) {
	switch {
	case b.encoded == nil:
		md = pmetric.NewMetrics()
		b.metrics.CopyTo(md)
	case b.metrics == nil:
		md, err = new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(b.encoded)
	default:
		md, b.metrics = *b.metrics, nil
	}
	return md, err
}

const (
	deltaBatches   = 240 // that wait for a pipeline that refuses them, of pageTokens tokens each
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
	if err := o.config.checkOutputs(pipeline.SignalMetrics, ids); err != nil {
		return err
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

// checkOutputs refuses outputs of a signal that no pipeline is meant by.
func (c *Config) checkOutputs(signal pipeline.Signal, ids []pipeline.ID) error {
	for id := range c.Outputs {
		if id.Signal() == signal && !slices.Contains(ids, id) {
			names := make([]string, len(ids))
			for i := range ids {
				names[i] = ids[i].String()
			}
			return fmt.Errorf("outputs::%s: no such pipeline receives from this connector: use one of %s", id, strings.Join(names, ", "))
		}
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
			md, err := group[0].own()
			if err != nil {
				return err
			}
			return next.ConsumeMetrics(ctx, md)
		},
		sent: func([]*metricsBatch) { o.health.recovered(fault) },
		refused: func(err error) {
			o.telemetry.TokenBehaviorMetricsRefused.Add(context.Background(), 1, pipe.attribute)
			o.health.fail(fault, err)
		},
		dropped: func([]*metricsBatch, error) {}, // a later cumulative batch says all that an earlier one did
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
		options.dropped = func(group []*metricsBatch, why error) {
			pipe.accept(group, o.store)
			o.telemetry.TokenBehaviorMetricsDropped.Add(context.Background(), int64(len(group)), pipe.attribute)
			o.health.fail(fault, fmt.Errorf("batches of usage were given up: %w", why))
		}
	}
	return options
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

// counted says whether a view is done with a record. In a replay cumulative series begin anew, and a delta batch that was cut has it already.
func (o *metricsOutput) counted(v *view, ordinal uint64) bool {
	return o.replaying && (!v.Delta || ordinal <= v.released)
}

// record counts an observation.
func (o *metricsOutput) record(obs *behavior.Observation, m *mark) {
	var cover usage.Coverage
	if m.served {
		cover = coverage(obs, m, o.weights.Whole(obs.Weight))
	}
	for _, v := range o.views {
		if o.counted(v, m.ordinal) {
			continue
		}
		v.counter.Record(obs, m.role)
		if m.served {
			v.counter.Cover(m.role.At, obs.Service, cover)
		}
	}
}

// await makes ready to record the observations that are next.
func (o *metricsOutput) await(next []*behavior.Observation) {
	for _, v := range o.views {
		v.counter.Await(next)
	}
}

// charge counts, under an ordinal, what a request used.
func (o *metricsOutput) charge(obs *behavior.Observation, ordinal uint64, c *usage.Charge) {
	for _, v := range o.views {
		if o.counted(v, ordinal) {
			continue
		}
		v.counter.Charge(obs, c)
	}
}

func coverage(obs *behavior.Observation, m *mark, n uint64) usage.Coverage {
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
	due := func(v *view) bool { return all || v.due(o.every()) }
	for _, v := range o.views {
		if v.Delta || !due(v) {
			continue
		}
		for _, page := range o.pages(v, now) {
			for _, pipe := range v.pipes {
				pipe.courier.put(&metricsBatch{metrics: &page})
			}
		}
	}
	o.cutDelta(now, released, s, due)
}

// relieve cuts batches where it cannot wait for their time.
func (o *metricsOutput) relieve(now int64, released uint64, s *store) {
	if slices.ContainsFunc(o.views, (*view).crowded) {
		o.cutDelta(now, released, s, (*view).crowded)
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
	var closes []func(context.Context)
	for _, v := range o.views {
		for _, pipe := range v.pipes {
			closes = append(closes, pipe.courier.close)
		}
	}
	closeAll(ctx, closes)
}

func sortedIDs(ids []pipeline.ID) []pipeline.ID {
	return slices.SortedFunc(slices.Values(ids), func(a, b pipeline.ID) int { return strings.Compare(a.String(), b.String()) })
}
