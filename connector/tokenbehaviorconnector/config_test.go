package tokenbehaviorconnector

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
)

func load(t *testing.T, name string) *Config {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(config))
	return config
}

func TestConfig(t *testing.T) {
	assert.Equal(t, createDefaultConfig(), load(t, ""))
	assert.NoError(t, confmap.Validate(load(t, "")))

	all := load(t, "all")
	require.NoError(t, confmap.Validate(all))
	assert.Equal(t, &Config{
		Storage:       &storageID,
		AlertBudget:   AlertBudget{FalseAlerts: 3, Per: "month"},
		ReorderWindow: 30 * time.Second,
		Count:         countEvery,
		IdentityKeyID: ownKey,
		Tenant:        Tenant{Attribute: "tenant.id"},
		Limits:        Limits{MaxTokens: 1000, LiveTokens: 100, MaxFeedback: 40, MaxWatched: 50, MaxTenants: 9, MaxRoutes: 20, RecentRequests: 5000, MaxReordered: 2000, MaxTraces: 300, JournalMiB: 8, MaxOutbox: 50, MaxTokenMinutes: 700},
		Units:         Units{Attributes: map[string]string{"pages": "document.pages"}, OTTL: map[string]string{"rows": `span.attributes["rows"]`}, Prices: "prices.yaml"},
		Feedback:      Feedback{TTL: 48 * time.Hour, MaxTTL: 96 * time.Hour},
		Watch:         Watch{Delay: time.Minute, For: 24 * time.Hour},
		Metrics: Metrics{
			FlushInterval: time.Minute, Temporality: temporalityDelta,
			MaxTokens: 500, MaxRoutes: 5, MaxOrigins: 6, MaxReleases: 7, MaxClients: 9, MaxServiceRoutes: 80,
		},
		Outputs: map[pipeline.ID]Output{
			prometheus:                             {FlushInterval: 2 * time.Second, Temporality: temporalityCumulative, MaxTokens: 20},
			warehouse:                              {ByMinute: true, LastUsed: true, Evidence: true},
			logsID:                                 {Baselines: true},
			pipeline.NewID(pipeline.SignalMetrics): {},
		},
		Detectors: map[string]Detector{"odd_hours": {Enabled: false}, "new_country": {Enabled: true}},
	}, all)
	assert.False(t, all.viewOptions(prometheus).Delta)
	assert.Equal(t, 20, all.viewOptions(prometheus).MaxTokens)
	assert.Equal(t, 2*time.Second, all.viewOptions(prometheus).Every)
	assert.True(t, all.viewOptions(warehouse).Delta)
	assert.Equal(t, 500, all.viewOptions(warehouse).MaxTokens)
	assert.Equal(t, time.Minute, all.viewOptions(warehouse).Every)
	assert.True(t, all.viewOptions(warehouse).ByMinute)
	assert.Equal(t, 700, all.viewOptions(warehouse).MaxCells)
	assert.Zero(t, all.viewOptions(prometheus).MaxCells)

	rate := load(t, "rate")
	require.NoError(t, confmap.Validate(rate))
	assert.NoError(t, engineConfig(rate).Validate())
	assert.NoError(t, engineConfig(all).Validate())
	assert.InEpsilon(t, 1000, engineConfig(rate).Budget.PerTokenDays, 0)
	assert.Equal(t, 30*24*time.Hour, engineConfig(all).Budget.Per)
	assert.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestErrorsSayWhatWouldBeRight(t *testing.T) {
	for name, want := range map[string][]string{
		"wrong_period":  {`alert_budget::per: "wek": use day, week, month or a duration such as 72h`},
		"both_budgets":  {`alert_budget: per and per_token_days exclude each other: use {false_alerts: 10, per: week}`},
		"no_alerts":     {`alert_budget::false_alerts: 0: use a number greater than 0`},
		"nan_alerts":    {`alert_budget::false_alerts: NaN: use a number greater than 0`, `alert_budget::per_token_days: +Inf: use a number`},
		"wrong_window":  {`reorder_window: 2h0m0s: use a duration from 0s (off) to 1h`},
		"wrong_count":   {`count: "once": use entry (one request once) or every`},
		"wrong_key":     {`identity_key_id: "tok_x": use the eight hex digits`},
		"wrong_limits":  {`limits::max_tokens: 0: use a number of at least 1 (default 1000000)`, `limits::journal_mib: -1: use`},
		"wrong_metrics": {`metrics::flush_interval: 10ms: use a duration of at least 1s`, `metrics::temporality: "both": use cumulative or delta`},
		"wrong_outputs": {
			`outputs::traces: neither a metrics nor a logs pipeline`, `outputs::logs/c: a logs pipeline has no other key than baselines: true`,
			`outputs::metrics/c::baselines: baselines are log records`, `outputs::metrics/a::temporality: "rate"`, `outputs::metrics/a::max_tokens: -4`, `outputs::metrics/a::flush_interval: 20ms: use`,
			`outputs::metrics/b::by_minute: only deltas are cut by the minute: set outputs::metrics/b::temporality: delta as well`,
		},
		"wrong_detector": {`detectors::odd_ours: no such detector: use one of`, `odd_hours`},
	} {
		err := confmap.Validate(load(t, name))
		for _, part := range want {
			assert.ErrorContains(t, err, part, name)
		}
	}
}

func TestAnOutputThatIsNoneStopsTheStart(t *testing.T) {
	config := createDefaultConfig().(*Config)
	config.Outputs = map[pipeline.ID]Output{pipeline.NewIDWithName(pipeline.SignalMetrics, "elsewhere"): {}}
	next := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{prometheus: consumertest.NewNop(), warehouse: consumertest.NewNop()})
	_, err := NewFactory().CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(metadata.Type), config, next)
	assert.ErrorContains(t, err, "outputs::metrics/elsewhere: no such pipeline receives from this connector: use one of metrics/prometheus, metrics/store")
	assert.Empty(t, shared.runtimes)
}

func TestAStorageThatIsNoneStopsTheStart(t *testing.T) {
	h := newHouse(t, nil).withStorage(newDisk())
	wrong := component.MustNewIDWithName("file_storage", "missing")
	h.config.Storage = &wrong
	assert.ErrorContains(t, h.traces.Start(t.Context(), h.host),
		"::storage: there is no extension file_storage/missing in service::extensions: use one of file_storage")
	h.host.extensions[wrong] = h.traces
	assert.ErrorContains(t, h.traces.Start(t.Context(), h.host), "::storage: extension file_storage/missing is no storage")
	h.stop()
}
