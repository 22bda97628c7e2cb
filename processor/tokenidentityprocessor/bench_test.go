package tokenidentityprocessor

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// spansPerBatch is the size of the batches that are measured; figures are per span.
const spansPerBatch = 512

// BenchmarkChain shows what the processor costs beside decoding the same spans from OTLP, and what its steps cost.
func BenchmarkChain(b *testing.B) {
	for _, tokens := range []int{10_000, 1_000_000} {
		for _, kind := range []string{"recognised", "opaque", "none"} {
			b.Run(fmt.Sprintf("tokens=%d/%s", tokens, kind), func(b *testing.B) {
				batches := encodedBatches(b, kind)
				b.Run("decode", func(b *testing.B) {
					benchmarkBatches(b, batches, func(ptrace.Traces) {}, func(ptrace.Traces) {}, true)
				})
				random := rand.New(rand.NewPCG(3, 4))
				draw := func(td ptrace.Traces) { drawTokens(td, kind, random, tokens) }
				for _, step := range []string{"clean", "whole"} {
					b.Run(step, func(b *testing.B) {
						cfg := createDefaultConfig().(*Config)
						e := startedEngine(b, cfg)
						work := func(td ptrace.Traces) {
							_, err := e.processTraces(b.Context(), td)
							require.NoError(b, err)
						}
						if step == "clean" {
							work = func(td ptrace.Traces) {
								w := e.begin()
								for _, rs := range td.ResourceSpans().All() {
									w.cleaner.Resource(rs.Resource())
									for _, span := range rs.ScopeSpans().At(0).Spans().All() {
										w.cleaner.Span(span, &w.next().Sight)
									}
								}
								e.end(b.Context(), w, ofTraces)
							}
						}
						benchmarkBatches(b, batches, draw, work, false)
					})
				}
			})
		}
	}
}

// benchmarkBatches runs work over decoded and prepared batches; decoding is measured only where it is what is measured.
func benchmarkBatches(b *testing.B, batches [][]byte, prepare, work func(ptrace.Traces), decoding bool) {
	var unmarshaler ptrace.ProtoUnmarshaler
	b.ReportAllocs()
	b.ResetTimer()
	spans := 0
	for i := 0; spans < b.N; i++ {
		if !decoding {
			b.StopTimer()
		}
		td, err := unmarshaler.UnmarshalTraces(batches[i%len(batches)])
		if err != nil {
			b.Fatal(err)
		}
		prepare(td)
		if !decoding {
			b.StartTimer()
		}
		work(td)
		spans += spansPerBatch
	}
}

func startedEngine(tb testing.TB, cfg *Config) *engine {
	tb.Helper()
	e, err := newEngine(processortest.NewNopSettings(metadata.Type), cfg)
	require.NoError(tb, err)
	require.NoError(tb, e.start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() { require.NoError(tb, e.shutdown(tb.Context())) })
	return e
}

// encodedBatches are server spans with the sixteen attributes that HTTP instrumentation sends, and the header of a token.
func encodedBatches(tb testing.TB, kind string) [][]byte {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var batches [][]byte
	for range 16 {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "orders")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for range spansPerBatch {
			benchmarkSpan(spans.AppendEmpty(), random, kind)
		}
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(tb, err)
		batches = append(batches, b)
	}
	return batches
}

func benchmarkSpan(span ptrace.Span, random *rand.Rand, kind string) {
	span.SetName("GET /v1/orders/:id")
	span.SetKind(ptrace.SpanKindServer)
	span.SetTraceID([16]byte{byte(random.Uint32()), 2})
	span.SetSpanID([8]byte{byte(random.Uint32()), 3})
	span.SetStartTimestamp(1_795_323_439_839_000_000)
	span.SetEndTimestamp(1_795_323_439_879_000_000)
	attrs := span.Attributes()
	attrs.PutStr("http.request.method", "GET")
	attrs.PutStr("url.scheme", "https")
	attrs.PutStr("url.path", fmt.Sprintf("/v1/orders/%d", random.IntN(100_000)))
	attrs.PutStr("url.query", "expand=lines&page=2")
	attrs.PutStr("http.route", "/v1/orders/:id")
	attrs.PutInt("http.response.status_code", 200)
	attrs.PutStr("server.address", "orders.internal.example.com")
	attrs.PutInt("server.port", 8443)
	attrs.PutStr("client.address", fmt.Sprintf("81.169.%d.%d", random.IntN(256), random.IntN(256)))
	attrs.PutStr("network.peer.address", "10.0.3.7")
	attrs.PutInt("network.peer.port", 41_234)
	attrs.PutStr("network.protocol.version", "1.1")
	attrs.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36")
	attrs.PutInt("http.request.body.size", 0)
	attrs.PutInt("http.response.body.size", 1834)
	if header := tokenHeaders[kind]; header != "" {
		attrs.PutEmptySlice(header).AppendEmpty().SetStr(benchmarkToken(kind, 0))
	} else {
		attrs.PutEmptySlice("http.request.header.accept").AppendEmpty().SetStr("application/json")
	}
}

var tokenHeaders = map[string]string{"recognised": "http.request.header.authorization", "opaque": "http.request.header.x-api-key"}

// drawTokens gives every span one of so many tokens.
func drawTokens(td ptrace.Traces, kind string, random *rand.Rand, tokens int) {
	header := tokenHeaders[kind]
	if header == "" {
		return
	}
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		value, _ := span.Attributes().Get(header)
		value.Slice().At(0).SetStr(benchmarkToken(kind, random.IntN(tokens)))
	}
}

func benchmarkToken(kind string, n int) string {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	if kind == "recognised" {
		return "Bearer " + "glpat-" + letters(random, 20)
	}
	return "acme_live_" + letters(random, 32)
}

func letters(random *rand.Rand, n int) string {
	const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = set[random.IntN(len(set))]
	}
	return string(b)
}
