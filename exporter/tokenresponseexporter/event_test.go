package tokenresponseexporter

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/message"
)

func first(logs plog.Logs) event {
	rl := logs.ResourceLogs().At(0)
	return event{rl, rl.ScopeLogs().At(0), rl.ScopeLogs().At(0).LogRecords().At(0)}
}

// What token_behavior writes is read back whole.
func TestDescribeReadsWhatIsRaised(t *testing.T) {
	whole := anomaly.Event{
		ID: "0f0b4a3e", Time: time.Date(2026, 3, 25, 3, 12, 0, 5, time.UTC).UnixNano(), Trace: [16]byte{1}, Span: [8]byte{2},
		Detector: anomaly.NewCountry, Severity: anomaly.Confirmed, Score: 20, Limit: 10, Action: anomaly.Lock, Sentence: "It is.",
		Evidence: []anomaly.Evidence{{Facet: "country", Observed: "NL", Expected: "DE", Nats: 9, Samples: 12, Age: time.Hour, Others: anomaly.Others{Tokens: 5, Mostly: "DE"}}},
		Examples: [][16]byte{{3}},
		Token: anomaly.Token{
			ID: "tok_a", Hint: "sk_…9f3a", Type: "api_key", Registry: "key_1", OwnerID: "acme", OwnerName: "Acme", OwnerTeam: "pay", Outbound: true,
		},
		Trigger: anomaly.Trigger{
			Service: "shop", Version: "1.2", Environment: "production", Method: "GET", Route: "/v1", HTTPStatus: 403,
			Country: "NL", Network: "AS64500", Client: "curl",
		},
	}
	logs := plog.NewLogs()
	otelattr.PutAnomaly(&whole, 1, logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	e := first(logs)
	require.Equal(t, otelattr.EventAnomaly, nameOf(e.record))

	nats, score, threshold, same := 9.0, 20.0, 10.0, int64(0)
	rule, _ := anomaly.RuleOf(anomaly.NewCountry)
	assert.Equal(t, response.Event{
		ID: "0f0b4a3e", Time: "2026-03-25T03:12:00.000000005Z", Detector: "new_country", Severity: "fatal", Sentence: "It is.",
		Score: &score, Threshold: &threshold, SuggestedAction: "lock",
		TraceID: "01000000000000000000000000000000", SpanID: "0200000000000000",
		Token: response.Token{
			ID: "tok_a", Hint: "sk_…9f3a", Type: "api_key", RegistryID: "key_1", Direction: "outbound",
			Owner: &response.Owner{ID: "acme", Name: "Acme", Team: "pay"},
		},
		Trigger: response.Trigger{
			Service: "shop", Version: "1.2", Environment: "production", Method: "GET", Route: "/v1", StatusCode: 403,
			Country: "NL", Network: "AS64500", Client: "curl",
		},
		Evidence: []response.Evidence{{
			Facet: "country", Observed: "NL", Expected: "DE", Nats: &nats, Samples: 12, BaselineAge: 3600,
			OwnerTokens: 5, OwnerTokensSame: &same, OwnerTokensMostly: "DE",
		}},
		Attributes:   map[string]any{"anomaly.trace_ids": []any{"03000000000000000000000000000000"}},
		SecurityRule: &response.SecurityRule{Name: rule.Name, Category: rule.Category}, Technique: rule.Technique,
	}, describe(e))
}

// Every detector that can raise an event can be named in a rule.
func TestDetectorsAreKnown(t *testing.T) {
	for _, rule := range anomaly.Rules {
		assert.Contains(t, response.Detectors, string(rule.Detector))
	}
}

func TestDescribeOddRecords(t *testing.T) {
	e := first(raised("", func(l plog.LogRecord) {
		l.SetTimestamp(0)
		l.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Unix(1, 0)))
		l.SetSeverityNumber(plog.SeverityNumberUnspecified)
		l.SetTraceID(pcommon.TraceID{})
		l.SetSpanID(pcommon.SpanID{})
		a := l.Attributes()
		a.PutDouble("anomaly.score", math.Inf(1))
		a.PutStr("anomaly.threshold", "much")
		a.PutStr("anomaly.evidence", "none")
		a.PutStr("http.response.status_code", "200")
		a.PutStr("api_token.scopes", "a b")
		a.PutStr("client.as.organization.name", "Example Net")
		a.PutInt("client.as.number", 64500)
		a.PutEmpty("nothing")
		a.PutDouble("nan", math.NaN())
		inner := a.PutEmptyMap("deep").PutEmptySlice("list")
		inner.AppendEmpty().SetDouble(math.Inf(-1))
		a.PutStr("api_token.owner.email", "x@example.com")
	}))
	got := describe(e)
	assert.Equal(t, "1970-01-01T00:00:01Z", got.Time)
	assert.Equal(t, "warn", got.Severity)
	assert.Empty(t, got.TraceID+got.SpanID)
	assert.Nil(t, got.Score)
	assert.Nil(t, got.Threshold)
	assert.Nil(t, got.Evidence)
	assert.Zero(t, got.Trigger.StatusCode)
	assert.Equal(t, []string{"a", "b"}, got.Token.Scopes)
	assert.Equal(t, "Example Net", got.Trigger.Network)
	assert.NotContains(t, got.Attributes, "nothing")
	assert.Equal(t, "NaN", got.Attributes["nan"])
	assert.Equal(t, map[string]any{"list": []any{"-Inf"}}, got.Attributes["deep"])
	assert.Equal(t, "x@example.com", got.Attributes["api_token.owner.email"])
	_, err := message.Body(got)
	assert.NoError(t, err)
}

func TestUsableIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"0f0b4a3e-54b0": true, "": false, "a b": false, "a\nb": false, "ä": false, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
	} {
		assert.Equal(t, want, usable(id), id)
	}
}

func FuzzDescribe(f *testing.F) {
	marshaler, unmarshaler := plog.ProtoMarshaler{}, plog.ProtoUnmarshaler{}
	seed, err := marshaler.MarshalLogs(raised("a"))
	require.NoError(f, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		logs, err := unmarshaler.UnmarshalLogs(data)
		if err != nil {
			return
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					got := describe(event{rl, sl, record})
					assert.True(t, usable(got.ID))
					body, err := message.Body(got)
					assert.NoError(t, err)
					assert.Less(t, len(body), message.MaxBody)
				}
			}
		}
	})
}
