package tokenidentityprocessor

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

// Anybody can send a key that reads like a route, an address or the name of an attribute. It takes nothing from the records of others.
func TestNobodyErasesWhatOthersDid(t *testing.T) {
	e := startedRig(t, testConfig(), &testHost{}).engine
	victim := func(span ptrace.Span) map[string]any {
		span.SetKind(ptrace.SpanKindServer)
		span.SetName("GET /v1/orders")
		facts := map[string]any{
			"http.route": "/v1/orders", "http.request.method": "GET", "http.response.status_code": int64(401), "client.address": "81.2.69.142",
			"user_agent.original": "python-requests/2.32.5", "userAgent": "x", "service.name": "orders", "camelRoute": "listUserOrders",
		}
		_ = span.Attributes().FromRaw(facts)
		span.Attributes().PutStr("http.request.header.x-api-key", "zK8fT3qLm2Xv9Rb4Wn6Yc1Hd")
		return facts
	}
	chosen := []string{
		"http.route", "api_token.id", "auth_error", "v1/orders", "/v1/orders", "81.2.69.142", "service.name", "orders", "python-requests/2.32.5", "userAgent",
		"api_token.outcome", "listUserOrders", "http.response.status_code", "GET /v1/orders", "api_key", "user_agent.original", "client.address", "tok_",
	}
	for _, word := range chosen {
		for name, put := range map[string]func(ptrace.Span){
			"header": func(s ptrace.Span) { s.Attributes().PutStr("http.request.header.x-api-key", word) },
			"query":  func(s ptrace.Span) { s.Attributes().PutStr("url.query", "api_key="+url.QueryEscape(word)) },
			"basic": func(s ptrace.Span) {
				s.Attributes().PutStr("http.request.header.authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("u:"+word)))
			},
		} {
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "orders")
			spans := rs.ScopeSpans().AppendEmpty().Spans()
			facts := victim(spans.AppendEmpty())
			put(spans.AppendEmpty())
			victim(spans.AppendEmpty())
			got, err := e.processTraces(t.Context(), td)
			require.NoError(t, err)
			resource := got.ResourceSpans().At(0)
			require.Equal(t, "orders", resource.Resource().Attributes().AsRaw()["service.name"], "%s in %s", word, name)
			for _, at := range []int{0, 2} {
				span := resource.ScopeSpans().At(0).Spans().At(at)
				require.Equal(t, "GET /v1/orders", span.Name(), "%s in %s", word, name)
				raw := span.Attributes().AsRaw()
				for key, value := range facts {
					require.Equal(t, value, raw[key], "%s in %s", word, name)
				}
				require.NotEmpty(t, raw["api_token.id"], "%s in %s", word, name)
			}
		}
	}
}
