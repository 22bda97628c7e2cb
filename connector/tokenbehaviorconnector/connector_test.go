package tokenbehaviorconnector

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

func TestFourNodesCountOnce(t *testing.T) {
	h := newHouse(t, nil).start()
	h.send(many(0, 100))
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
	assert.Equal(t, int64(100), h.warehouse.last(otelattr.MetricRequests))
	assert.Len(t, h.events.ids(), 10)
	assert.Equal(t, h.events.ids(), h.otherEvents.ids())
	assert.Len(t, h.events.records(), 10, "each event once")
}

func TestEachOutputIsFlushedWithItsLastNode(t *testing.T) {
	for name, order := range map[string][4]int{"metrics first": {0, 2, 1, 3}, "logs first": {3, 1, 2, 0}, "mixed": {1, 2, 3, 0}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil).start()
			h.send(many(0, 20))
			nodes := h.nodes()
			stopped := map[int]bool{}
			for _, i := range order {
				require.NoError(t, nodes[i].Shutdown(t.Context()))
				require.NoError(t, nodes[i].Shutdown(t.Context()), "twice")
				stopped[i] = true
				if stopped[0] && stopped[2] {
					assert.Equal(t, int64(20), h.prometheus.last(otelattr.MetricRequests))
				}
				if stopped[1] && stopped[3] {
					assert.Len(t, h.events.ids(), 2)
				}
			}
		})
	}
}

func TestANewServiceIsANewRuntime(t *testing.T) {
	h := newHouse(t, nil).start()
	first := h.runtime()
	h.stop()
	again := newHouse(t, nil)
	assert.NotSame(t, first, again.runtime())
	again.stop() // without a start
	assert.Empty(t, shared.runtimes)
}

func TestARetriedBatchIsCountedOnce(t *testing.T) {
	h := newHouse(t, nil).start()
	h.send(many(0, 50))
	h.send(many(0, 50))
	h.stop()
	assert.Equal(t, int64(50), h.prometheus.last(otelattr.MetricRequests))
	assert.Len(t, h.events.records(), 5)
}

// A gateway, what it does inside, the service behind it and that service's access log tell of one request.
func TestOneRequestInManyRecords(t *testing.T) {
	trace := pcommon.TraceID{7}
	part := func(id byte, from, to time.Duration) func(ptrace.Span) {
		return func(s ptrace.Span) {
			s.SetTraceID(trace)
			s.SetSpanID(pcommon.SpanID{id})
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(morning.Add(from)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(morning.Add(to)))
		}
	}
	request := spans(
		call{token: "tok_a", service: "gateway", kind: ptrace.SpanKindClient, change: part(3, 2, 8)},
		call{token: "tok_a", service: "gateway", kind: ptrace.SpanKindInternal, change: part(2, 1, 9)},
		call{token: "tok_a", service: "gateway", change: part(1, 0, 10)},
		call{token: "tok_a", service: "orders", change: part(4, 3, 7)},
	)
	log := plog.NewLogs()
	record := log.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTraceID(trace)
	record.SetSpanID(pcommon.SpanID{1})
	record.SetTimestamp(pcommon.NewTimestampFromTime(morning.Add(10)))
	record.Attributes().PutStr(otelattr.TokenID, "tok_a")
	record.Attributes().PutStr("method", "GET")
	record.Attributes().PutInt("status", 200)

	for name, want := range map[string]int64{countEntry: 1, countEvery: 3} {
		h := newHouse(t, func(c *Config) { c.Count = name }).start()
		h.send(request)
		h.sendLogs(log)
		h.stop()
		assert.Equal(t, want, h.prometheus.last(otelattr.MetricRequests), name)
		assert.Equal(t, int64(3-1), h.prometheus.last(otelattr.MetricCoverage), "server spans")
	}
}

func TestLogsAlone(t *testing.T) {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 5 {
		record := records.AppendEmpty()
		record.SetObservedTimestamp(pcommon.NewTimestampFromTime(morning))
		record.Attributes().PutStr(otelattr.TokenID, "tok_a")
		body := record.Body().SetEmptyMap()
		body.PutStr("request_method", "POST")
		body.PutStr("path", "/v1/orders/17")
		body.PutInt("status", 500)
	}
	records.AppendEmpty().Attributes().PutStr(otelattr.TokenID, "tok_a") // no request
	records.AppendEmpty().Attributes().PutStr("method", "GET")           // no token
	h := newHouse(t, nil).start()
	h.sendLogs(ld)
	h.stop()
	var seen int
	h.prometheus.points(otelattr.MetricRequests, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
		seen++
		assert.Equal(t, int64(5), p.IntValue())
		outcome, _ := attrs.Get(otelattr.TokenOutcome)
		assert.Equal(t, "server_error", outcome.Str())
	})
	assert.Equal(t, 1, seen)
}

func TestLimitsOfOneOutput(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Outputs = map[pipeline.ID]Output{prometheus: {MaxTokens: 2}, warehouse: {Temporality: temporalityDelta}}
	}).start()
	h.send(many(0, 100))
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
	assert.Equal(t, int64(100), h.warehouse.sum(otelattr.MetricRequests))
	tokens := map[string]bool{}
	var overflow int64
	h.prometheus.points(otelattr.MetricRequests, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
		if id, ok := attrs.Get(otelattr.TokenID); ok {
			tokens[id.Str()] = true
		}
		if _, ok := attrs.Get(otelattr.MetricOverflow); ok {
			overflow += p.IntValue()
		}
	})
	assert.Len(t, tokens, 2)
	assert.Positive(t, overflow)
}

func TestSampledSpansAreScaled(t *testing.T) {
	h := newHouse(t, nil).start()
	var calls []call
	for n := range 100 {
		calls = append(calls, call{n: n, token: "tok_a", change: func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:c") }})
	}
	h.send(spans(calls...))
	h.stop()
	assert.Equal(t, int64(400), h.prometheus.last(otelattr.MetricRequests), "one of four was kept")
}

func TestSpansWithoutTime(t *testing.T) {
	h := newHouse(t, nil).start()
	h.send(spans(call{token: "tok_a", status: "unknown", change: func(s ptrace.Span) {
		s.SetStartTimestamp(0)
		s.SetEndTimestamp(0)
	}}))
	h.stop()
	assert.Equal(t, int64(1), h.prometheus.last(otelattr.MetricRequests))
	assert.Empty(t, h.events.ids(), "there is no time that it could be judged at")
}

func TestAPanicInLearningStopsNothingElse(t *testing.T) {
	h := newHouse(t, nil).start()
	l := h.runtime().worker.learner
	ask := func(do func()) { h.runtime().worker.ask(t.Context(), do) }
	h.send(many(0, 100))
	ask(func() { l.fault = func() { panic("provoked") } })
	h.send(many(100, 100))
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	ask(func() { l.fault = nil })
	h.send(many(200, 100))
	assert.Equal(t, componentstatus.StatusOK, h.host.status())
	ask(func() { assert.Equal(t, 7+10+10, l.engine.Stats().Tokens, "what was learned before is kept") })
	h.stop()
	assert.Equal(t, int64(300), h.prometheus.last(otelattr.MetricRequests))
	assert.Len(t, h.events.ids(), 20)
}

func TestAPanicOverOneTokenCostsThatTokenOnly(t *testing.T) {
	h := newHouse(t, nil)
	l := h.runtime().worker.learner
	l.config.Probe = func(o *behavior.Observation) {
		if o.Token == "tok_3" {
			panic("provoked")
		}
	}
	l.fresh()
	h.start()
	h.send(many(0, 100))
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
	assert.Len(t, h.events.ids(), 10)
}

func TestAPanicInCountingStopsNothingElse(t *testing.T) {
	h := newHouse(t, nil).start()
	broken := h.runtime().metrics.views[0]
	counter := broken.counter
	h.runtime().worker.ask(t.Context(), func() { broken.counter = nil })
	h.send(many(0, 100))
	assert.Equal(t, componentstatus.StatusRecoverableError, h.host.status())
	h.runtime().worker.ask(t.Context(), func() { broken.counter = counter })
	h.send(many(100, 100))
	assert.Equal(t, componentstatus.StatusOK, h.host.status())
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
}

func TestLearningPausesWhenItKeepsFailing(t *testing.T) {
	h := newHouse(t, nil).start()
	var faults int
	h.runtime().worker.ask(t.Context(), func() {
		h.runtime().worker.learner.fault = func() { faults++; panic(errors.New("provoked")) }
	})
	for n := range 20 {
		h.send(many(n*10, 10))
	}
	h.stop()
	assert.Equal(t, toleratedFailures, faults)
	assert.Equal(t, int64(200), h.prometheus.last(otelattr.MetricRequests))
	var routes []string
	h.prometheus.points(otelattr.MetricRouteRequests, func(attrs pcommon.Map, _ pmetric.NumberDataPoint) {
		route, _ := attrs.Get(otelattr.HTTPRoute)
		routes = append(routes, route.Str())
	})
	assert.Subset(t, []string{"/v1/orders/{id}"}, routes, "routes are templated all the same")
}

func TestARefusedEventWaits(t *testing.T) {
	h := newHouse(t, nil)
	h.events.set(errors.New("not now"))
	h.start()
	h.send(many(0, 20))
	assert.Eventually(t, func() bool { return len(h.otherEvents.ids()) == 2 }, 5*time.Second, time.Millisecond,
		"a pipeline that refuses delays no other")
	assert.Eventually(t, func() bool { return h.host.status() == componentstatus.StatusRecoverableError }, 5*time.Second, time.Millisecond)
	h.events.set(nil)
	assert.Eventually(t, func() bool { return len(h.events.ids()) == 2 }, 10*time.Second, 10*time.Millisecond)
	h.stop()
	assert.Len(t, h.otherEvents.records(), 2, "what was accepted is not sent again")
}

func TestWhatArrivesIsNotChanged(t *testing.T) {
	h := newHouse(t, nil).start()
	td := many(0, 50)
	before := ptrace.NewTraces()
	td.CopyTo(before)
	td.MarkReadOnly()
	h.send(td)
	h.stop()
	assert.Equal(t, before.SpanCount(), td.SpanCount())
	assert.False(t, h.traces.Capabilities().MutatesData)
	marshaler := new(ptrace.ProtoMarshaler)
	want, _ := marshaler.MarshalTraces(before)
	got, _ := marshaler.MarshalTraces(td)
	assert.Equal(t, want, got)
}

func TestAConsumerThatIsNoRouter(t *testing.T) {
	set := connectortest.NewNopSettings(metadata.Type)
	sink := new(metricsSink)
	config := createDefaultConfig()
	n, err := NewFactory().CreateTracesToMetrics(t.Context(), set, config, sink)
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context(), newTestHost()))
	require.NoError(t, n.ConsumeTraces(context.Background(), many(0, 10)))
	require.NoError(t, n.Shutdown(t.Context()))
	assert.Equal(t, int64(10), sink.last(otelattr.MetricRequests))
}
