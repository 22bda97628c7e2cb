package tokenconsoleextension

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/holterhq/holter/internal/console"
	"github.com/holterhq/holter/internal/freeport"
	"github.com/holterhq/holter/internal/store"
)

func TestTheDemoIsAPopulationOfItsOwn(t *testing.T) {
	now := time.Date(2026, 3, 26, 12, 20, 0, 0, time.UTC)
	ports, err := freeport.Take(1)
	require.NoError(t, err)
	endpoint := "127.0.0.1:" + ports[0]
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": endpoint}}}).Unmarshal(cfg))
	sink := new(consumertest.TracesSink)
	receiver, err := factory.CreateTraces(t.Context(), receivertest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, receiver.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, receiver.Shutdown(context.WithoutCancel(t.Context()))) })

	ctx, stop := context.WithCancel(t.Context())
	p := &player{endpoint: func() string { return endpoint }, now: func() time.Time { return now }}
	reports := 0
	err = p.Play(ctx, func(done float64, requests int) {
		if reports++; reports == 3 {
			stop()
		}
		assert.Positive(t, requests)
		assert.Less(t, done, 1.)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, sink.AllTraces())
	for _, td := range sink.AllTraces() {
		for _, rs := range td.ResourceSpans().All() {
			name, _ := rs.Resource().Attributes().Get("deployment.environment.name")
			assert.Equal(t, console.DemoEnvironment, name.Str())
		}
	}
	assert.True(t, p.fleet.End().After(now) && p.fleet.End().Sub(now) <= time.Hour, "it goes on for a while")
	labels := p.fleet.Labels()
	require.Len(t, labels, 3)
	stolen := p.fleet.Tokens()[0]
	known := p.Known([]store.Token{{ID: "tok_a", Hint: stolen.Credential.Hint()}, {ID: "tok_b", Hint: "nobody's"}, {ID: "tok_c", Hint: stolen.Credential.Hint(), OwnerID: "known"}})
	require.Len(t, known, 1)
	assert.Equal(t, []any{"tok_a", stolen.Owner.Name}, []any{known[0].ID, known[0].OwnerName})
}

func TestADemoNeedsAReceiver(t *testing.T) {
	p := &player{endpoint: func() string { return "" }, now: time.Now}
	assert.ErrorContains(t, p.Play(t.Context(), func(float64, int) {}), "demo::endpoint: this Collector has no OTLP receiver over gRPC")
	p.endpoint = func() string { return "collector.example.com:4317" }
	assert.ErrorContains(t, p.Play(t.Context(), func(float64, int) {}), "is not on this machine")
}
