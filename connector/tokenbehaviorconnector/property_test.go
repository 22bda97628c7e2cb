package tokenbehaviorconnector

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/otelattr"
)

// Whatever leaves memory, has no series of its own or is cut in two by a restart: every metric adds up to what was sent.
func TestCountsAddUp(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(31, seed))
			tight := func(c *Config) {
				c.Limits.MaxTokens = 16 + random.IntN(32) // of up to 400
				c.Metrics.MaxTokens, c.Metrics.MaxRoutes = 1+random.IntN(30), 1+random.IntN(3)
				c.Metrics.MaxOrigins, c.Metrics.MaxReleases, c.Metrics.MaxServiceRoutes = 1, 1, 1+random.IntN(4)
				c.Outputs = map[pipeline.ID]Output{warehouse: {Temporality: temporalityDelta, MaxTokens: 1 + random.IntN(50)}}
			}
			dir := folder(t)
			var sent, scraped, number int64
			stored := new(metricsSink)
			evicted := uint64(0)
			for range 3 {
				h := newHouse(t, tight).onDisk(dir).start()
				for range 1 + random.IntN(4) {
					calls := make([]call, 1+random.IntN(300))
					for i := range calls {
						calls[i] = wanderer(random, int(number))
						weight := int64(1)
						if random.IntN(4) == 0 {
							weight = 4
							calls[i].change = func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:c") }
						}
						sent += weight
						number++
					}
					h.send(spans(calls...))
					if random.IntN(2) == 0 {
						h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
					}
				}
				h.runtime().worker.ask(t.Context(), func() { evicted += h.runtime().worker.learner.engine.Stats().Evicted })
				h.stop()
				for _, name := range []string{
					otelattr.MetricRequests, otelattr.MetricRouteRequests, otelattr.MetricOriginRequests, otelattr.MetricReleaseRequests, otelattr.MetricClientRequests,
					otelattr.MetricCoverage,
				} {
					require.Equal(t, h.prometheus.last(otelattr.MetricRequests), h.prometheus.last(name), name)
				}
				scraped += h.prometheus.last(otelattr.MetricRequests)
				for _, md := range h.warehouse.AllMetrics() {
					_ = stored.ConsumeMetrics(t.Context(), md)
				}
			}
			assert.Positive(t, evicted)
			assert.Equal(t, sent, scraped)
			for _, name := range []string{
				otelattr.MetricRequests, otelattr.MetricRouteRequests, otelattr.MetricOriginRequests, otelattr.MetricReleaseRequests, otelattr.MetricClientRequests,
				otelattr.MetricCoverage,
			} {
				assert.Equal(t, sent, stored.sum(name), name)
			}
		})
	}
}

// wanderer is a call by any of many tokens on any of many routes.
func wanderer(random *rand.Rand, n int) call {
	return call{
		n: n, token: fmt.Sprintf("tok_%03d", random.IntN(400)), path: fmt.Sprintf("/v1/%c", 'a'+rune(random.IntN(12))), service: fmt.Sprint("service-", random.IntN(5)),
	}
}
