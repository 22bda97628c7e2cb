package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadatatest"
	"github.com/holterhq/holter/internal/otelattr"
)

func TestTelemetry(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	h := newHouse(t, func(c *Config) { c.Metrics.MaxTokens = 7 })
	h.stop()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	h.build(set)
	h.start()
	h.send(many(0, 100))
	h.send(many(50, 50))
	h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)

	point := func(n int64, attrs ...attribute.KeyValue) []metricdata.DataPoint[int64] {
		return []metricdata.DataPoint[int64]{{Value: n, Attributes: attribute.NewSet(attrs...)}}
	}
	exactly := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualTokenBehaviorObservations(t, telemetry, point(100), exactly)
	metadatatest.AssertEqualTokenBehaviorLearned(t, telemetry, point(100), exactly)
	metadatatest.AssertEqualTokenBehaviorSkipped(t, telemetry, point(50, attribute.String("reason", "duplicate")), exactly)
	metadatatest.AssertEqualTokenBehaviorAnomalies(t, telemetry, point(10, attribute.String("detector", "unknown_token")), exactly)
	metadatatest.AssertEqualTokenBehaviorTokens(t, telemetry, point(17), exactly)
	metadatatest.AssertEqualTokenBehaviorOverflow(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 10, Attributes: attribute.NewSet(attribute.String("output", "metrics/prometheus"))},
		{Value: 10, Attributes: attribute.NewSet(attribute.String("output", "metrics/store"))},
	}, exactly)
	h.stop()
}

// A request says its tenant, or its resource does; tenants beyond the limit are counted.
func TestTenants(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	h := newHouse(t, func(c *Config) { c.Tenant.Attribute, c.Limits.MaxTenants = "tenant.id", 2 })
	h.stop()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	h.build(set)
	h.start()
	for n, tenant := range []string{"a", "b", "c", "c", ""} {
		said := spans(call{n: n, token: "tok_" + tenant, change: func(s ptrace.Span) {
			if tenant == "b" {
				s.Attributes().PutStr(otelattr.TokenTenant, tenant)
			}
		}})
		if tenant != "b" {
			said.ResourceSpans().At(0).Resource().Attributes().PutStr("tenant.id", tenant)
		}
		h.send(said)
	}
	h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
	one := func(n int64) []metricdata.DataPoint[int64] { return []metricdata.DataPoint[int64]{{Value: n}} }
	exactly := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualTokenBehaviorTenants(t, telemetry, one(2), exactly)
	metadatatest.AssertEqualTokenBehaviorTenantOverflow(t, telemetry, one(2), exactly)
	metadatatest.AssertEqualTokenBehaviorTokens(t, telemetry, one(4), exactly)
	h.stop()
}

// An owner has more tokens than are compared with each other: those that find no room are counted.
func TestOwnersBeyondWhatIsCompared(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	h := newHouse(t, nil)
	h.stop()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	h.build(set)
	h.start()
	const tokens = 66 // two too many
	first := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	n := 0
	for day := range 8 {
		var calls []call
		for range 4 {
			for token := range tokens {
				n++
				calls = append(calls, call{n: n, token: fmt.Sprint("tok_", token), at: first.AddDate(0, 0, day).Add(time.Duration(n) * time.Second), change: func(s ptrace.Span) {
					s.Attributes().PutStr(otelattr.TokenOwnerID, "acme")
				}})
			}
		}
		h.send(spans(calls...))
	}
	h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
	got, err := telemetry.GetMetric("otelcol_token_behavior_owner_overflow")
	require.NoError(t, err)
	over := got.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, over, 1)
	require.Positive(t, over[0].Value)
	require.Zero(t, over[0].Value%2, "each way of two tokens")
	h.stop()
}

// What a slow source has not answered for is counted and not learned; what comes after its answer is, under the same id.
func TestProvisionalRequestsAreCountedAndNotLearned(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	h := newHouse(t, nil)
	h.stop()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	h.build(set)
	h.start()
	provisional := func(s ptrace.Span) { s.Attributes().PutBool(otelattr.TokenProvisional, true) }
	h.send(spans(call{n: 0, token: "tok_a", status: "unknown", change: provisional}, call{n: 1, token: "tok_a", status: "unknown", change: provisional}))
	h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
	require.Zero(t, h.runtime().worker.learner.told.Tokens, "nothing is known of it")
	h.send(spans(call{n: 2, token: "tok_a", status: "revoked"}, call{n: 3, token: "tok_a"}, call{n: 4, token: "tok_a"}))
	h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)

	one := func(n int64) []metricdata.DataPoint[int64] { return []metricdata.DataPoint[int64]{{Value: n}} }
	exactly := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualTokenBehaviorObservations(t, telemetry, one(5), exactly)
	metadatatest.AssertEqualTokenBehaviorLearned(t, telemetry, one(3), exactly)
	metadatatest.AssertEqualTokenBehaviorTokens(t, telemetry, one(1), exactly)
	metadatatest.AssertEqualTokenBehaviorAnomalies(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: attribute.NewSet(attribute.String("detector", "revoked_use"))},
	}, exactly)
	h.stop()
	series := make(map[string]bool)
	h.prometheus.points(otelattr.MetricRequests, func(attrs pcommon.Map, _ pmetric.NumberDataPoint) {
		id, _ := attrs.Get(otelattr.TokenID)
		series[id.Str()] = true
	})
	require.Equal(t, map[string]bool{"tok_a": true}, series)
	require.Equal(t, int64(5), h.prometheus.last(otelattr.MetricRequests), "one series holds both")
}
