package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector"
	"github.com/holterhq/holter/processor/tokenidentityprocessor"
)

// The spans: requests of 2,000 API keys to one service, as an instrumented server sends them, 500 to a batch.
const (
	keys      = 2_000
	batchSize = 500
	batches   = 40
	habitDays = 8 // each batch once a day, before anything is measured: a younger key is only learned
)

// BenchmarkChain gives ns and allocations per span for each link, on the same spans in one run, each a request of its own. identity is
// measured on the spans as they arrive, behavior and span_metrics on what identity made of them, decoding on both.
func BenchmarkChain(b *testing.B) { chain(b, arrivingBatches(keys, 1)) }

// BenchmarkTraces is the same with whole traces: of six spans of a request one has the key.
func BenchmarkTraces(b *testing.B) { chain(b, arrivingTraces(keys, 1)) }

func chain(b *testing.B, arriving []ptrace.Traces) {
	identified := identify(b, arriving)

	b.Run("otlp_decode", func(b *testing.B) { decode(b, arriving) })
	b.Run("otlp_decode_identified", func(b *testing.B) { decode(b, identified) }) // what a gateway behind agents that identify does
	b.Run("token_identity", func(b *testing.B) {
		next := startIdentity(b, consumertest.NewNop())
		encoded := encode(b, arriving)
		decoder := new(ptrace.ProtoUnmarshaler)
		perSpanOf(b, func(i int) ptrace.Traces { // each batch once: the processor erases the credentials
			td, err := decoder.UnmarshalTraces(encoded[i%batches])
			require.NoError(b, err)
			return td
		}, next)
	})
	for _, storage := range []bool{false, true} {
		b.Run(fmt.Sprintf("token_behavior/storage=%v", storage), func(b *testing.B) {
			next := startBehavior(b, storage)
			perSpanOf(b, fresh(identified), next)
		})
	}
	b.Run("span_metrics", func(b *testing.B) {
		next := startSpanMetrics(b)
		perSpanOf(b, fresh(identified), next)
	})
}

func decode(b *testing.B, spans []ptrace.Traces) {
	encoded := encode(b, spans)
	decoder := new(ptrace.ProtoUnmarshaler)
	perSpan(b, spans[0].SpanCount(), func(i int) {
		if _, err := decoder.UnmarshalTraces(encoded[i%batches]); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkMemory gives the bytes on the heap for each of 10,000 keys, two requests of each a day for twelve days, after a garbage
// collection; what does not depend on the number of keys is part of them.
func BenchmarkMemory(b *testing.B) {
	const many, days = 10_000, 12
	sink := new(consumertest.TracesSink)
	identity := startIdentity(b, sink)
	day := func(d uint64) []ptrace.Traces {
		sink.Reset()
		for _, td := range arrivingBatches(many, d) {
			require.NoError(b, identity.ConsumeTraces(context.Background(), td))
		}
		return sink.AllTraces()
	}
	day(0)
	for name, start := range map[string]func(*testing.B) consumer.Traces{
		"token_behavior": func(b *testing.B) consumer.Traces { return startBehavior(b, false) },
		"span_metrics":   startSpanMetrics,
	} {
		b.Run(name, func(b *testing.B) {
			sink.Reset()
			before := heap()
			next := start(b)
			at := began
			for d := range uint64(days) {
				batch := fresh(day(d))
				for i := range batches {
					td := batch(i)
					shift(td, at.Sub(began))
					require.NoError(b, next.ConsumeTraces(context.Background(), td))
				}
				at = at.AddDate(0, 0, 1)
			}
			sink.Reset()
			b.ReportMetric(float64(heap()-before)/many, "B/key")
			b.ReportMetric(0, "ns/op")
			runtime.KeepAlive(next)
		})
	}
}

// shift moves spans in time, and to traces of their own.
func shift(td ptrace.Traces, by time.Duration) {
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		id := span.TraceID()
		binary.LittleEndian.PutUint32(id[:4], uint32(by/time.Second))
		span.SetTraceID(id)
		span.SetStartTimestamp(span.StartTimestamp() + pcommon.Timestamp(by))
		span.SetEndTimestamp(span.EndTimestamp() + pcommon.Timestamp(by))
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// perSpanOf measures a consumer; making the batches is not counted.
func perSpanOf(b *testing.B, batch func(i int) ptrace.Traces, next consumer.Traces) {
	for i := range habitDays * batches { // every key is known, and judged
		require.NoError(b, next.ConsumeTraces(context.Background(), batch(i)))
	}
	var m meter
	var i, spans int
	for b.Loop() {
		td := batch(habitDays*batches + i)
		spans += td.SpanCount()
		m.start()
		err := next.ConsumeTraces(context.Background(), td)
		m.stop()
		if err != nil {
			b.Fatal(err)
		}
		i++
	}
	m.report(b, spans)
}

// perSpan measures a function that works off so many spans at a time.
func perSpan(b *testing.B, spans int, do func(i int)) {
	var m meter
	var i int
	m.start()
	for b.Loop() {
		do(i)
		i++
	}
	m.stop()
	m.report(b, i*spans)
}

// meter adds up what is spent: time on the clock, time of all processors, which does not depend on what else the machine
// does, and allocations.
type meter struct {
	wall, cpu time.Duration
	allocs    uint64

	began     time.Time
	cpuBefore time.Duration
	before    runtime.MemStats
}

func (m *meter) start() {
	runtime.ReadMemStats(&m.before)
	m.cpuBefore = cpuTime()
	m.began = time.Now()
}

func (m *meter) stop() {
	m.wall += time.Since(m.began)
	m.cpu += cpuTime() - m.cpuBefore
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	m.allocs += after.Mallocs - m.before.Mallocs
}

func (m *meter) report(b *testing.B, spans int) {
	b.ReportMetric(float64(m.wall.Nanoseconds())/float64(spans), "ns/span")
	b.ReportMetric(float64(m.cpu.Nanoseconds())/float64(spans), "cpu-ns/span")
	b.ReportMetric(float64(m.allocs)/float64(spans), "allocs/span")
	b.ReportMetric(0, "ns/op")
}

// fresh returns batches whose spans have ids and times that were not seen before.
func fresh(from []ptrace.Traces) func(i int) ptrace.Traces {
	var c clock
	for _, td := range from {
		for span := range spansOf(td) {
			if span.Kind() == ptrace.SpanKindServer {
				c.aDay++
			}
		}
	}
	return func(i int) ptrace.Traces {
		td := from[i%len(from)]
		c.stamp(td)
		return td
	}
}

func spansOf(td ptrace.Traces) iter.Seq[ptrace.Span] {
	return func(yield func(ptrace.Span) bool) {
		for _, resource := range td.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					if !yield(span) {
						return
					}
				}
			}
		}
	}
}

var began = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// clock gives requests, each of which begins with the span of a server, ids and times: a thousand a second, after days of so many.
type clock struct{ n, aDay, spans uint64 }

func (c *clock) stamp(td ptrace.Traces) {
	var trace pcommon.TraceID
	var parent pcommon.SpanID
	var end time.Time
	for span := range spansOf(td) {
		c.spans++
		var id pcommon.SpanID
		binary.LittleEndian.PutUint64(id[:], c.spans)
		if span.Kind() == ptrace.SpanKindServer {
			c.n++
			binary.LittleEndian.PutUint64(trace[:], c.n*0x9e3779b97f4a7c15)
			binary.LittleEndian.PutUint64(trace[8:], c.n)
			past := min((c.n-1)/c.aDay, habitDays)
			end = began.AddDate(0, 0, int(past)).Add(time.Duration(c.n-past*c.aDay) * time.Millisecond)
			parent = id
		} else {
			span.SetParentSpanID(parent)
		}
		span.SetTraceID(trace)
		span.SetSpanID(id)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Duration(5+c.n%90) * time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	}
}

func arrivingBatches(keys int, seed uint64) []ptrace.Traces {
	random := rand.New(rand.NewPCG(seed, 2))
	all := make([]ptrace.Traces, batches)
	stamps := clock{aDay: batches * batchSize}
	routes := []string{"/v1/orders", "/v1/orders/{id}", "/v1/customers/{id}", "/v1/invoices", "/v1/search", "/v1/exports/{id}"}
	for i := range all {
		all[i] = ptrace.NewTraces()
		resource := all[i].ResourceSpans().AppendEmpty()
		resource.Resource().Attributes().PutStr("service.name", "shop")
		resource.Resource().Attributes().PutStr("service.version", "1.4.2")
		resource.Resource().Attributes().PutStr("deployment.environment.name", "production")
		spans := resource.ScopeSpans().AppendEmpty().Spans()
		for range batchSize {
			span := spans.AppendEmpty()
			span.SetKind(ptrace.SpanKindServer)
			key := int(float64(keys) * random.Float64() * random.Float64()) // some keys do more than others
			route := routes[(key+random.IntN(3))%len(routes)]
			span.SetName("GET " + route)
			attrs := span.Attributes()
			attrs.PutStr("http.request.method", "GET")
			attrs.PutStr("http.route", route)
			attrs.PutStr("url.path", route)
			attrs.PutStr("url.scheme", "https")
			attrs.PutStr("server.address", "api.shop.test")
			attrs.PutInt("server.port", 443)
			attrs.PutStr("network.protocol.version", "1.1")
			attrs.PutStr("client.address", fmt.Sprintf("85.214.%d.%d", key%50, key%250))
			attrs.PutStr("user_agent.original", fmt.Sprintf("python-requests/2.%d.0", key%7))
			attrs.PutInt("http.response.status_code", 200)
			attrs.PutInt("http.response.body.size", int64(random.IntN(4_000)))
			attrs.PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(fmt.Sprintf("sk_live_%024d", key))
		}
		stamps.stamp(all[i])
	}
	return all
}

// arrivingTraces are requests of which each has the spans that an instrumented server of Node with Express, PostgreSQL and Redis sends.
func arrivingTraces(keys int, seed uint64) []ptrace.Traces {
	const requests = batchSize / 6
	all := arrivingBatches(keys, seed)
	stamps := clock{aDay: batches * requests}
	for i, td := range all {
		whole := ptrace.NewTraces()
		resource := whole.ResourceSpans().AppendEmpty()
		td.ResourceSpans().At(0).Resource().MoveTo(resource.Resource())
		spans := resource.ScopeSpans().AppendEmpty().Spans()
		for _, server := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			if spans.Len() == 6*requests {
				break
			}
			server.MoveTo(spans.AppendEmpty())
			for _, name := range []string{"query", "expressInit", "jsonParser"} {
				span := spans.AppendEmpty()
				span.SetName("middleware - " + name)
				span.SetKind(ptrace.SpanKindInternal)
				span.Attributes().PutStr("express.name", name)
				span.Attributes().PutStr("express.type", "middleware")
			}
			for _, system := range []string{"postgresql", "redis"} {
				span := spans.AppendEmpty()
				span.SetName(system)
				span.SetKind(ptrace.SpanKindClient)
				span.Attributes().PutStr("db.system.name", system)
				span.Attributes().PutStr("db.query.text", "select * from orders where id = $1")
				span.Attributes().PutStr("db.operation.name", "select")
				span.Attributes().PutStr("server.address", "db.shop.test")
				span.Attributes().PutInt("server.port", 5432)
			}
		}
		stamps.stamp(whole)
		all[i] = whole
	}
	return all
}

func encode(b *testing.B, all []ptrace.Traces) [][]byte {
	encoded := make([][]byte, len(all))
	for i, td := range all {
		var err error
		encoded[i], err = new(ptrace.ProtoMarshaler).MarshalTraces(td)
		require.NoError(b, err)
	}
	return encoded
}

// identify is what token_identity makes of the batches.
func identify(b *testing.B, arriving []ptrace.Traces) []ptrace.Traces {
	sink := new(consumertest.TracesSink)
	next := startIdentity(b, sink)
	for _, td := range arriving {
		own := ptrace.NewTraces()
		td.CopyTo(own)
		require.NoError(b, next.ConsumeTraces(context.Background(), own))
	}
	return sink.AllTraces()
}

func startIdentity(b *testing.B, next consumer.Traces) consumer.Traces {
	factory := tokenidentityprocessor.NewFactory()
	config := factory.CreateDefaultConfig().(*tokenidentityprocessor.Config)
	config.Keys.Identity = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	p, err := factory.CreateTraces(context.Background(), processortest.NewNopSettings(factory.Type()), config, next)
	require.NoError(b, err)
	start(b, p, componenttest.NewNopHost())
	return p
}

func startBehavior(b *testing.B, withStorage bool) consumer.Traces {
	factory := tokenbehaviorconnector.NewFactory()
	config := factory.CreateDefaultConfig().(*tokenbehaviorconnector.Config)
	host := host{Host: componenttest.NewNopHost()}
	if withStorage {
		id := component.MustNewID("file_storage")
		config.Storage = &id
		host.extensions = map[component.ID]component.Component{id: fileStorage(b, b.TempDir())}
	}
	set := connectortest.NewNopSettings(factory.Type())
	metrics := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{pipeline.NewID(pipeline.SignalMetrics): consumertest.NewNop()})
	logs := connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{pipeline.NewID(pipeline.SignalLogs): consumertest.NewNop()})
	toMetrics, err := factory.CreateTracesToMetrics(context.Background(), set, config, metrics)
	require.NoError(b, err)
	toLogs, err := factory.CreateTracesToLogs(context.Background(), set, config, logs)
	require.NoError(b, err)
	start(b, toMetrics, host)
	start(b, toLogs, host)
	return toMetrics
}

func startSpanMetrics(b *testing.B) consumer.Traces {
	factory := spanmetricsconnector.NewFactory()
	config := factory.CreateDefaultConfig().(*spanmetricsconnector.Config)
	for _, name := range []string{"api_token.id", "http.route", "http.request.method", "http.response.status_code"} {
		config.Dimensions = append(config.Dimensions, spanmetricsconnector.Dimension{Name: name})
	}
	c, err := factory.CreateTracesToMetrics(context.Background(), connectortest.NewNopSettings(factory.Type()), config, consumertest.NewNop())
	require.NoError(b, err)
	start(b, c, componenttest.NewNopHost())
	return c
}

func fileStorage(b *testing.B, folder string) extension.Extension {
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	e, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(b, err)
	return e
}

func start(b *testing.B, c component.Component, h component.Host) {
	require.NoError(b, c.Start(context.Background(), h))
	b.Cleanup(func() { require.NoError(b, c.Shutdown(context.Background())) })
}

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }
