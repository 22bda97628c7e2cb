package tokenbehaviorconnector

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadatatest"
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
