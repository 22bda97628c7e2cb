package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"gopkg.in/yaml.v3"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var conf map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &conf))
	return conf
}

func TestBannerIsPrintedWhenReady(t *testing.T) {
	var out strings.Builder
	announce := (&effectiveConfig{}).announce(&out)

	require.NoError(t, announce(zapcore.Entry{Message: "Starting otelcol-holter..."}))
	assert.Empty(t, out.String())
	require.NoError(t, announce(zapcore.Entry{Message: ready}))
	assert.Contains(t, out.String(), "Holter "+version)
}

func TestBannerSaysWhatListensWhere(t *testing.T) {
	got := banner(parse(t, `
receivers:
  otlp: {protocols: {grpc: , http: {endpoint: "0.0.0.0:14318"}}}
  otlp/unused: {protocols: {grpc: {endpoint: "10.0.0.1:1"}}}
exporters:
  prometheus: {endpoint: "127.0.0.1:8889"}
  file/anomalies: {path: /data/anomalies.jsonl}
  file/spans: {path: /data/spans.jsonl}
  token_response: {dry_run: false}
extensions:
  health_check:
  file_storage: {directory: /data/state}
  token_console: {endpoint: "0.0.0.0:8686", tls: {}}
service:
  extensions: [health_check, file_storage, token_console]
  pipelines:
    traces: {receivers: [otlp], exporters: [token_behavior, file/spans]}
    metrics: {receivers: [token_behavior], exporters: [prometheus]}
    logs: {receivers: [token_behavior], exporters: [file/anomalies, token_response]}
`))
	assert.Equal(t, `
  Holter `+version+` is listening.

    console     https://127.0.0.1:8686
    OTLP gRPC   localhost:4317
    OTLP HTTP   http://0.0.0.0:14318
    metrics     http://127.0.0.1:8889/metrics
    anomalies   /data/anomalies.jsonl
    state       /data/state
    health      http://localhost:13133
    responses   live: tokens may be locked or revoked

  Point an app at it:  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:14318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf

`, got)
}

func TestBannerOfAConfigWithoutOTLP(t *testing.T) {
	got := banner(parse(t, `{exporters: {token_response: }, service: {pipelines: {logs: {exporters: [token_response]}}}}`))
	assert.Contains(t, got, "dry run")
	assert.NotContains(t, got, "Point an app at it")
	assert.NotPanics(t, func() { banner(nil) })
}

func TestReachable(t *testing.T) {
	for at, want := range map[string]string{
		"0.0.0.0:4318":   "127.0.0.1:4318",
		"[::]:4318":      "127.0.0.1:4318",
		":4318":          "127.0.0.1:4318",
		"localhost:4318": "localhost:4318",
		"10.1.2.3:4318":  "10.1.2.3:4318",
		"unix":           "unix",
	} {
		assert.Equal(t, want, reachable(at), at)
	}
}
