package otlpsend

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/sim"
)

func str(t *testing.T, m pcommon.Map, key string) string {
	t.Helper()
	v, ok := m.Get(key)
	require.True(t, ok, key)
	return v.AsString()
}

func TestSpansLookLikeAnInstrumentedServers(t *testing.T) {
	kinds := map[ptrace.SpanKind]int{}
	headers := map[string]int{}
	raw, jwt, remote := 0, 0, 0
	for q := range fleet(t, 60).Requests() {
		td := ptrace.NewTraces()
		spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		secret := q.Token.Credential.Value(q.Time)
		encode(spans, &q, secret)
		server := spans.At(spans.Len() - 1)
		require.Equal(t, ptrace.SpanKindServer, server.Kind())
		for _, sp := range spans.All() {
			kinds[sp.Kind()]++
			require.Equal(t, pcommon.TraceID(q.Trace), sp.TraceID())
			require.LessOrEqual(t, sp.StartTimestamp(), sp.EndTimestamp())
			if sp.Kind() != ptrace.SpanKindServer {
				require.Equal(t, server.SpanID(), sp.ParentSpanID())
				require.LessOrEqual(t, sp.EndTimestamp(), server.EndTimestamp())
				require.GreaterOrEqual(t, sp.StartTimestamp(), server.StartTimestamp())
			}
		}
		if !server.ParentSpanID().IsEmpty() {
			remote++
		}
		attrs := server.Attributes()
		assert.Equal(t, q.Address.String(), str(t, attrs, "client.address"))
		if _, ok := attrs.Get("http.route"); !ok && !q.Service.RPC {
			raw++
			assert.NotContains(t, str(t, attrs, "url.path"), "{")
		}
		found := false
		for k, v := range attrs.All() {
			if strings.HasPrefix(k, "http.request.header.") || strings.HasPrefix(k, "rpc.request.metadata.") {
				require.Equal(t, pcommon.ValueTypeSlice, v.Type())
				require.Equal(t, secret, v.Slice().At(0).Str())
				headers[k]++
				found = true
			}
			if k == "url.query" {
				require.Equal(t, "api_key="+secret, v.Str())
				headers[k]++
				found = true
			}
		}
		require.True(t, found, "every request shows its credential")
		if q.Token.Credential.Format == sim.JWT {
			jwt++
			part := strings.Split(strings.TrimPrefix(secret, "Bearer "), ".")
			require.Len(t, part, 3)
			payload, err := base64.RawURLEncoding.DecodeString(part[1])
			require.NoError(t, err)
			var claims struct {
				Iss, Sub string
				Iat, Exp int64
				ClientID string `json:"client_id"`
			}
			require.NoError(t, json.Unmarshal(payload, &claims))
			require.Equal(t, q.Token.Credential.Client, claims.ClientID)
			require.Less(t, q.Time.Unix(), claims.Exp)
			require.GreaterOrEqual(t, q.Time.Unix(), claims.Iat)
		}
	}
	assert.Positive(t, kinds[ptrace.SpanKindInternal])
	assert.Positive(t, kinds[ptrace.SpanKindClient])
	assert.Positive(t, raw)
	assert.Positive(t, jwt)
	assert.Positive(t, remote)
	assert.Positive(t, headers["http.request.header.authorization"])
	assert.Positive(t, headers["http.request.header.x-api-key"])
	assert.Positive(t, headers["rpc.request.metadata.authorization"])
}

func BenchmarkBatcher(b *testing.B) {
	batcher, n := NewBatcher(0), 0
	b.ReportAllocs()
	for n < b.N {
		for q := range fleet(b, 60).Requests() {
			batcher.Add(&q)
			if n++; n >= b.N {
				break
			}
		}
	}
}
