package tokenidentityprocessor

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadatatest"
)

func TestOutcome(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	for _, test := range []struct {
		name   string
		value  any
		status ptrace.StatusCode
		want   string
	}{
		{"http.response.status_code", 200, 0, "success"},
		{"http.response.status_code", 302, 0, "success"},
		{"http.response.status_code", 404, ptrace.StatusCodeError, "client_error"},
		{"http.response.status_code", 401, 0, "auth_error"},
		{"http.response.status_code", 403, 0, "auth_error"},
		{"http.response.status_code", 429, 0, "rate_limited"},
		{"http.response.status_code", 503, 0, "server_error"},
		{"http.status_code", "403", 0, "auth_error"},
		{"http.status_code", 500.0, 0, "server_error"},
		{"rpc.grpc.status_code", 0, 0, "success"},
		{"rpc.grpc.status_code", 16, 0, "auth_error"},
		{"rpc.grpc.status_code", 7, 0, "auth_error"},
		{"rpc.grpc.status_code", 8, 0, "rate_limited"},
		{"rpc.grpc.status_code", 5, 0, "client_error"},
		{"rpc.grpc.status_code", 13, 0, "server_error"},
		{"rpc.response.status_code", "UNAUTHENTICATED", 0, "auth_error"},
		{"rpc.response.status_code", "OK", 0, "success"},
		{"other", "x", ptrace.StatusCodeError, "server_error"},
		{"other", "x", ptrace.StatusCodeUnset, "success"},
	} {
		t.Run(fmt.Sprint(test.name, "=", test.value), func(t *testing.T) {
			td, span := serverSpan(map[string]any{"http.request.header.x-api-key": secretKey(30), test.name: test.value})
			span.Status().SetCode(test.status)
			_, err := r.processTraces(t.Context(), td)
			require.NoError(t, err)
			assert.Equal(t, test.want, span.Attributes().AsRaw()[otelattr.TokenOutcome])
		})
	}
	got, _ := ofLog(t, r.engine, map[string]any{"http_x_api_key": secretKey(30), "status": "429"}, "x")
	assert.Equal(t, "rate_limited", got[otelattr.TokenOutcome])
	got, _ = ofLog(t, r.engine, map[string]any{"http_x_api_key": secretKey(30)}, map[string]any{"status": 200.0})
	assert.Equal(t, "success", got[otelattr.TokenOutcome])
	got, _ = ofLog(t, r.engine, map[string]any{"token": secretKey(30), "status": "ok"}, "x")
	assert.NotContains(t, got, otelattr.TokenOutcome, "a log that does not tell")
}

func TestWhereRequestsComeFrom(t *testing.T) {
	forwarded := map[string]any{
		"http.request.header.x-api-key": secretKey(31), "client.address": "1.1.1.1", "network.peer.address": "10.0.0.1",
		"http.request.header.x-forwarded-for": []any{"1.1.1.1, 193.0.6.139"},
	}
	plain := startedRig(t, testConfig(), newHost())
	got := ofSpan(t, plain.engine, forwarded)
	assert.Equal(t, "US", got[otelattr.GeoCountry], "without trusted proxies the record is believed")
	assert.Equal(t, "1.1.1.1", got[otelattr.ClientAddress])

	cfg := testConfig()
	cfg.TrustedProxies = []string{"10.0.0.0/8"}
	got = ofSpan(t, startedRig(t, cfg, newHost()).engine, forwarded)
	assert.Equal(t, "NL", got[otelattr.GeoCountry], "the right-most address that is no proxy")
	assert.Equal(t, "193.0.6.139", got[otelattr.ClientAddress], "what the client wrote is put right")

	old := map[string]any{"http.request.header.x_api_key": secretKey(31), "http.client_ip": "193.0.6.139", "net.peer.ip": "127.0.0.1"}
	assert.Equal(t, "NL", ofSpan(t, plain.engine, old)[otelattr.GeoCountry])
	assert.NotContains(t, ofSpan(t, plain.engine, map[string]any{"http.request.header.x-api-key": secretKey(31), "client.address": "192.168.1.4"}), otelattr.GeoCountry)
	log, _ := ofLog(t, plain.engine, map[string]any{"http_x_api_key": secretKey(31), "remote_addr": "193.0.6.139:4711", "client": "mobile app"}, "x")
	assert.Equal(t, "NL", log[otelattr.GeoCountry])

	cfg = testConfig()
	cfg.Geo.Enabled = false
	assert.NotContains(t, ofSpan(t, startedRig(t, cfg, newHost()).engine, forwarded), otelattr.GeoCountry)
}

func TestAtMostSixAttributes(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	td, span := serverSpan(map[string]any{"http.request.header.x-api-key": secretKey(32), "http.response.status_code": 200, "client.address": "193.0.6.139"})
	before := (&ptrace.ProtoMarshaler{}).TracesSize(td)
	secret, _ := span.Attributes().Get("http.request.header.x-api-key")
	n, text := span.Attributes().Len(), len(secret.Str())
	_, err := r.processTraces(t.Context(), td)
	require.NoError(t, err)
	assert.Equal(t, n+4, span.Attributes().Len(), "id, hint, outcome, country; with an owner two more")
	bytes := (&ptrace.ProtoMarshaler{}).TracesSize(td) - before + text - len("REDACTED")
	t.Logf("%d bytes added to a span", bytes)
	assert.Less(t, bytes, 200)
}

func TestCoverage(t *testing.T) {
	cfg := testConfig()
	cfg.Cache.MaxServices = 2
	r := startedRig(t, cfg, newHost())
	for service, attributes := range map[string][]map[string]any{
		"orders":  {withHeader("x-api-key", secretKey(33)), withHeader("authorization", "REDACTED"), {"url.path": "/"}, {"url.path": "/"}, {otelattr.TokenID: "tok_x"}},
		"billing": {{"url.path": "/"}},
	} {
		for _, one := range attributes {
			td, _ := serverSpan(one)
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", service)
			_, err := r.processTraces(t.Context(), td)
			require.NoError(t, err)
		}
	}
	for i := range 5 {
		td, _ := serverSpan(map[string]any{"url.path": "/"})
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", fmt.Sprint("more-", i))
		_, err := r.processTraces(t.Context(), td)
		require.NoError(t, err)
	}
	td, client := serverSpan(withHeader("x-api-key", secretKey(33)))
	client.SetKind(ptrace.SpanKindClient)
	_, err := r.processTraces(t.Context(), td)
	require.NoError(t, err)

	point := func(service, state string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("service.name", service), attribute.String("state", state))}
	}
	metadatatest.AssertEqualTokenIdentitySpans(t, r.telemetry, []metricdata.DataPoint[int64]{
		point("orders", "with", 2), point("orders", "unreadable", 1), point("orders", "without", 2), point("billing", "without", 1), point("other", "without", 5),
	}, metricdatatest.IgnoreTimestamp())
}

func TestAPanicCostsTheTextsOfOneRecord(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	n := 0
	r.fault = func() {
		if n++; n == 2 {
			panic("provoked")
		}
	}
	td, _ := serverSpan(withHeader("x-api-key", secretKey(34)))
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range 2 {
		span := spans.AppendEmpty()
		span.SetName("GET /v1/orders")
		span.Attributes().PutStr("note", secretKey(35+uint64(i)))
		span.Attributes().PutInt("http.response.status_code", 200)
	}
	_, err := r.processTraces(t.Context(), td)
	require.NoError(t, err)
	require.Equal(t, 3, spans.Len(), "every span goes on")
	assert.Contains(t, spans.At(0).Attributes().AsRaw(), otelattr.TokenID)
	assert.Equal(t, map[string]any{"note": "REDACTED", "http.response.status_code": int64(200)}, spans.At(1).Attributes().AsRaw())
	assert.Equal(t, "REDACTED", spans.At(1).Name())
	assert.Equal(t, "GET /v1/orders", spans.At(2).Name())
	point := []metricdata.DataPoint[int64]{{Value: 1, Attributes: attribute.NewSet(attribute.String("signal", "traces"))}}
	metadatatest.AssertEqualTokenIdentityPanics(t, r.telemetry, point, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualTokenIdentityWithheld(t, r.telemetry, point, metricdatatest.IgnoreTimestamp())

	n = 1
	ld := plog.NewLogs()
	log := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.Body().SetStr("rejected " + secretKey(36))
	_, err = r.processLogs(t.Context(), ld)
	require.NoError(t, err)
	assert.Equal(t, "REDACTED", log.Body().Str())
}

func TestWhatIsCounted(t *testing.T) {
	cfg := testConfig()
	cfg.Cache.MaxTokens = 1
	r := startedRig(t, cfg, newHost())
	for i := range uint64(200) {
		ofSpan(t, r.engine, map[string]any{"http.request.header.x-api-key": secretKey(100 + i), "client.address": "7.7.7.7"})
	}
	evictions, err := r.telemetry.GetMetric("otelcol_token_identity_cache_evictions")
	require.NoError(t, err)
	assert.Positive(t, evictions.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	metadatatest.AssertEqualTokenIdentityErased(t, r.telemetry,
		[]metricdata.DataPoint[int64]{{Value: 200, Attributes: attribute.NewSet(attribute.String("signal", "traces"))}}, metricdatatest.IgnoreTimestamp())
}

func TestEnginesAreSafe(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	done := make(chan error)
	const workers = 4
	for n := range workers {
		go func() {
			for i := range 200 {
				td, _ := serverSpan(withHeader("x-api-key", secretKey(uint64(200+(i+n)%50))))
				if _, err := r.processTraces(context.Background(), td); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		require.NoError(t, <-done)
	}
}
