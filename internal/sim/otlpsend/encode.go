package otlpsend

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/sim"
)

// Flags of a span: sampled, and that it is known whether the parent is remote.
const (
	flagsLocal  = 0x101
	flagsRemote = 0x301
)

// encode appends the spans of one request: its SERVER span, and for some requests what happened inside of it. Children come
// first, since they end first.
func encode(spans ptrace.SpanSlice, q *sim.Request, credential string) {
	start := q.Time.Add(-q.Duration)
	child := func(n byte, kind ptrace.SpanKind, name string, from, part float64) ptrace.Span {
		sp := spans.AppendEmpty()
		sp.SetTraceID(q.Trace)
		id := q.Span
		id[0] ^= n
		sp.SetSpanID(id)
		sp.SetParentSpanID(q.Span)
		sp.SetFlags(flagsLocal)
		sp.SetKind(kind)
		sp.SetName(name)
		at := start.Add(time.Duration(from * float64(q.Duration)))
		sp.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		sp.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(part * float64(q.Duration)))))
		return sp
	}
	// Instrumentation differs from endpoint to endpoint: the trace id decides, as good as any chance.
	if q.Service.Language == "nodejs" && q.Trace[0]%4 == 0 {
		middleware(child(1, ptrace.SpanKindInternal, "middleware - authenticate", .02, .05), q, credential)
	}
	if q.Model != "" {
		model(child(4, ptrace.SpanKindClient, "chat "+q.Model, .1, .8), q)
	}
	switch up := q.Service.Upstream; {
	case up != nil && q.Route.Method == "POST" && q.Status < 500:
		outbound(child(2, ptrace.SpanKindClient, "POST", .1, .6), up, start)
	case q.Trace[0]%8 == 3:
		query(child(3, ptrace.SpanKindClient, "SELECT "+q.Service.Name, .2, .3))
	}
	server(spans.AppendEmpty(), q, credential, start)
}

func server(sp ptrace.Span, q *sim.Request, credential string, start time.Time) {
	sp.SetTraceID(q.Trace)
	sp.SetSpanID(q.Span)
	sp.SetFlags(flagsLocal)
	if q.Token.Traced {
		parent := q.Span
		parent[1] ^= 0xff
		sp.SetParentSpanID(parent)
		sp.SetFlags(flagsRemote)
	}
	sp.SetKind(ptrace.SpanKindServer)
	sp.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	sp.SetEndTimestamp(pcommon.NewTimestampFromTime(q.Time))
	attrs := sp.Attributes()
	attrs.EnsureCapacity(16)
	if q.Service.RPC {
		rpc(sp, q, credential)
	} else {
		web(sp, q, credential)
	}
	attrs.PutStr("server.address", q.Service.Host)
	attrs.PutStr("client.address", q.Address.String())
	attrs.PutStr("user_agent.original", q.Agent)
	if q.Status >= 500 {
		sp.Status().SetCode(ptrace.StatusCodeError)
	}
}

func web(sp ptrace.Span, q *sim.Request, credential string) {
	attrs := sp.Attributes()
	name := q.Route.Method
	attrs.PutStr("http.request.method", q.Route.Method)
	if !q.Service.Raw {
		attrs.PutStr("http.route", q.Route.Template)
		name += " " + q.Route.Template
	}
	sp.SetName(name)
	attrs.PutStr("url.scheme", "https")
	attrs.PutStr("url.path", q.Path)
	if c := q.Token.Credential; q.Shown != sim.Whole {
		if q.Shown == sim.Masked {
			attrs.PutEmptySlice("http.request.header." + c.Header).AppendEmpty().SetStr("****")
		}
	} else if c.Header == "" {
		attrs.PutStr("url.query", c.Parameter+"="+credential)
	} else {
		attrs.PutEmptySlice("http.request.header." + c.Header).AppendEmpty().SetStr(credential)
	}
	attrs.PutStr("network.protocol.version", "1.1")
	attrs.PutInt("http.response.status_code", int64(q.Status))
	if q.Sent > 0 {
		attrs.PutInt("http.request.body.size", int64(q.Sent))
	}
	attrs.PutInt("http.response.body.size", int64(q.Received))
	if q.Status >= 500 {
		attrs.PutStr("error.type", strconv.Itoa(q.Status))
	}
}

func rpc(sp ptrace.Span, q *sim.Request, credential string) {
	attrs := sp.Attributes()
	sp.SetName(q.Route.Template)
	attrs.PutStr("rpc.system.name", "grpc")
	attrs.PutStr("rpc.method", q.Route.Template)
	header := q.Token.Credential.Header
	if header == "" {
		header = "x-api-key" // gRPC has no query string
	}
	attrs.PutEmptySlice("rpc.request.metadata." + header).AppendEmpty().SetStr(credential)
	code := grpcStatus(q.Status)
	attrs.PutStr("rpc.response.status_code", code)
	if code != "OK" {
		attrs.PutStr("error.type", code)
	}
}

func grpcStatus(http int) string {
	switch {
	case http < 400:
		return "OK"
	case http == 400 || http == 422:
		return "INVALID_ARGUMENT"
	case http == 401:
		return "UNAUTHENTICATED"
	case http == 403:
		return "PERMISSION_DENIED"
	case http == 404:
		return "NOT_FOUND"
	case http == 409:
		return "ABORTED"
	case http == 429:
		return "RESOURCE_EXHAUSTED"
	case http == 503 || http == 502:
		return "UNAVAILABLE"
	default:
		return "INTERNAL"
	}
}

// middleware is a step inside of the server that notes the credential a second time.
func middleware(sp ptrace.Span, q *sim.Request, credential string) {
	sp.Attributes().PutStr("express.type", "middleware")
	sp.Attributes().PutStr("express.name", "authenticate")
	if h := q.Token.Credential.Header; h != "" {
		sp.Attributes().PutEmptySlice("http.request.header." + h).AppendEmpty().SetStr(credential)
	}
}

// outbound is a call of somebody else's API, with the service's own key.
func outbound(sp ptrace.Span, up *sim.Upstream, at time.Time) {
	attrs := sp.Attributes()
	attrs.PutStr("http.request.method", "POST")
	attrs.PutStr("server.address", up.Host)
	attrs.PutStr("url.full", "https://"+up.Host+up.Path)
	attrs.PutEmptySlice("http.request.header." + up.Token.Credential.Header).AppendEmpty().SetStr(up.Token.Credential.Value(at))
	attrs.PutInt("http.response.status_code", 200)
}

// model is a call of a language model.
func model(sp ptrace.Span, q *sim.Request) {
	attrs := sp.Attributes()
	attrs.PutStr("gen_ai.operation.name", "chat")
	attrs.PutStr("gen_ai.request.model", q.Model)
	attrs.PutInt("gen_ai.usage.input_tokens", int64(q.Input))
	attrs.PutInt("gen_ai.usage.output_tokens", int64(q.Output))
}

func query(sp ptrace.Span) {
	sp.Attributes().PutStr("db.system.name", "postgresql")
	sp.Attributes().PutStr("db.operation.name", "SELECT")
}
