package otelattr

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/store"
)

// sameJSON compares with a golden file.
func sameJSON(t *testing.T, file string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got)+"\n")
}

// What token_behavior writes is what the store gets: the golden file of the one is read by the other.
func TestUsageMetricsOnTheirWayToTheStore(t *testing.T) {
	md, err := golden.ReadMetrics(filepath.Join("testdata", "usage-delta.yaml"))
	require.NoError(t, err)
	scope := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes()
	scope.PutStr(BatchEngineID, "0a")
	scope.PutStr(BatchPipe, "metrics/store")
	scope.PutInt(BatchSequence, 7)
	batches, unread := StoredUsage(md)
	require.Equal(t, Unread{}, unread)
	require.Len(t, batches, 1)
	sameJSON(t, "stored-usage.json", batches[0])
	sums := map[store.Kind]int64{}
	for _, fact := range batches[0].Facts {
		sums[fact.Kind] += fact.Value
		assert.Equal(t, int64(1774407600/60), fact.Minute)
	}
	assert.Equal(t, map[store.Kind]int64{
		store.Outcomes: 7, store.Durations: 7, store.Routes: 7, store.Origins: 7, store.Releases: 7, store.Clients: 7, store.Bytes: 770, store.RouteDurations: 8,
		store.Coverage: 10,
	}, sums, "nothing is lost on the way")
}

func TestCumulativeUsageIsNotAddedUp(t *testing.T) {
	md, err := golden.ReadMetrics(filepath.Join("testdata", "usage-cumulative.yaml"))
	require.NoError(t, err)
	batches, unread := StoredUsage(md)
	assert.Empty(t, batches)
	assert.Positive(t, unread.Cumulative)
	assert.Zero(t, unread.Foreign+unread.Malformed)
}

// points is a batch of one metric.
func metricOf(name string) (pmetric.Metrics, pmetric.Metric) {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	return md, m
}

func TestPointsThatCannotBeRead(t *testing.T) {
	const minute = pcommon.Timestamp(1774407600e9)
	sum := func(name string, edit func(pmetric.NumberDataPoint)) pmetric.Metrics {
		md, m := metricOf(name)
		s := m.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := s.DataPoints().AppendEmpty()
		p.SetStartTimestamp(minute)
		p.SetTimestamp(minute + 60e9)
		p.SetIntValue(3)
		p.Attributes().PutStr(TokenID, "tok_a")
		edit(p)
		return md
	}
	histogram := func(edit func(pmetric.ExponentialHistogramDataPoint)) pmetric.Metrics {
		md, m := metricOf(MetricRequestDuration)
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(minute)
		p.Attributes().PutStr(TokenID, "tok_a")
		p.SetCount(3)
		p.SetZeroCount(1)
		p.SetSum(0.5)
		p.Positive().BucketCounts().FromRaw([]uint64{1, 1})
		edit(p)
		return md
	}
	gauge := func(name string, value float64, edit func(pmetric.NumberDataPoint)) pmetric.Metrics {
		md, m := metricOf(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetDoubleValue(value)
		p.SetTimestamp(minute)
		p.Attributes().PutStr(TokenID, "tok_a")
		edit(p)
		return md
	}
	same := func(pmetric.NumberDataPoint) {}
	for name, c := range map[string]struct {
		md   pmetric.Metrics
		says string // empty: it can be read
	}{
		"good":                 {sum(MetricRequests, same), ""},
		"a start is missing":   {sum(MetricRequests, func(p pmetric.NumberDataPoint) { p.SetStartTimestamp(0) }), ""},
		"a double that counts": {sum(MetricRequests, func(p pmetric.NumberDataPoint) { p.SetDoubleValue(3) }), ""},
		"no time":              {sum(MetricRequests, func(p pmetric.NumberDataPoint) { p.SetStartTimestamp(0); p.SetTimestamp(0) }), "api_token.requests: no time"},
		"no token":             {sum(MetricRequests, func(p pmetric.NumberDataPoint) { p.Attributes().Clear() }), "neither api_token.id nor otel.metric.overflow"},
		"a negative count":     {sum(MetricIO, func(p pmetric.NumberDataPoint) { p.SetIntValue(-1) }), "-1: not a count"},
		"not a number":         {sum(MetricUnits, func(p pmetric.NumberDataPoint) { p.SetDoubleValue(math.NaN()) }), "NaN: not a count"},
		"endless":              {sum(MetricCost, func(p pmetric.NumberDataPoint) { p.SetDoubleValue(math.Inf(1)) }), "+Inf: not a count"},
		"a cost beyond all":    {sum(MetricCost, func(p pmetric.NumberDataPoint) { p.SetDoubleValue(1e12) }), "not a count"},
		"a histogram":          {histogram(func(pmetric.ExponentialHistogramDataPoint) {}), ""},
		"one that is short":    {histogram(func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(4) }), "does not add up"},
		"one too fine":         {histogram(func(p pmetric.ExponentialHistogramDataPoint) { p.SetScale(21) }), "does not add up"},
		"one without a sum":    {histogram(func(p pmetric.ExponentialHistogramDataPoint) { p.SetSum(math.NaN()) }), "does not add up"},
		"a last use":           {gauge(MetricLastUsed, 1774407600.25, same), ""},
		"a last use of nobody": {gauge(MetricLastUsed, 1774407600, func(p pmetric.NumberDataPoint) { p.Attributes().Clear() }), "no api_token.id"},
		"a last use ages ago":  {gauge(MetricLastUsed, -1, same), "not a unix time"},
		"evidence":             {gauge(MetricEvidence, 3.5, same), ""},
		"no evidence":          {gauge(MetricEvidence, math.NaN(), same), "not a count"},
		"a sum of evidence":    {sum(MetricEvidence, same), "a sum was not expected"},
		"a gauge of requests":  {gauge(MetricRequests, 1, same), "a gauge was not expected"},
	} {
		t.Run(name, func(t *testing.T) {
			batches, unread := StoredUsage(c.md)
			if c.says == "" {
				require.Equal(t, Unread{}, unread)
				require.Len(t, batches, 1)
				return
			}
			assert.Empty(t, batches)
			assert.Equal(t, 1, unread.Malformed)
			assert.ErrorContains(t, unread.Err, c.says)
		})
	}
	md, m := metricOf("http.server.request.duration")
	m.SetEmptyHistogram().DataPoints().AppendEmpty()
	_, unread := StoredUsage(md)
	assert.Equal(t, Unread{Foreign: 1}, unread)
}

func TestCostsAreKeptInBillionths(t *testing.T) {
	md, m := metricOf(MetricCost)
	s := m.SetEmptySum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := s.DataPoints().AppendEmpty()
	p.SetTimestamp(60e9)
	p.SetDoubleValue(0.000_000_127)
	p.Attributes().PutStr(TokenID, "tok_a")
	p.Attributes().PutStr(UnitCurrency, "USD")
	p.Attributes().PutStr(RequestModel, "small")
	batches, _ := StoredUsage(md)
	require.Equal(t, []store.Fact{{Kind: store.Costs, Subject: store.Subject{Token: "tok_a"}, First: "USD", Second: "small", Value: 127}}, batches[0].Facts)
}

func TestLastUseAndEvidenceBecomeOneSighting(t *testing.T) {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	point := func(name string, value float64) pmetric.NumberDataPoint {
		m := metrics.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetDoubleValue(value)
		p.SetTimestamp(pcommon.Timestamp(1774407601e9))
		p.Attributes().PutStr(TokenID, "tok_a")
		p.Attributes().PutStr(TokenDirection, DirectionInbound)
		return p
	}
	used := point(MetricLastUsed, 1774407600.25)
	require.NoError(t, used.Attributes().FromRaw(map[string]any{
		TokenID: "tok_a", TokenDirection: DirectionInbound, TokenHint: "sk_…9f3a", TokenType: "api_key", TokenFormat: "stripe_secret_key",
		TokenOwnerID: "acme", TokenOwnerName: "Acme", TokenOwnerType: "customer", TokenOwnerTeam: "payments", TokenTenant: "eu", TokenStatus: "active",
		TokenScopes: []any{"orders:read", "orders:write"}, TokenExpiresAt: "2027-01-01T00:00:00Z", TokenRegistryID: "key_1", "api_token.tags.plan": "gold",
		EnvironmentName: "production", GeoCountry: "DE", ClientAddress: "192.0.2.77", UserAgentName: "curl", HTTPMethod: "GET", HTTPRoute: "/v1/orders",
		ServiceName: "shop", ServiceVersion: "1.4.2",
	}))
	x := used.Exemplars().AppendEmpty()
	x.SetTraceID([16]byte{1})
	point(MetricEvidence, 7.5).Attributes().PutStr(EvidenceState, BaselineFrozen)
	point(MetricEvidenceThreshold, 14.25)
	batches, unread := StoredUsage(md)
	require.Equal(t, Unread{}, unread)
	require.Len(t, batches, 1)
	sameJSON(t, "stored-token.json", batches[0].Sightings)
}

func TestAddressesAreTruncated(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "192.0.2.77:443": "192.0.2.0/24", "192.0.2.0/24": "192.0.2.0/24", "10.0.0.0/8": "10.0.0.0/8",
		"192.0.2.77/32": "192.0.2.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "2001:db8:1:2::/64": "2001:db8:1::/48", "2001:db8::/32": "2001:db8::/32",
		"::ffff:192.0.2.77/128": "192.0.2.0/24", "fe80::1%eth0": "fe80::/48", "nowhere": "",
	} {
		assert.Equal(t, want, keptNetwork(address), address)
	}
}

func TestEventsOnTheirWayToTheStore(t *testing.T) {
	ld, err := golden.ReadLogs(filepath.Join("testdata", "anomaly.yaml"))
	require.NoError(t, err)
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	add := func(name string, attributes map[string]any) plog.LogRecord {
		log := records.AppendEmpty()
		log.SetEventName(name)
		log.SetTimestamp(pcommon.Timestamp(1774407600e9))
		require.NoError(t, log.Attributes().FromRaw(attributes))
		return log
	}
	add(EventBaseline, map[string]any{
		TokenID: "tok_a", TokenDirection: DirectionInbound, TokenOwnerID: "acme", BaselineDays: 64, BaselineState: BaselineReady,
		BaselinePerDay: map[string]any{BaselineLow: 100.5, BaselineMedian: 140, BaselineHigh: math.Inf(1)},
		BaselineRoutes: []any{map[string]any{BaselineValue: "GET /v1/orders", BaselineShare: math.NaN()}},
	})
	auth := add("", map[string]any{eventName: "api_token.auth.refused", TokenID: "tok_a", ClientAddress: "192.0.2.77", "source.address": "2001:db8:1:2::3"})
	auth.Body().SetStr("The token was refused.")
	auth.SetSeverityNumber(plog.SeverityNumberWarn)
	add("app.checkout", nil)
	add(EventBaseline, nil)
	add(EventAuthPrefix+"issued", nil).SetTimestamp(0)
	events, unread := StoredEvents(ld)
	sameJSON(t, "stored-events.json", events)
	assert.Equal(t, [2]int{1, 2}, [2]int{unread.Foreign, unread.Malformed})
	require.ErrorContains(t, unread.Err, "api_token.baseline: no api_token.id")
	again, _ := StoredEvents(ld)
	assert.Equal(t, events, again, "an event that has no id gets the same one each time")
}

// What a person says of an anomaly goes into the journal, comes out as a log record, and token_behavior understands it.
func TestEntriesOnTheirWayToTheEngine(t *testing.T) {
	at := time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC)
	log := plog.NewLogRecord()
	require.NoError(t, PutEntry(&store.Entry{
		Sequence: 9, Time: at, Kind: store.EntryFeedback, Token: "tok_a", By: "ada", Body: "It is us.",
		Attributes: json.RawMessage(`{"feedback.verdict": "benign", "feedback.facet": "country", "feedback.value": "NL", "feedback.ttl": 3600, "x": [1, 1.5, {"y": null}]}`),
	}, log))
	f, ok, err := FeedbackOf(log)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, behavior.Feedback{
		Time: at.UnixNano(), Token: "tok_a", Verdict: behavior.Benign, Facet: "country", Value: "NL", TTL: time.Hour, By: "ada",
	}, f)
	assert.Equal(t, "It is us.", log.Body().Str())
	assert.Equal(t, map[string]any{
		"api_token.id": "tok_a", "feedback.by": "ada", "feedback.facet": "country", "feedback.ttl": int64(3600), "feedback.value": "NL",
		"feedback.verdict": "benign", "holter.journal.by": "ada", "holter.journal.sequence": int64(9), "x": []any{int64(1), 1.5, map[string]any{"y": nil}},
	}, log.Attributes().AsRaw())
	for _, bad := range []string{`[]`, `{} {}`, `{"a":`} {
		assert.Error(t, PutEntry(&store.Entry{Attributes: json.RawMessage(bad)}, plog.NewLogRecord()), bad)
	}
}

// Whatever arrives, each data point of a token metric is a fact, in a sighting, or counted as unread.
func FuzzStoredUsage(f *testing.F) {
	for _, file := range []string{"usage-delta.yaml", "usage-cumulative.yaml"} {
		md, err := golden.ReadMetrics(filepath.Join("testdata", file))
		require.NoError(f, err)
		seed, err := new(pmetric.ProtoMarshaler).MarshalMetrics(md)
		require.NoError(f, err)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		md, err := new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(data)
		if err != nil {
			return
		}
		batches, unread := StoredUsage(md)
		facts, all := 0, 0
		for _, b := range batches {
			facts += len(b.Facts)
			for _, fact := range b.Facts {
				require.GreaterOrEqual(t, fact.Value, int64(0))
			}
		}
		for _, resource := range md.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					switch m.Name() {
					case MetricActive, MetricLastUsed, MetricEvidence, MetricEvidenceThreshold:
					default:
						all += points(m)
					}
				}
			}
		}
		require.GreaterOrEqual(t, facts+unread.Foreign+unread.Cumulative+unread.Malformed, all)
	})
}

func FuzzStoredEvents(f *testing.F) {
	ld, err := golden.ReadLogs(filepath.Join("testdata", "anomaly.yaml"))
	require.NoError(f, err)
	seed, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
	require.NoError(f, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		ld, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(data)
		if err != nil {
			return
		}
		n := ld.LogRecordCount()
		events, unread := StoredEvents(ld)
		require.Equal(t, n, len(events)+unread.Foreign+unread.Malformed)
		for _, e := range events {
			require.NotEmpty(t, e.ID)
			require.True(t, json.Valid(e.Attributes))
		}
	})
}

func FuzzPutEntry(f *testing.F) {
	f.Add("feedback", `{"feedback.verdict":"benign","n":1e400,"list":[{}]}`)
	f.Fuzz(func(_ *testing.T, kind, attributes string) {
		_ = PutEntry(&store.Entry{Kind: kind, Attributes: json.RawMessage(attributes)}, plog.NewLogRecord())
	})
}
