package tokenbehaviorconnector

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
)

func prices(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(path, []byte("{currency: USD, models: {gpt-4o: {input: 2.5, output: 10}, tiny: {input: 0.02}}, units: {pages: 0.5}}"), 0o600))
	return path
}

// inference is a span within the n-th request of many.
func inference(n int, kind ptrace.SpanKind, attrs map[string]any, tracestate ...string) ptrace.Traces {
	return spans(call{n: n, service: "agent", kind: kind, change: func(s ptrace.Span) {
		id := s.SpanID()
		id[0], id[1] = 7, byte(kind)
		s.SetSpanID(id)
		s.TraceState().FromRaw(strings.Join(tracestate, ","))
		_ = s.Attributes().FromRaw(attrs)
	}})
}

// series are what the series of a metric say at last, by the given attributes.
func (s *metricsSink) series(name string, by ...string) map[string]float64 {
	all := map[string]float64{}
	s.points(name, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
		key := ""
		for _, k := range by {
			if v, ok := attrs.Get(k); ok {
				key += v.AsString() + " "
			}
		}
		if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
			all[key] = p.DoubleValue()
		} else {
			all[key] = float64(p.IntValue())
		}
	})
	return all
}

func TestUnitsAreBroughtToTheRequest(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Units.Prices = prices(t)
		c.Units.Attributes = map[string]string{"pages": "document.pages"}
	}).start()
	chat := map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": 400_000, "gen_ai.usage.output_tokens": 100_000,
	}
	early := inference(0, ptrace.SpanKindClient, chat)
	h.send(early)
	h.send(early) // a batch that is sent again
	agent := map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 9e6}
	h.send(inference(0, ptrace.SpanKindInternal, agent))
	h.send(many(0, 7))
	h.send(inference(0, ptrace.SpanKindInternal, map[string]any{"document.pages": 3}))
	h.send(inference(5000, ptrace.SpanKindClient, chat)) // of a request that never comes
	h.stop()
	assert.Equal(t, map[string]float64{
		"tok_0 input_tokens gpt-4o-2024-08-06 ": 400_000, "tok_0 output_tokens gpt-4o-2024-08-06 ": 100_000, "tok_0 pages ": 3,
	}, h.prometheus.series(otelattr.MetricUnits, otelattr.TokenID, otelattr.UnitName, otelattr.RequestModel))
	assert.Equal(t, map[string]float64{"tok_0 USD gpt-4o-2024-08-06 ": 2, "tok_0 USD ": 1.5},
		h.prometheus.series(otelattr.MetricCost, otelattr.TokenID, otelattr.UnitCurrency, otelattr.RequestModel))
	assert.Equal(t, int64(7), h.prometheus.last(otelattr.MetricRequests), "a unit is no request")
}

func TestUnitsByOTTL(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Units.Prices = prices(t)
		c.Units.Attributes = map[string]string{"images": "images"}
		c.Units.OTTL = map[string]string{
			"pages":  `Int(span.attributes["document"]["pages"])`,
			"images": `span.attributes["other_images"]`,
			"rows":   `span.attributes["rows"]`,
			"stored": `resource.attributes["nothing"]`,
		}
	}).start()
	h.send(inference(0, ptrace.SpanKindInternal, map[string]any{
		"document": map[string]any{"pages": "4"}, "images": 2, "other_images": 9, "rows": 2.5,
	}))
	h.send(inference(1, ptrace.SpanKindClient, map[string]any{"rows": -1, "document": "no map", "gen_ai.usage.input_tokens": 7}))
	h.send(many(0, 2))
	h.stop()
	assert.Equal(t, map[string]float64{"tok_0 pages ": 4, "tok_0 images ": 2, "tok_0 rows ": 2, "tok_1 input_tokens ": 7},
		h.prometheus.series(otelattr.MetricUnits, otelattr.TokenID, otelattr.UnitName))
	assert.Equal(t, map[string]float64{"tok_0 USD ": 2}, h.prometheus.series(otelattr.MetricCost, otelattr.TokenID, otelattr.UnitCurrency))
}

func TestUnitsThatAreNoOTTL(t *testing.T) {
	c := createDefaultConfig().(*Config)
	c.Units.OTTL = map[string]string{"pages": `span.attribute["pages"]`, "rows": `Rows(`, "": `1`}
	err := c.Validate()
	require.ErrorContains(t, err, `units::ottl::pages: "span.attribute[\"pages\"]" is no OTTL value`)
	require.ErrorContains(t, err, `write one such as span.attributes["document.pages"]`)
	require.ErrorContains(t, err, `units::ottl::rows: "Rows(" is no OTTL value`)
	require.ErrorContains(t, err, `units::ottl: "1" counts a unit without a name`)
}

func TestUnitsComeBackFromTheJournal(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, withDelta).onDisk(dir).start()
	h.send(inference(0, ptrace.SpanKindClient, map[string]any{"gen_ai.usage.input_tokens": 5}))
	h.send(many(0, 7))
	left := h.killed(t, dir)
	h.stop()
	again := newHouse(t, withDelta).onDisk(left).start()
	again.stop()
	assert.Equal(t, int64(5), again.warehouse.sum(otelattr.MetricUnits))
}

// Units whose request has not come when the process stops wait for it over the restart, and count once if their batch comes again.
func TestUnitsWaitOverARestart(t *testing.T) {
	dir := folder(t)
	early := inference(0, ptrace.SpanKindClient, map[string]any{"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5})
	later := inference(1, ptrace.SpanKindInternal, map[string]any{"gen_ai.usage.output_tokens": 2})
	h := newHouse(t, withDelta).onDisk(dir).start()
	h.send(early)
	h.send(later)
	h.stop()
	assert.Zero(t, h.warehouse.sum(otelattr.MetricUnits))

	again := newHouse(t, withDelta).onDisk(dir).start()
	again.send(early)
	again.send(many(0, 1))
	again.stop()
	assert.Equal(t, int64(5), again.warehouse.sum(otelattr.MetricUnits))

	last := newHouse(t, withDelta).onDisk(dir).start()
	last.send(many(1, 2))
	last.stop()
	assert.Equal(t, int64(2), last.warehouse.sum(otelattr.MetricUnits), "what was joined is not joined again")
}

// A batch that comes again after a restart brings nothing to a further request of its trace, and what comes later to one after it.
func TestUnitsOfASpanCountOnceOverARestart(t *testing.T) {
	dir := folder(t)
	used := inference(0, ptrace.SpanKindClient, map[string]any{"gen_ai.usage.input_tokens": 5})
	h := newHouse(t, withDelta).onDisk(dir).start()
	h.send(used)
	h.send(many(0, 1))
	h.stop()
	assert.Equal(t, int64(5), h.warehouse.sum(otelattr.MetricUnits))

	further := func(id byte) ptrace.Traces {
		return spans(call{n: int(id), token: "tok_a", change: func(s ptrace.Span) {
			s.SetTraceID([16]byte{8: 0, 15: 1})
			s.SetSpanID([8]byte{9, id})
		}})
	}
	again := newHouse(t, withDelta).onDisk(dir).start()
	again.send(used)
	again.send(further(1))
	again.stop()
	assert.Zero(t, again.warehouse.sum(otelattr.MetricUnits))

	last := newHouse(t, withDelta).onDisk(dir).start()
	last.send(further(2))
	last.send(used)
	last.send(inference(0, ptrace.SpanKindInternal, map[string]any{"gen_ai.usage.input_tokens": 3}))
	last.stop()
	assert.Equal(t, int64(3), last.warehouse.sum(otelattr.MetricUnits))
}

func TestTracesAreForgottenInOrder(t *testing.T) {
	var gone []int
	r := recentTraces[int, int]{limit: 10, dropped: func(v int) { gone = append(gone, v) }}
	for i := range 25 {
		r.put(i, i)
	}
	assert.LessOrEqual(t, len(r.young)+len(r.old), 10)
	assert.Len(t, gone, 15)
	_, ok := r.get(24)
	assert.True(t, ok)
	r.remove(24)
	_, ok = r.get(24)
	assert.False(t, ok)
}

func TestPricesThatCannotBeReadStopTheStart(t *testing.T) {
	c := createDefaultConfig().(*Config)
	c.Units.Prices = filepath.Join(t.TempDir(), "nowhere.yaml")
	_, err := NewFactory().CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(metadata.Type), c, new(metricsSink))
	require.ErrorContains(t, err, fmt.Sprint("units::prices: read prices: open ", c.Units.Prices))
	c.Units.Attributes = map[string]string{"pages": ""}
	require.ErrorContains(t, c.Validate(), "units::attributes::pages")
}

// Units that come when their request is in a batch that was cut are counted once, whatever happens between.
func TestUnitsAfterACutSurviveAKill(t *testing.T) {
	type variant struct {
		config  func(*Config)
		flushed bool
	}
	for _, v := range []variant{{byMinute, false}, {byMinute, true}, {withDelta, false}, {withDelta, true}} {
		dir := folder(t)
		h := newHouse(t, v.config).onDisk(dir).start()
		h.send(inference(0, ptrace.SpanKindInternal, map[string]any{"gen_ai.usage.input_tokens": 1})) // from the first units on requests are remembered
		h.send(many(1, 1))
		h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
		h.send(inference(1, ptrace.SpanKindInternal, map[string]any{"gen_ai.usage.input_tokens": 100}))
		if v.flushed {
			h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
		}
		left := h.killed(t, dir)
		stored := h.warehouse.sum(otelattr.MetricUnits)
		h.stop()
		h = newHouse(t, v.config).onDisk(left).start()
		h.stop()
		assert.Equal(t, int64(100), stored+h.warehouse.sum(otelattr.MetricUnits), "flushed: %v", v.flushed)
	}
}

// A span that was kept by chance stands for others, with what it used.
func TestUnitsOfSampledSpansAreScaled(t *testing.T) {
	for threshold, weight := range map[string]float64{"ot=th:c": 4, "ot=th:55": 256. / (256 - 0x55), "ot=rv:1": 1} {
		t.Run(threshold, func(t *testing.T) {
			path := prices(t)
			h := newHouse(t, func(c *Config) { c.Units.Prices = path }).start()
			const n = 300
			for i := range n {
				h.send(inference(i, ptrace.SpanKindClient, map[string]any{"gen_ai.usage.input_tokens": 100, "gen_ai.request.model": "gpt-4o"}, threshold))
				h.send(spans(call{n: i, token: "tok_a", change: func(s ptrace.Span) { s.TraceState().FromRaw(threshold) }}))
			}
			h.stop()
			assert.InDelta(t, n*weight, h.prometheus.last(otelattr.MetricRequests), 1)
			assert.InDelta(t, n*weight, h.prometheus.last(otelattr.MetricCoverage), 1)
			assert.InDelta(t, 100*n*weight, h.prometheus.last(otelattr.MetricUnits), 1)
			assert.InEpsilon(t, 2.5e-4*n*weight, h.prometheus.series(otelattr.MetricCost)[""], 1e-6)
		})
	}
}

func TestCallsThatCostLessThanAMillionthAddUp(t *testing.T) {
	path := prices(t)
	h := newHouse(t, func(c *Config) { c.Units.Prices = path }).start()
	const n = 1_000
	for i := range n {
		h.send(inference(i, ptrace.SpanKindClient, map[string]any{"gen_ai.usage.input_tokens": 1, "gen_ai.request.model": "tiny"}))
		h.send(spans(call{n: i, token: "tok_a"}))
	}
	h.stop()
	assert.InEpsilon(t, n*0.02e-6, h.prometheus.series(otelattr.MetricCost)[""], 1e-6)
}

// Those that wait for one request are many in a long trace: they stay bounded, and nothing is lost.
func TestManyUsesOfOneTraceAddUp(t *testing.T) {
	h := newHouse(t, nil).start()
	const n = 5 * usesKept
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		one := inference(0, ptrace.SpanKindClient, map[string]any{"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": i % 2, "gen_ai.request.model": "gpt-4o"}).
			ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		one.SetSpanID([8]byte{byte(i), byte(i >> 8), 1})
		one.MoveTo(all.AppendEmpty())
	}
	h.send(td)
	w := h.runtime().worker
	w.ask(t.Context(), func() { assert.Len(t, w.units.held(), usesKept) })
	h.send(many(0, 1))
	h.stop()
	assert.EqualValues(t, 10*n+n/2, h.prometheus.last(otelattr.MetricUnits))
}
