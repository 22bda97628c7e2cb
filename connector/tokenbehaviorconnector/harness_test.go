package tokenbehaviorconnector

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
)

var (
	storageID   = component.MustNewID("file_storage")
	prometheus  = pipeline.NewIDWithName(pipeline.SignalMetrics, "prometheus")
	warehouse   = pipeline.NewIDWithName(pipeline.SignalMetrics, "store")
	logsID      = pipeline.NewID(pipeline.SignalLogs)
	otherLogsID = pipeline.NewIDWithName(pipeline.SignalLogs, "other")
)

// house is a token_behavior with its four nodes, as the Collector would build it, and what comes out of it.
type house struct {
	t      testing.TB
	config *Config
	host   *testHost

	traces, tracesToLogs connector.Traces
	logs, logsToLogs     connector.Logs

	prometheus, warehouse *metricsSink
	events, otherEvents   *logsSink
}

// newHouse builds but does not start.
func newHouse(t testing.TB, change func(*Config)) *house {
	config := createDefaultConfig().(*Config)
	config.Metrics.FlushInterval = time.Hour // batches are cut at shutdown
	if change != nil {
		change(config)
	}
	require.NoError(t, config.Validate())
	h := &house{
		t: t, config: config, host: newTestHost(),
		prometheus: new(metricsSink), warehouse: new(metricsSink), events: new(logsSink), otherEvents: new(logsSink),
	}
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type) // the same after a restart
	h.build(set)
	return h
}

func (h *house) build(set connector.Settings) {
	metrics := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{prometheus: h.prometheus, warehouse: h.warehouse})
	logs := connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{logsID: h.events, otherLogsID: h.otherEvents})
	factory := NewFactory()
	ctx := h.t.Context()
	var err error
	h.traces, err = factory.CreateTracesToMetrics(ctx, set, h.config, metrics)
	require.NoError(h.t, err)
	h.tracesToLogs, err = factory.CreateTracesToLogs(ctx, set, h.config, logs)
	require.NoError(h.t, err)
	h.logs, err = factory.CreateLogsToMetrics(ctx, set, h.config, metrics)
	require.NoError(h.t, err)
	h.logsToLogs, err = factory.CreateLogsToLogs(ctx, set, h.config, logs)
	require.NoError(h.t, err)
}

func (h *house) runtime() *runtime { return h.traces.(*node).runtime }

func (h *house) nodes() []component.Component {
	return []component.Component{h.traces, h.tracesToLogs, h.logs, h.logsToLogs}
}

func (h *house) start() *house {
	for _, n := range h.nodes() {
		require.NoError(h.t, n.Start(context.Background(), h.host))
	}
	return h
}

func (h *house) stop() {
	for _, n := range h.nodes() {
		require.NoError(h.t, n.Shutdown(context.Background()))
	}
}

// send gives a batch of spans to both nodes that take spans, as the fan-out before them does.
func (h *house) send(td ptrace.Traces) {
	require.NoError(h.t, h.traces.ConsumeTraces(context.Background(), td))
	require.NoError(h.t, h.tracesToLogs.ConsumeTraces(context.Background(), td))
}

func (h *house) sendLogs(ld plog.Logs) {
	require.NoError(h.t, h.logs.ConsumeLogs(context.Background(), ld))
	require.NoError(h.t, h.logsToLogs.ConsumeLogs(context.Background(), ld))
}

// onDisk lets the house keep its state in a real file_storage in a folder.
func (h *house) onDisk(folder string) *house {
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	config.Timeout = time.Second
	extension, err := factory.Create(h.t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(h.t, err)
	h.host.extensions[storageID] = extension
	h.config.Storage = &storageID
	return h
}

// withStorage lets the house keep its state with a client that the test controls.
func (h *house) withStorage(client storage.Client) *house {
	h.host.extensions[storageID] = clientExtension{client: client}
	h.config.Storage = &storageID
	return h
}

type clientExtension struct {
	component.StartFunc
	component.ShutdownFunc
	client storage.Client
	open   func()
}

func (e clientExtension) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	if e.open != nil {
		e.open()
	}
	return e.client, nil
}

// testHost is a host with extensions that remembers what was reported.
type testHost struct {
	component.Host
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	statuses   []*componentstatus.Event
}

func newTestHost() *testHost {
	return &testHost{Host: componenttest.NewNopHost(), extensions: make(map[component.ID]component.Component)}
}

func (h *testHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *testHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, event)
}

// status is the latest one that was reported.
func (h *testHost) status() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.StatusNone
	}
	return h.statuses[len(h.statuses)-1].Status()
}

// metricsSink and logsSink take what a pipeline gets, unless they are told to refuse.
type metricsSink struct {
	consumertest.MetricsSink
	refusal
}

func (s *metricsSink) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.refuse(); err != nil {
		return err
	}
	return s.MetricsSink.ConsumeMetrics(ctx, md)
}

type logsSink struct {
	consumertest.LogsSink
	refusal
}

func (s *logsSink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := s.refuse(); err != nil {
		return err
	}
	return s.LogsSink.ConsumeLogs(ctx, ld)
}

type refusal struct {
	mu  sync.Mutex
	err error
}

func (r *refusal) refuse() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *refusal) set(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// ids are the distinct anomaly.ids that a pipeline got, in order of arrival.
func (s *logsSink) ids() []string {
	var ids []string
	seen := make(map[string]bool)
	for _, record := range s.records() {
		id, _ := record.Attributes().Get(otelattr.AnomalyID)
		if !seen[id.Str()] {
			seen[id.Str()] = true
			ids = append(ids, id.Str())
		}
	}
	return ids
}

func (s *logsSink) records() []plog.LogRecord {
	var records []plog.LogRecord
	for _, ld := range s.AllLogs() {
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					records = append(records, record)
				}
			}
		}
	}
	return records
}

// points calls f for each number data point of a metric, in the order of arrival.
func (s *metricsSink) points(name string, f func(pcommon.Map, pmetric.NumberDataPoint)) {
	for _, md := range s.AllMetrics() {
		for _, resource := range md.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					if m.Name() != name {
						continue
					}
					points := pmetric.NewNumberDataPointSlice()
					switch m.Type() {
					case pmetric.MetricTypeSum:
						points = m.Sum().DataPoints()
					case pmetric.MetricTypeGauge:
						points = m.Gauge().DataPoints()
					}
					for _, p := range points.All() {
						f(p.Attributes(), p)
					}
				}
			}
		}
	}
}

// last is the sum over the series of a cumulative metric of what each said last.
func (s *metricsSink) last(name string) int64 {
	series := make(map[string]int64)
	s.points(name, func(attrs pcommon.Map, p pmetric.NumberDataPoint) { series[fmt.Sprint(attrs.AsRaw())] = p.IntValue() })
	var total int64
	for _, n := range series {
		total += n
	}
	return total
}

// sum adds up the points of a delta metric, each batch once by its engine id and sequence.
func (s *metricsSink) sum(name string) int64 {
	var total int64
	seen := make(map[string]bool)
	once := new(metricsSink)
	for _, md := range s.AllMetrics() {
		attrs := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes()
		key := fmt.Sprint(attrs.AsRaw())
		if !seen[key] {
			seen[key] = true
			_ = once.ConsumeMetrics(context.Background(), md)
		}
	}
	once.points(name, func(_ pcommon.Map, p pmetric.NumberDataPoint) { total += p.IntValue() })
	return total
}

// morning is when the tests' requests begin.
var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// call is a request that a test makes up.
type call struct {
	n       int // makes ids and time
	token   string
	at      time.Time
	path    string
	status  string // of the token
	service string
	kind    ptrace.SpanKind
	change  func(ptrace.Span)
}

// spans makes a batch of calls.
func spans(calls ...call) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, c := range calls {
		resource := td.ResourceSpans().AppendEmpty()
		service := "shop"
		if c.service != "" {
			service = c.service
		}
		resource.Resource().Attributes().PutStr(otelattr.ServiceName, service)
		resource.Resource().Attributes().PutStr(otelattr.ServiceVersion, "1.4.2")
		c.put(resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	}
	return td
}

func (c call) put(span ptrace.Span) {
	var trace [16]byte
	binary.BigEndian.PutUint64(trace[8:], uint64(c.n)+1)
	span.SetTraceID(trace)
	span.SetSpanID([8]byte(trace[8:]))
	span.SetKind(ptrace.SpanKindServer)
	if c.kind != ptrace.SpanKindUnspecified {
		span.SetKind(c.kind)
	}
	at := c.at
	if at.IsZero() {
		at = morning.Add(time.Duration(c.n) * time.Second)
	}
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(-50 * time.Millisecond)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
	attrs := span.Attributes()
	attrs.PutStr(otelattr.HTTPMethod, "GET")
	path := c.path
	if path == "" {
		path = "/v1/orders/17"
	}
	attrs.PutStr(otelattr.URLPath, path)
	attrs.PutInt(otelattr.HTTPStatus, 200)
	attrs.PutStr(otelattr.ClientAddress, "192.0.2.17")
	attrs.PutStr(otelattr.UserAgent, "curl/8.5.0")
	attrs.PutInt(otelattr.HTTPResponseBytes, 1000)
	if c.token != "" {
		attrs.PutStr(otelattr.TokenID, c.token)
		attrs.PutStr(otelattr.TokenHint, "sk_live_…9f3a")
		attrs.PutStr(otelattr.TokenOwnerID, "acme")
		attrs.PutStr(otelattr.GeoCountry, "DE")
	}
	if c.status != "" {
		attrs.PutStr(otelattr.TokenStatus, c.status)
	}
	if c.change != nil {
		c.change(span)
	}
}

// many makes n calls by a few tokens, every tenth of them by a token that no registry knows: a rule that fires once a token and day.
func many(from, n int) ptrace.Traces {
	calls := make([]call, n)
	for i := range calls {
		number := from + i
		calls[i] = call{n: number, token: fmt.Sprint("tok_", number%7), path: fmt.Sprint("/v1/orders/", number%5)}
		if number%10 == 9 {
			calls[i].token, calls[i].status = fmt.Sprint("tok_stray_", number), "unknown"
		}
	}
	return spans(calls...)
}
