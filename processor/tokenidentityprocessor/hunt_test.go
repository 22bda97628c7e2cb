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
