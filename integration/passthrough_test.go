package integration

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestTelemetryWithoutATokenLeavesAsItCame(t *testing.T) {
	holter, stock := newBackend(t), newBackend(t)
	c := newCollector(t, "testdata/beside.yaml")
	c.Env["BACKEND"], c.Env["STOCK_BACKEND"] = holter.Port, stock.Port
	c.Start()
	client := newClient(t, c.GRPC())

	for n := range 20 {
		require.NoError(t, client.Traces(tokenlessTraces(n)))
		require.NoError(t, client.Logs(tokenlessLogs(n)))
	}

	// Without a queue an acknowledged request has reached both backends.
	require.Len(t, holter.Traces(), 20)
	for i, td := range holter.Traces() {
		require.True(t, bytes.Equal(tracesBytes(t, stock.Traces()[i]), tracesBytes(t, td)), "traces of request %d differ", i)
	}
	require.Len(t, holter.Logs(), 20)
	for i, ld := range holter.Logs() {
		require.True(t, bytes.Equal(logsBytes(t, stock.Logs()[i]), logsBytes(t, ld)), "logs of request %d differ", i)
	}
}

func tracesBytes(t *testing.T, td ptrace.Traces) []byte {
	t.Helper()
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return data
}

func logsBytes(t *testing.T, ld plog.Logs) []byte {
	t.Helper()
	data, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return data
}

// tokenlessTraces has everything that a span can hold, and much that only looks as if it were a credential.
func tokenlessTraces(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.SetSchemaUrl("https://opentelemetry.io/schemas/1.44.0")
	everyKind(resource.Resource().Attributes(), n)
	resource.Resource().SetDroppedAttributesCount(2)
	scope := resource.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("shop")
	scope.Scope().SetVersion("1.0")
	everyKind(scope.Scope().Attributes(), n)
	for kind := ptrace.SpanKindUnspecified; kind <= ptrace.SpanKindConsumer; kind++ {
		span := scope.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, byte(n), byte(kind)})
		span.SetSpanID(pcommon.SpanID{2, byte(n), byte(kind)})
		span.SetParentSpanID(pcommon.SpanID{3, byte(n)})
		span.SetKind(kind)
		span.SetFlags(0x301)
		span.TraceState().FromRaw("ot=th:c")
		span.SetName("GET /v1/orders/{id}")
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(n) * time.Millisecond)))
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage("token missing")
		everyKind(span.Attributes(), n)
		lookalikes(span.Attributes(), n)
		event := span.Events().AppendEmpty()
		event.SetName("exception")
		event.Attributes().PutStr("exception.message", "unauthorized: bearer token required")
		event.SetTimestamp(1)
		link := span.Links().AppendEmpty()
		link.SetTraceID(pcommon.TraceID{4})
		everyKind(link.Attributes(), n)
	}
	td.ResourceSpans().AppendEmpty() // an empty one is legal
	return td
}

func tokenlessLogs(n int) plog.Logs {
	ld := plog.NewLogs()
	resource := ld.ResourceLogs().AppendEmpty()
	everyKind(resource.Resource().Attributes(), n)
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	text := records.AppendEmpty()
	text.SetTimestamp(pcommon.NewTimestampFromTime(start))
	text.SetSeverityText("INFO")
	text.Body().SetStr(fmt.Sprintf(`127.0.0.1 - - "GET /v1/orders/%d?page=2 HTTP/1.1" 200 512 "-" "curl/8"`, n))
	structured := records.AppendEmpty()
	structured.SetEventName("order.placed")
	everyKind(structured.Body().SetEmptyMap(), n)
	lookalikes(structured.Attributes(), n)
	return ld
}

func everyKind(attributes pcommon.Map, n int) {
	attributes.PutStr("service.name", "orders-api")
	attributes.PutStr("text", strings.Repeat("ü€", n))
	attributes.PutInt("integer", int64(n))
	attributes.PutDouble("double", 0.1*float64(n))
	attributes.PutBool("bool", n%2 == 0)
	attributes.PutEmpty("empty")
	attributes.PutEmptyBytes("bytes").FromRaw([]byte{0, 0xff, byte(n)})
	attributes.PutEmptySlice("no elements")
	nested := attributes.PutEmptyMap("nested")
	nested.PutEmptySlice("list").AppendEmpty().SetStr("element")
}

// lookalikes are no credentials: what others have blanked out already, ids, digests, empty headers.
func lookalikes(attributes pcommon.Map, n int) {
	attributes.PutEmptySlice("http.request.header.authorization").AppendEmpty().SetStr("REDACTED")
	attributes.PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr("***")
	attributes.PutEmptySlice("http.request.header.cookie").AppendEmpty().SetStr("theme=dark; lang=de")
	attributes.PutEmptySlice("http.request.header.x-auth-token")
	attributes.PutEmptySlice("http.request.header.x-request-id").AppendEmpty().SetStr("19a237d9-9e15-48b4-ae8f-480d1bbbb3fc")
	attributes.PutStr("url.full", "https://shop.test/v1/orders?page=2&sort=-created_at#top")
	attributes.PutStr("url.query", "?page=2&api_key=")
	attributes.PutStr("url.path", fmt.Sprintf("/v1/blobs/sha256:%064x", n))
	attributes.PutStr("http.route", "/v1/blobs/{digest}")
	attributes.PutStr("db.query.text", "SELECT token_count FROM usage WHERE id = $1")
	attributes.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)")
	attributes.PutStr("client.address", inGermany)
	attributes.PutInt("http.response.status_code", 200)
}
