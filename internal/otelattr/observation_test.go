package otelattr

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
)

var shop = Origin{Service: "shop", Version: "1.4.2", Environment: "production"}

// seen reads a server span with a token and these attributes.
func seen(t *testing.T, kind ptrace.SpanKind, attrs map[string]any) *Record {
	span := ptrace.NewSpan()
	require.NoError(t, span.Attributes().FromRaw(attrs))
	if _, ok := attrs[TokenID]; !ok {
		span.Attributes().PutStr(TokenID, "tok_a")
	}
	span.SetKind(kind)
	span.SetStartTimestamp(1_000)
	span.SetEndTimestamp(51_000)
	var r Record
	require.True(t, shop.Span(span, &r))
	return &r
}

func TestSpan(t *testing.T) {
	span := ptrace.NewSpan()
	require.NoError(t, span.Attributes().FromRaw(map[string]any{
		TokenID: "tok_a", TokenHint: "sk_…9f3a", TokenType: "api_key", TokenOwnerID: "acme", TokenOwnerName: "Acme", TokenOwnerTeam: "payments",
		TokenRegistryID: "key_1", TokenStatus: "expired", TokenViolations: []any{"expired", "scope"}, TokenOutcome: "rate_limited",
		HTTPMethod: "GET", HTTPRoute: "/v1/orders/{id}", HTTPStatus: 429, URLPath: "/v1/orders/17", GeoCountry: "DE", ClientASNumber: 3320,
		ClientAddress: "192.0.2.17", UserAgent: "curl/8.5.0", HTTPRequestBytes: 12, HTTPResponseBytes: 3400,
	}))
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(pcommon.Timestamp(earliest + 5*time.Second))
	span.SetEndTimestamp(pcommon.Timestamp(earliest + 7*time.Second))
	span.SetTraceID(pcommon.TraceID{1})
	span.SetSpanID(pcommon.SpanID{2})
	span.SetParentSpanID(pcommon.SpanID{3})
	span.SetFlags(0x301)
	span.TraceState().FromRaw("vendor=x,ot=th:8;rv:abcdefabcdefab")
	var r Record
	require.True(t, shop.Span(span, &r))
	assert.Equal(t, Record{
		Observation: behavior.Observation{
			Token: "tok_a", Time: earliest + 7e9, Trace: [16]byte{1}, Span: [8]byte{2}, Hint: "sk_…9f3a", Type: "api_key", OwnerID: "acme", OwnerName: "Acme",
			OwnerTeam: "payments", Registry: "key_1", Service: "shop", Version: "1.4.2", Environment: "production", Method: "GET",
			Route: "/v1/orders/{id}", Path: "/v1/orders/17", Outcome: behavior.RateLimited, HTTPStatus: 429, Country: "DE", Network: "AS3320",
			Client: "curl/8.5.0", RequestBytes: 12, ResponseBytes: 3400, Duration: 2e9, Status: "expired", Violations: []string{"expired", "scope"},
			Weight: 2,
		},
		Parent: [8]byte{3}, Remote: true, Served: true,
	}, r)
}

func TestWhatIsARequest(t *testing.T) {
	for kind, want := range map[ptrace.SpanKind]struct{ with, without, outbound, served bool }{
		ptrace.SpanKindServer:      {with: true, without: true, served: true},
		ptrace.SpanKindConsumer:    {with: true},
		ptrace.SpanKindClient:      {with: true, outbound: true},
		ptrace.SpanKindProducer:    {with: true, outbound: true},
		ptrace.SpanKindInternal:    {},
		ptrace.SpanKindUnspecified: {},
	} {
		span := ptrace.NewSpan()
		span.SetKind(kind)
		var r Record
		assert.Equal(t, want.without, shop.Span(span, &r), kind)
		span.Attributes().PutStr(TokenID, "tok_a")
		assert.Equal(t, want.with, shop.Span(span, &r), kind)
		if want.with {
			assert.Equal(t, want.outbound, r.Outbound, kind)
			assert.Equal(t, want.served, r.Served, kind)
		}
	}
	assert.True(t, seen(t, ptrace.SpanKindServer, map[string]any{TokenDirection: DirectionOutbound}).Outbound, "what is said counts")
	assert.True(t, seen(t, ptrace.SpanKindServer, map[string]any{TokenProvisional: true}).Provisional)
}

func TestUnreadable(t *testing.T) {
	for _, name := range []string{"authorization", "Authorization", "x-api-key", "x_api_key"} {
		span := ptrace.NewSpan()
		span.SetKind(ptrace.SpanKindServer)
		span.Attributes().PutEmptySlice(HTTPHeaderPrefix + name).AppendEmpty().SetStr("REDACTED")
		var r Record
		require.True(t, shop.Span(span, &r))
		assert.True(t, r.Unreadable, name)
		span.Attributes().PutStr(TokenID, "tok_a")
		require.True(t, shop.Span(span, &r))
		assert.False(t, r.Unreadable, name)
	}
}

func TestOlderSpellings(t *testing.T) {
	old := map[string]any{
		OldHTTPMethod: "PUT", OldHTTPStatus: "404", OldHTTPTarget: "/old?x=1", OldHTTPUserAgent: "old", OldHTTPClientIP: "198.51.100.9",
		OldHTTPRequestBytes: 5, OldHTTPResponseBytes: 6,
	}
	r := seen(t, ptrace.SpanKindServer, old)
	assert.Equal(t, []any{"PUT", uint16(404), "/old?x=1", "old", "198.51.100.0/24", int64(5), int64(6), behavior.ClientError},
		[]any{r.Method, r.HTTPStatus, r.Path, r.Client, r.Network, r.RequestBytes, r.ResponseBytes, r.Outcome})

	old[HTTPMethod], old[HTTPStatus], old[URLPath], old[UserAgent], old[ClientAddress] = "GET", 200, "/new", "new", "203.0.113.9"
	r = seen(t, ptrace.SpanKindServer, old)
	assert.Equal(t, []any{"GET", uint16(200), "/new", "new", "203.0.113.0/24"}, []any{r.Method, r.HTTPStatus, r.Path, r.Client, r.Network})
}

func TestRoutes(t *testing.T) {
	for name, test := range map[string]struct {
		attrs       map[string]any
		outbound    bool
		route, path string
	}{
		"route":             {attrs: map[string]any{HTTPRoute: "/a/{b}", URLPath: "/a/1"}, route: "/a/{b}", path: "/a/1"},
		"path":              {attrs: map[string]any{URLPath: "/a/1"}, path: "/a/1"},
		"whole URL":         {attrs: map[string]any{URLFull: "https://u:p@shop.test:8443/a/1?x=y"}, path: "/a/1?x=y"},
		"URL without path":  {attrs: map[string]any{OldHTTPURL: "https://shop.test"}, path: "/"},
		"RPC":               {attrs: map[string]any{RPCService: "shop.Orders", RPCMethod: "Get"}, route: "shop.Orders/Get"},
		"RPC in one":        {attrs: map[string]any{RPCMethod: "shop.Orders/Get"}, route: "shop.Orders/Get"},
		"message":           {attrs: map[string]any{messagingDestination: "orders"}, route: "orders"},
		"of others":         {attrs: map[string]any{URLFull: "https://api.stripe.test/v1/charges"}, outbound: true, path: "/api.stripe.test/v1/charges"},
		"of others, named":  {attrs: map[string]any{serverAddress: "api.stripe.test", URLPath: "/v1"}, outbound: true, path: "/api.stripe.test/v1"},
		"of others, routed": {attrs: map[string]any{serverAddress: "x", HTTPRoute: "/v1"}, outbound: true, route: "/v1"},
	} {
		kind := ptrace.SpanKindServer
		if test.outbound {
			kind = ptrace.SpanKindClient
		}
		r := seen(t, kind, test.attrs)
		assert.Equal(t, test.route, r.Route, name)
		assert.Equal(t, test.path, r.Path, name)
	}
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77":             "192.0.2.0/24",
		"192.0.2.77:443":         "192.0.2.0/24",
		"::ffff:192.0.2.77":      "192.0.2.0/24",
		"2001:db8:1:2::77":       "2001:db8:1::/48",
		"[2001:db8:1:2::77]:443": "2001:db8:1::/48",
		"fe80::1%eth0":           "fe80::/48",
		"unix":                   "",
	} {
		assert.Equal(t, want, seen(t, ptrace.SpanKindServer, map[string]any{ClientAddress: address}).Network, address)
	}
	assert.Equal(t, "AS64500", seen(t, ptrace.SpanKindServer, map[string]any{ClientASNumber: "AS64500"}).Network)
	assert.Equal(t, "AS64500", seen(t, ptrace.SpanKindServer, map[string]any{ClientASNumber: "64500"}).Network)
	out := seen(t, ptrace.SpanKindClient, map[string]any{ClientAddress: "192.0.2.77", GeoCountry: "DE"})
	assert.Empty(t, out.Network+out.Country, "where our own calls come from says nothing")
}

func TestOutcomes(t *testing.T) {
	for _, test := range []struct {
		attrs map[string]any
		want  behavior.Outcome
	}{
		{map[string]any{HTTPStatus: 204}, behavior.Success},
		{map[string]any{HTTPStatus: 401}, behavior.AuthError},
		{map[string]any{HTTPStatus: 403}, behavior.AuthError},
		{map[string]any{HTTPStatus: 404}, behavior.ClientError},
		{map[string]any{HTTPStatus: 429}, behavior.RateLimited},
		{map[string]any{HTTPStatus: 503}, behavior.ServerError},
		{map[string]any{OldRPCGRPCStatus: 0}, behavior.Success},
		{map[string]any{OldRPCGRPCStatus: 5}, behavior.ClientError},
		{map[string]any{OldRPCGRPCStatus: 8}, behavior.RateLimited},
		{map[string]any{RPCStatus: "UNAUTHENTICATED"}, behavior.AuthError},
		{map[string]any{RPCStatus: "UNAVAILABLE"}, behavior.ServerError},
		{map[string]any{HTTPStatus: 200, TokenOutcome: "auth_error"}, behavior.AuthError},
		{map[string]any{}, behavior.Success},
	} {
		assert.Equal(t, test.want, seen(t, ptrace.SpanKindServer, test.attrs).Outcome, test.attrs)
	}
}

func TestLog(t *testing.T) {
	log := plog.NewLogRecord()
	log.SetTimestamp(earliest + 7)
	log.SetObservedTimestamp(earliest + 9)
	log.SetTraceID(pcommon.TraceID{1})
	log.SetSpanID(pcommon.SpanID{2})
	require.NoError(t, log.Attributes().FromRaw(map[string]any{
		TokenID: "tok_a", "request_method": "GET", "request_uri": "/v1/orders?x=1", "status": 404, "remote_addr": "192.0.2.77", "body_bytes_sent": 17,
	}))
	var r Record
	require.True(t, shop.Log(log, &r))
	assert.Equal(t, Record{Observation: behavior.Observation{
		Token: "tok_a", Time: earliest + 7, Trace: [16]byte{1}, Span: [8]byte{2}, Service: "shop", Version: "1.4.2", Environment: "production", Method: "GET",
		Path: "/v1/orders?x=1", Outcome: behavior.ClientError, HTTPStatus: 404, Network: "192.0.2.0/24", RequestBytes: -1, ResponseBytes: 17,
		Duration: -1,
	}}, r)

	log.SetTimestamp(0)
	require.True(t, shop.Log(log, &r))
	assert.Equal(t, int64(earliest+9), r.Time)

	log.SetEventName("api_token.anomaly")
	assert.False(t, shop.Log(log, &r), "Holter does not listen to itself")
}

func TestOriginOf(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr(ServiceName, "shop")
	m.PutStr(ServiceVersion, "1.4.2")
	m.PutStr(OldEnvironment, "staging")
	assert.Equal(t, Origin{Service: "shop", Version: "1.4.2", Environment: "staging"}, OriginOf(m, ""))
	m.PutStr(EnvironmentName, "production")
	assert.Equal(t, shop, OriginOf(m, ""))
	m.PutStr(TokenKeyID, "0a1b2c3d")
	assert.Equal(t, "0a1b2c3d", OriginOf(m, "").KeyID)
	m.PutStr(TokenTenant, "a")
	m.PutStr("tenant.id", "b")
	assert.Equal(t, "a", OriginOf(m, "").Tenant)
	assert.Equal(t, "b", OriginOf(m, "tenant.id").Tenant)
	m.Remove("tenant.id")
	assert.Equal(t, "a", OriginOf(m, "tenant.id").Tenant)
}

func BenchmarkSpan(b *testing.B) {
	span := ptrace.NewSpan()
	_ = span.Attributes().FromRaw(map[string]any{
		TokenID: "tok_a", TokenHint: "sk_…9f3a", TokenOutcome: "success", TokenOwnerID: "acme", TokenOwnerTeam: "payments", GeoCountry: "DE",
		HTTPMethod: "GET", HTTPRoute: "/v1/orders/{id}", HTTPStatus: 200, URLPath: "/v1/orders/17", "url.scheme": "https", ClientAddress: "192.0.2.17",
		UserAgent: "curl/8.5.0", HTTPResponseBytes: 3400, "network.protocol.version": "1.1", "server.address": "shop.test", "server.port": 443,
	})
	span.SetKind(ptrace.SpanKindServer)
	var r Record
	b.ReportAllocs()
	for b.Loop() {
		shop.Span(span, &r)
	}
}

// A time that nobody set, or that counts from when a machine was started, is none.
func TestTimesThatMeanNothing(t *testing.T) {
	const at = 1_790_000_000_000_000_000
	for name, one := range map[string]struct {
		start, end     pcommon.Timestamp
		time, duration int64
	}{
		"as it should be":    {at - 5, at, at, 5},
		"no start":           {0, at, at, -1},
		"no end":             {at, 0, 0, -1},
		"neither":            {0, 0, 0, -1},
		"since the start":    {0, 50_000_000, 0, -1},
		"end before start":   {at + 5, at, at, 0},
		"end beyond int64":   {at, 1 << 63, 0, -1},
		"start beyond int64": {math.MaxUint64, at, at, -1},
	} {
		t.Run(name, func(t *testing.T) {
			span := ptrace.NewSpan()
			span.SetKind(ptrace.SpanKindServer)
			span.Attributes().PutStr(TokenID, "tok_a")
			span.SetStartTimestamp(one.start)
			span.SetEndTimestamp(one.end)
			var r Record
			require.True(t, Origin{}.Span(span, &r))
			assert.Equal(t, one.time, r.Time)
			assert.Equal(t, one.duration, r.Duration)
		})
	}
}
