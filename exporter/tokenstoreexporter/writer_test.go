package tokenstoreexporter

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/exporter/tokenstoreexporter/internal/metadata"
	"github.com/holterhq/holter/exporter/tokenstoreexporter/internal/metadatatest"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/tokenstore"
)

// host holds one store.
type host struct {
	component.StartFunc
	component.ShutdownFunc
	store.Store
}

var _ tokenstore.Holder = host{}

func (h host) TokenStore() store.Store { return h.Store }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{tokenstore.DefaultID: h}
}

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// exporters are both of the component, started.
func exporters(t *testing.T, set exporter.Settings, h component.Host, edit ...func(*Config)) (exporter.Metrics, exporter.Logs) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	for _, e := range edit {
		e(cfg)
	}
	metrics, err := NewFactory().CreateMetrics(t.Context(), set, cfg)
	require.NoError(t, err)
	logs, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, metrics.Start(t.Context(), h))
	require.NoError(t, logs.Start(t.Context(), h))
	t.Cleanup(func() {
		require.NoError(t, metrics.Shutdown(context.WithoutCancel(t.Context())))
		require.NoError(t, logs.Shutdown(context.WithoutCancel(t.Context())))
	})
	return metrics, logs
}

func settings() exporter.Settings { return exportertest.NewNopSettings(metadata.Type) }

// written is what token_behavior wrote at 2026-03-25T03:00, as its golden file has it.
func written(t *testing.T, sequence int64) pmetric.Metrics {
	t.Helper()
	md, err := golden.ReadMetrics(filepath.Join("..", "..", "internal", "otelattr", "testdata", "usage-delta.yaml"))
	require.NoError(t, err)
	scope := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes()
	scope.PutStr(otelattr.BatchEngineID, "0a")
	scope.PutInt(otelattr.BatchSequence, sequence)
	return md
}

func requests(t *testing.T, s store.Store) float64 {
	t.Helper()
	at := time.Unix(1774407600, 0)
	answer, err := s.Query(t.Context(), store.Query{From: at.Add(-time.Hour), To: at.Add(time.Hour), Measure: store.MeasureRequests})
	require.NoError(t, err)
	var total float64
	for _, series := range answer.Series {
		total += series.Total
	}
	return total
}

func TestABatchThatComesAgainCountsOnce(t *testing.T) {
	s := open(t)
	metrics, _ := exporters(t, settings(), host{Store: s})
	for _, sequence := range []int64{1, 2, 2, 1, 4, 3, 4} {
		md := written(t, sequence)
		md.MarkReadOnly()
		require.NoError(t, metrics.ConsumeMetrics(t.Context(), md))
	}
	assert.Equal(t, 4*7.0, requests(t, s))
}

func TestAnEventThatComesAgainIsTheSame(t *testing.T) {
	s := open(t)
	_, logs := exporters(t, settings(), host{Store: s})
	ld, err := golden.ReadLogs(filepath.Join("..", "..", "internal", "otelattr", "testdata", "anomaly.yaml"))
	require.NoError(t, err)
	ld.MarkReadOnly()
	for range 2 {
		require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
	}
	page, err := s.Events(t.Context(), store.EventQuery{})
	require.NoError(t, err)
	require.Len(t, page.Events, 2)
	assert.ElementsMatch(t, []string{"identity_shift", "unknown_token"}, []string{page.Events[0].Name, page.Events[1].Name})
}

func TestWhatIsNotStoredIsCounted(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	core, log := observer.New(zap.WarnLevel)
	set := settings()
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	metrics, logs := exporters(t, set, host{Store: open(t)})
	md := pmetric.NewMetrics()
	all := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"http.requests", otelattr.MetricRequests} {
		m := all.AppendEmpty()
		m.SetName(name)
		m.SetEmptySum().DataPoints().AppendEmpty()
	}
	malformed := all.AppendEmpty()
	malformed.SetName(otelattr.MetricRequests)
	malformed.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	malformed.Sum().DataPoints().AppendEmpty()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().SetEventName("app.start")
	records.AppendEmpty().SetEventName(otelattr.EventAnomaly)
	for range 2 {
		require.NoError(t, metrics.ConsumeMetrics(t.Context(), md))
		require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
	}
	count := func(reason string) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: 2, Attributes: attribute.NewSet(attribute.String("reason", reason))}
	}
	metadatatest.AssertEqualTokenStoreUnreadPoints(t, telemetry, []metricdata.DataPoint[int64]{count("cumulative"), count("foreign"), count("malformed")},
		metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreUnreadRecords(t, telemetry, []metricdata.DataPoint[int64]{count("foreign"), count("malformed")},
		metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	assert.Equal(t, 1, log.FilterMessageSnippet("temporality: delta").Len(), "what to do is said once")
	assert.Equal(t, 2, log.FilterMessageSnippet("cannot be stored").Len(), "by the metrics and by the logs")
}

// refusing is a store that refuses so often.
type refusing struct {
	store.Store
	times int
	err   error
}

func (r *refusing) Write(ctx context.Context, b store.Batch) error {
	if r.times--; r.times >= 0 {
		return r.err
	}
	return r.Store.Write(ctx, b)
}

// Without a queue whoever sent it is told at once, and may send it again.
func TestAFullDiskIsSaidToWhoeverSent(t *testing.T) {
	s := &refusing{open(t), 1, store.ErrFull}
	metrics, _ := exporters(t, settings(), host{Store: s})
	err := metrics.ConsumeMetrics(t.Context(), written(t, 1))
	require.ErrorIs(t, err, store.ErrFull)
	assert.False(t, consumererror.IsPermanent(err))
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), written(t, 1)))
	assert.Equal(t, 7.0, requests(t, s.Store))
}

// With a queue what the store refuses is tried again until it is taken.
func TestTheQueueTriesAgain(t *testing.T) {
	s := &refusing{open(t), 3, store.ErrAway}
	metrics, _ := exporters(t, settings(), host{Store: s}, func(c *Config) {
		c.Queue.GetOrInsertDefault()
		c.Retry.InitialInterval, c.Retry.MaxInterval = time.Millisecond, time.Millisecond
	})
	changed := s.Changed()
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), written(t, 1)))
	<-changed
	assert.Equal(t, 7.0, requests(t, s.Store))
}

func TestAStoreThatIsNotThere(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.TokenStore = component.MustNewID("elsewhere")
	metrics, err := NewFactory().CreateMetrics(t.Context(), settings(), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, metrics.Start(t.Context(), host{}), `token_store: extension "elsewhere" is not there`)
	require.NoError(t, metrics.Shutdown(t.Context()))
}
