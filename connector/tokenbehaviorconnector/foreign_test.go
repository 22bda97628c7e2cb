package tokenbehaviorconnector

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadatatest"
	"github.com/holterhq/holter/internal/otelattr"
)

const ownKey, otherKey = "0a1b2c3d", "99999999"

// under says of a batch's resources under which key their tokens are named.
func under(key string, td ptrace.Traces) ptrace.Traces {
	for _, resource := range td.ResourceSpans().All() {
		resource.Resource().Attributes().PutStr(otelattr.TokenKeyID, key)
	}
	return td
}

func TestTokensNamedUnderAnotherKeyAreRefused(t *testing.T) {
	for name, configured := range map[string]string{"configured": ownKey, "the first that is seen": ""} {
		t.Run(name, func(t *testing.T) {
			telemetry := componenttest.NewTelemetry()
			t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
			h := newHouse(t, func(c *Config) { c.IdentityKeyID = configured })
			h.stop()
			set := connectortest.NewNopSettings(metadata.Type)
			set.ID = component.NewID(metadata.Type)
			set.TelemetrySettings = telemetry.NewTelemetrySettings()
			h.build(set)
			h.start()

			h.send(spans(call{n: 0, token: "tok_unsaid"})) // says no key: it is believed, and fixes none
			h.send(under(ownKey, spans(call{n: 1, token: "tok_a"}, call{n: 2, token: "tok_a"})))
			mixed := spans(
				call{n: 3, token: "tok_foreign"},
				call{n: 4, token: "tok_foreign", kind: ptrace.SpanKindClient},
				call{n: 5, token: "tok_a", change: func(s ptrace.Span) { s.Attributes().PutStr(otelattr.TokenKeyID, ownKey) }},
			)
			h.send(under(otherKey, mixed))
			h.send(under(otherKey, spans(call{n: 6}))) // no token: nothing to refuse
			assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())

			ld := plog.NewLogs()
			logs := ld.ResourceLogs().AppendEmpty()
			logs.Resource().Attributes().PutStr(otelattr.TokenKeyID, otherKey)
			record := logs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			record.Attributes().PutStr(otelattr.TokenID, "tok_foreign")
			record.Attributes().PutInt(otelattr.HTTPStatus, 200)
			h.sendLogs(ld)
			h.stop()

			exactly := metricdatatest.IgnoreTimestamp()
			metadatatest.AssertEqualTokenBehaviorForeignKey(t, telemetry, []metricdata.DataPoint[int64]{{Value: 3}}, exactly)
			metadatatest.AssertEqualTokenBehaviorObservations(t, telemetry, []metricdata.DataPoint[int64]{{Value: 4}}, exactly)
			assert.EqualValues(t, 4, h.prometheus.last("api_token.requests"))
			assert.EqualValues(t, 6, h.prometheus.last("api_token.coverage"), "every server span is still counted")
		})
	}
}

func TestAForeignKeyIsForgivenWhenItIsGone(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.IdentityKeyID = ownKey }).start()
	f := h.runtime().worker.foreign
	h.send(under(otherKey, spans(call{n: 1, token: "tok_a"})))
	f.forget()
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	f.seen.Add(-2 * int64(forgiven))
	f.forget()
	assert.Equal(t, componentstatus.StatusOK, h.host.status())
	h.stop()
}
