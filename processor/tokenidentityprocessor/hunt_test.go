package tokenidentityprocessor

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// copies are places where nothing gives away a secret of no known format.
var copies = []func(span ptrace.Span, secret string){
	func(span ptrace.Span, secret string) { span.SetName("retry of " + secret) },
	func(span ptrace.Span, secret string) { span.Attributes().PutStr("note", "seen "+secret+" again") },
	func(span ptrace.Span, secret string) { span.Attributes().PutStr(secret, "1") },
	func(span ptrace.Span, secret string) { span.Attributes().PutStr("x."+secret, "1") },
	func(span ptrace.Span, secret string) {
		span.Attributes().PutStr("body", `{"a":["`+url.QueryEscape(secret)+`"]}`)
	},
	func(span ptrace.Span, secret string) {
		span.Attributes().PutStr("blob", base64.StdEncoding.EncodeToString([]byte("key "+secret)))
	},
	func(span ptrace.Span, secret string) {
		span.Attributes().PutEmptyMap("m").PutEmptySlice("l").AppendEmpty().SetStr(secret)
	},
	func(span ptrace.Span, secret string) {
		span.Attributes().PutEmptyBytes("raw").FromRaw([]byte("0123 " + secret))
	},
	func(span ptrace.Span, secret string) { span.Status().SetMessage(secret) },
	func(span ptrace.Span, secret string) { span.Events().AppendEmpty().SetName(secret) },
	func(span ptrace.Span, secret string) {
		span.Links().AppendEmpty().Attributes().PutStr("note", secret)
	},
	func(span ptrace.Span, secret string) { span.TraceState().FromRaw("v=" + secret) },
	func(span ptrace.Span, secret string) {
		span.Attributes().PutStr("user_agent.original", "agent/1 (REDACTED) "+secret)
	},
	func(span ptrace.Span, secret string) {
		span.Attributes().PutStr("http.request.header.authorization", "Bearer other-"+secret)
	},
}

// Wherever in a batch a secret of no known format is found, it is erased from all of it: from records before and behind, from texts
// that are the same in many of them, and from names.
func TestASecretIsHuntedThroughTheBatch(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	e := startedRig(t, testConfig(), &testHost{}).engine
	for round := range 300 {
		td := ptrace.NewTraces()
		secrets := []string{"corp-" + letters(random, 14), letters(random, 5) + "71" + letters(random, 5)}
		for range 1 + random.IntN(3) {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "orders")
			if random.IntN(8) == 0 {
				rs.Resource().Attributes().PutStr("note", secrets[0])
			}
			for range 1 + random.IntN(2) {
				spans := rs.ScopeSpans().AppendEmpty().Spans()
				for range random.IntN(3 * groupSize / 2) {
					benchmarkSpan(spans.AppendEmpty(), random, "none")
				}
			}
		}
		var all []ptrace.Span
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					all = append(all, span)
				}
			}
		}
		if len(all) == 0 {
			continue
		}
		for i, secret := range secrets {
			all[random.IntN(len(all))].Attributes().PutStr([]string{"http.request.header.x-api-key", "http.request.header.x-auth-token"}[i], secret)
			for range random.IntN(6) {
				copies[random.IntN(len(copies))](all[random.IntN(len(all))], secret)
			}
			if random.IntN(3) == 0 { // the same text in many records
				same := copies[random.IntN(len(copies))]
				for _, span := range all {
					if random.IntN(2) == 0 {
						same(span, secret)
					}
				}
			}
		}
		got, err := e.processTraces(t.Context(), td)
		require.NoError(t, err)
		b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(got)
		require.NoError(t, err)
		absent := func(text string) {
			if at := strings.Index(string(b), text); at >= 0 {
				require.Fail(t, "a secret has survived", "round %d: %s in …%s", round, text, b[max(0, at-100):min(len(b), at+100)])
			}
		}
		for _, secret := range secrets {
			absent(secret)
			absent(url.QueryEscape(secret))
			for shift := range 3 {
				coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
				absent(coded[4 : len(coded)-4])
			}
		}
	}
}

// What nothing has to be hunted in is not changed by the hunt.
func TestAHuntLeavesOtherTextsAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	e := startedEngine(t, testConfig())
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 100 {
		span := spans.AppendEmpty()
		benchmarkSpan(span, random, "none")
		span.Attributes().PutStr("note", fmt.Sprintf("order %d of acme", i))
	}
	want := ptrace.NewTraces()
	td.CopyTo(want)
	spans.At(40).Attributes().PutStr("http.request.header.x-api-key", "corp-abcdefghijklmn")
	_, err := e.processTraces(t.Context(), td)
	require.NoError(t, err)
	for i := range 100 {
		if i != 40 {
			require.Equal(t, want.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(i).Attributes().AsRaw(), spans.At(i).Attributes().AsRaw())
		}
	}
}

// presented are the ways in which a stranger hands in what will be taken for a secret.
var presented = []func(attrs pcommon.Map, value string){
	func(attrs pcommon.Map, value string) { attrs.PutStr("http.request.header.x-api-key", value) },
	func(attrs pcommon.Map, value string) {
		attrs.PutStr("http.request.header.authorization", "Bearer "+value)
	},
	func(attrs pcommon.Map, value string) {
		attrs.PutStr("http.request.header.authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("somebody:"+value)))
	},
	func(attrs pcommon.Map, value string) { attrs.PutStr("http.request.header.cookie", "sid="+value) },
	func(attrs pcommon.Map, value string) {
		attrs.PutStr("url.query", "a=b&token="+url.QueryEscape(value)+"&password="+url.QueryEscape(value))
	},
	func(attrs pcommon.Map, value string) {
		attrs.PutStr("url.full", "https://a.test/?access_token="+value)
	},
	func(attrs pcommon.Map, value string) { attrs.PutStr("credentials", value) },
	func(attrs pcommon.Map, value string) {
		attrs.PutStr("corp.url", "https://a:"+url.QueryEscape(value)+"@a.test/")
	},
}

// amongStrangers puts what several callers and strangers did into a batch, and returns it as it is afterwards.
func amongStrangers(t *testing.T, e *engine, strange func(ptrace.SpanSlice)) map[string]any {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(map[string]any{
		"service.name": "orders-api", "service.version": "1.4.2-8f3a9c1b7d2e4f60", "service.instance.id": "orders-api-7f9c6d8b5-x2k4q",
		"deployment.environment.name": "production2", "host.name": "ip-10-0-0-17.eu-west-1.compute.internal",
	}))
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("@opentelemetry/instrumentation-http2")
	for i, attributes := range []map[string]any{
		{
			"http.request.method": "GET", "http.route": "/v1/orders/{id}", "url.path": "/v1/orders/4711", "client.address": "81.2.69.142", "http.response.status_code": 200,
			"user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		},
		{
			"http.request.method": "POST", "http.route": "/oauth2/v2/getCustomerById", "client.address": "2a02:8108:8a40:3f1c::8a2e:370:7334", "http.response.status_code": 401,
			"user_agent.original": "PostmanRuntime/7.32.3", "http.request.header.x-forwarded-for": []any{"2a02:8108:8a40:3f1c::8a2e:370:7334, 10.0.0.7"},
		},
		{
			"rpc.service": "shop.v1.OrderService", "rpc.method": "ListOrders2", "rpc.response.status_code": "PERMISSION_DENIED", "network.peer.address": "10.0.0.7",
			"http.request.header.sec-fetch-site": []any{"same-origin"}, "http.request.header.content-type": []any{"application/json; charset=utf-8"},
			"k8s.node.label": "zone-eu-west-1a", "http.request.header.x-b3-sampled": []any{"1"},
		},
	} {
		span := ss.Spans().AppendEmpty()
		span.SetKind(ptrace.SpanKindServer)
		span.SetName("GET /oauth2/v1/orders/{id}")
		span.TraceState().FromRaw("ot=th:c8f3a9c1b7d2e4")
		require.NoError(t, span.Attributes().FromRaw(attributes))
		span.Attributes().PutStr("http.request.header.x-auth-token", secretKey(uint64(60+i)))
	}
	n := ss.Spans().Len()
	strange(ss.Spans())
	_, err := e.processTraces(t.Context(), td)
	require.NoError(t, err)
	after := map[string]any{"resource": rs.Resource().Attributes().AsRaw(), "scope": ss.Scope().Name()}
	for i := range n {
		span := ss.Spans().At(i)
		after[fmt.Sprint("span ", i)] = []any{span.Name(), span.TraceState().AsRaw(), span.Attributes().AsRaw()}
	}
	return after
}

// Whatever a stranger hands in as a secret, the names and the facts of other callers' records stay: here are all of them, what they are made
// of, and what Holter writes.
func TestWhatAStrangerSendsChangesNobodyElsesRecord(t *testing.T) {
	e := startedEngine(t, testConfig())
	want := amongStrangers(t, e, func(ptrace.SpanSlice) {})
	words := []string{
		"api_token.id", "api_token", "api_token.outcome", "auth_error", "success", "rate_limited", "geo.country.iso_code", "http.route", "service.name", "v1/orders", "same-origin", "oauth2",
		"getCustomerById", "AppleWebKit/537.36", "8f3a9c1b7d2e4f60", "2026-11-23T12:00:00Z", "unknown", "DELETE", "application/json",
	}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				words = append(words, name)
				collect(value)
			}
		case []any:
			for _, value := range v {
				collect(value)
			}
		case string:
			words = append(words, v)
		}
	}
	collect(want)
	slices.Sort(words)
	var said []string
	check := func(strange func(ptrace.SpanSlice)) {
		got := amongStrangers(t, e, strange)
		for part, value := range want {
			require.Equal(t, value, got[part], "%s was changed by one of %q", part, said)
		}
	}
	check(func(spans ptrace.SpanSlice) {
		spans.AppendEmpty().Attributes().PutStr("url.query", "token=http.route&api_key=api_token.id&access_token=auth_error")
	})
	r := rand.New(rand.NewPCG(61, 62))
	for range records() / 5 {
		said = said[:0]
		check(func(spans ptrace.SpanSlice) {
			for range 8 {
				value := words[r.IntN(len(words))]
				if from := r.IntN(len(value)); r.IntN(2) == 0 { // a part of it
					value = value[from : from+1+r.IntN(len(value)-from)]
				}
				said = append(said, value)
				presented[r.IntN(len(presented))](spans.AppendEmpty().Attributes(), value)
			}
		})
	}
}
