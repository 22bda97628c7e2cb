package main

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/configs"
)

func convert(t *testing.T, text string) (*effectiveConfig, *confmap.Conf, error) {
	t.Helper()
	e, conf := &effectiveConfig{}, confmap.NewFromStringMap(parse(t, text))
	return e, conf, e.Convert(context.Background(), conf)
}

func TestADurationWithoutAUnitIsRefused(t *testing.T) {
	_, _, err := convert(t, `{connectors: {token_behavior: {metrics: {flush_interval: 15}}}}`)
	assert.EqualError(t, err, "connectors::token_behavior::metrics::flush_interval: 15 has no unit: write 15s or 15ms")

	_, _, err = convert(t, `{processors: {batch: {timeout: 1000}}}`)
	assert.NoError(t, err, "a stock component keeps its meaning")
}

func TestExplainNamesTheKeyAndWhatWouldBeRight(t *testing.T) {
	e, _, err := convert(t, `{processors: {batch: {tiemout: 5s}}, receivers: {otlp: {protocols: {grpc: {endpiont: "x:1"}}}}}`)
	require.NoError(t, err)
	refused := errors.New("'configgrpc.ServerConfig' has invalid keys: endpiont\n'batchprocessor.Config' has invalid keys: tiemout")

	err = e.explain(refused)
	require.ErrorIs(t, err, refused)
	assert.ErrorContains(t, err, `processors::batch::tiemout: there is no such key, did you mean "timeout"?`)
	assert.ErrorContains(t, err, `receivers::otlp::protocols::grpc::endpiont: there is no such key, did you mean "endpoint"?`)
}

func TestExplainLeavesAnErrorWithoutAHintAlone(t *testing.T) {
	refused := errors.New("something else")
	assert.Equal(t, refused, (&effectiveConfig{}).explain(refused), "before a config was read")

	e, _, err := convert(t, configs.Default)
	require.NoError(t, err)
	assert.Equal(t, refused, e.explain(refused))
}

func TestHealthCheckReportsByComponent(t *testing.T) {
	_, conf, err := convert(t, `
processors: {token_identity: }
extensions:
  health_check: {endpoint: "127.0.0.1:1", path: /health}
  health_check/bare:
  health_check/own: {response_body: {healthy: fine}}
`)
	require.NoError(t, err)
	status := func(path string) map[string]any { return map[string]any{"enabled": true, "path": path} }
	assert.Equal(t, map[string]any{"endpoint": "127.0.0.1:1", "status": status("/health")}, conf.Get("extensions::health_check::http"))
	assert.Equal(t, map[string]any{"endpoint": "localhost:13133", "status": status("/")}, conf.Get("extensions::health_check/bare::http"))
	assert.False(t, conf.IsSet("extensions::health_check/own::http"), "what has no equal by component is left as it is")
}

func TestAConfigWithoutHoltersComponentsIsLeftAlone(t *testing.T) {
	const stock = `{extensions: {health_check: {endpoint: "127.0.0.1:1"}}, processors: {batch: }}`
	_, conf, err := convert(t, stock)
	require.NoError(t, err)
	assert.Equal(t, parse(t, stock), conf.ToStringMap())
}

func TestSetIsLaidOverTheBuiltInConfig(t *testing.T) {
	builtIn := "--config=yaml:" + configs.Default
	for _, tt := range []struct{ args, want []string }{
		{nil, nil},
		{[]string{"components"}, []string{"components"}},
		{[]string{"--config", "a.yaml", "--set", "x=y"}, []string{"--config", "a.yaml", "--set", "x=y"}},
		{[]string{"--config=a.yaml", "--set=x=y"}, []string{"--config=a.yaml", "--set=x=y"}},
		{[]string{"--set=x=y"}, []string{"--set=x=y", builtIn}},
		{[]string{"validate", "--set", "x=y"}, []string{"validate", "--set", "x=y", builtIn}},
	} {
		assert.Equal(t, tt.want, withDefaultConfig(tt.args))
	}
}
