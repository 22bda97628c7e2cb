package tokenidentityprocessor

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// idOf is the id of a key, learned from its plainest place.
func idOf(t *testing.T, e *engine, key string) any {
	t.Helper()
	id := ofSpan(t, e, withHeader("x-api-key", key))[otelattr.TokenID]
	require.NotNil(t, id)
	return id
}

func TestWhereSpansCarryTheirToken(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	key, other := secretKey(20), secretKey(21)
	bot := "7301948265:AA" + letters(rand.New(rand.NewPCG(1, 1)), 33)
	for name, test := range map[string]struct {
		attributes map[string]any
		token      string // empty: none
	}{
		"header":                 {withHeader("authorization", "Bearer "+key), key},
		"header as text":         {map[string]any{"http.request.header.authorization": "bearer " + key}, key},
		"old spelling":           {withHeader("x_api_key", key), key},
		"other headers":          {withHeader("ocp-apim-subscription-key", key), key},
		"metadata":               {map[string]any{"rpc.request.metadata.authorization": []any{"Bearer " + key}}, key},
		"old metadata":           {map[string]any{"rpc.grpc.request.metadata.x_api_key": []any{key}}, key},
		"query":                  {map[string]any{"url.query": "a=b&api_key=" + key}, key},
		"query of undici":        {map[string]any{"url.query": "?access_token=" + key}, key},
		"url.full":               {map[string]any{"url.full": "https://a.test/x?token=" + key + "#f"}, key},
		"http.url":               {map[string]any{"http.url": "https://a.test/x?token=" + key}, key},
		"http.target":            {map[string]any{"http.target": "/x?key=" + key}, key},
		"cookie":                 {withHeader("cookie", "theme=dark; access_token="+key), key},
		"session cookie":         {withHeader("cookie", "lang=de; sid="+key), key},
		"a path":                 {map[string]any{"url.path": "/bot" + bot + "/getMe"}, bot},
		"header before query":    {map[string]any{"url.query": "api_key=" + other, "http.request.header.x-api-key": key}, key},
		"bearer before key":      {map[string]any{"http.request.header.x-api-key": other, "http.request.header.authorization": "Bearer " + key}, key},
		"query before cookie":    {map[string]any{"http.request.header.cookie": "token=" + other, "url.query": "token=" + key}, key},
		"second header is taken": {map[string]any{"http.request.header.authorization": "REDACTED", "http.request.header.x-api-key": key}, key},

		"nothing":              {map[string]any{"url.query": "q=shoes"}, ""},
		"an answer":            {map[string]any{"http.response.header.x-new-token": []any{key}, "http.response.header.set-cookie": []any{"token=" + other}}, ""},
		"a referer":            {withHeader("referer", "https://a.test/cb?access_token="+key), ""},
		"a statement":          {map[string]any{"db.query.text": "SELECT 1 FROM tokens WHERE t = '" + key + "'"}, ""},
		"another attribute":    {map[string]any{"corp.note": "Bearer " + key}, ""},
		"a masked header":      {withHeader("authorization", "Bearer ***"), ""},
		"a challenge":          {map[string]any{"http.response.header.www-authenticate": []any{`Bearer realm="x"`}}, ""},
		"another query string": {map[string]any{"url.query": "page_token=" + key}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ofSpan(t, r.engine, test.attributes)
			if test.token != "" {
				assert.Equal(t, idOf(t, r.engine, test.token), got[otelattr.TokenID])
			} else {
				assert.NotContains(t, got, otelattr.TokenID)
			}
			if name != "another query string" {
				text := fmt.Sprint(got)
				assert.NotContains(t, text, key)
				assert.NotContains(t, text, other)
			}
		})
	}
}

func TestWhereLogsCarryTheirToken(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	key, other := secretKey(22), secretKey(23)
	encoded := url.QueryEscape("+/" + key + "=")
	for name, test := range map[string]struct {
		attributes map[string]any
		body       any
		token      string
	}{
		"field":             {map[string]any{"authorization": "Bearer " + key}, "x", key},
		"headers":           {map[string]any{"headers": map[string]any{"authorization": "Bearer " + key}}, "x", key},
		"nginx header":      {map[string]any{"http_x_api_key": key}, "x", key},
		"nginx cookie":      {map[string]any{"cookie_access_token": key}, "x", key},
		"token field":       {map[string]any{"token": key}, "x", key},
		"request uri":       {map[string]any{"request_uri": "/a?api_key=" + encoded}, "x", "+/" + key + "="},
		"request line":      {map[string]any{"request": "GET /a?token=" + key + " HTTP/1.1"}, "x", key},
		"caddy":             {nil, map[string]any{"request": map[string]any{"headers": map[string]any{"X-Api-Key": []any{key}}}}, key},
		"caddy, masked":     {nil, map[string]any{"request": map[string]any{"headers": map[string]any{"Authorization": []any{"REDACTED"}, "X-Auth-Token": []any{key}}}}, key},
		"apache":            {nil, `8.8.8.8 "GET /v1/a" 200 1 auth="Bearer ` + key + `" key="` + other + `"`, key},
		"apache, key":       {nil, `8.8.8.8 "GET /v1/a" 200 1 auth="-" key="` + key + `"`, key},
		"haproxy":           {nil, `127.0.0.1:4 {Bearer ` + key + `|` + other + `|8.8.8.8} {} "GET /v1/a HTTP/1.1"`, key},
		"nginx JSON":        {nil, `{"request_uri":"/v1/a","http_authorization":"Bearer ` + key + `"}`, key},
		"request in a line": {nil, `8.8.8.8 - - "GET /v1/a?api_key=` + key + ` HTTP/1.1" 200 3 "-"`, key},
		"envoy":             {nil, `[x] "POST /a HTTP/2" 200 - 1 2 "authorization: Bearer ` + key + `"`, key},
		"a sentence":        {nil, "rejected token " + key, key},

		"referer of a line": {nil, `8.8.8.8 - - "GET /v1/a HTTP/1.1" 200 3 "https://a.test/?token=` + key + `"`, ""},
		"client secret":     {map[string]any{"body": map[string]any{"client_secret": key}}, "token request", ""},
		"an answer":         {map[string]any{"sent_http_location": "/cb?access_token=" + key}, map[string]any{"resp_headers": map[string]any{"X-New-Token": []any{other}}}, ""},
		"an exception":      {map[string]any{"exception.message": `Get "http://a.test/?access_token=` + key + `": refused`}, "call failed", ""},
		"nothing":           {map[string]any{"path": "/v1/a"}, "handled request", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, body := ofLog(t, r.engine, test.attributes, test.body)
			if test.token != "" {
				assert.Equal(t, idOf(t, r.engine, test.token), got[otelattr.TokenID])
			} else {
				assert.NotContains(t, got, otelattr.TokenID)
			}
			text := fmt.Sprint(got, body)
			assert.NotContains(t, text, key)
			assert.NotContains(t, text, other)
		})
	}
}

func TestSourcesOfOnesOwn(t *testing.T) {
	cfg := testConfig()
	cfg.Sources.Headers = []string{"x-corp-caller", "default"}
	cfg.Sources.QueryParameters = []string{"corp"}
	r := startedRig(t, cfg, newHost())
	key, other := secretKey(24), secretKey(25)
	id := idOf(t, r.engine, key)
	got := ofSpan(t, r.engine, map[string]any{"http.request.header.X-Corp-Caller": key, "http.request.header.authorization": "Bearer " + other})
	assert.Equal(t, id, got[otelattr.TokenID])
	assert.Equal(t, "REDACTED", got["http.request.header.X-Corp-Caller"])
	got = ofSpan(t, r.engine, map[string]any{"url.query": "api_key=" + key})
	assert.NotContains(t, got, otelattr.TokenID, "the default parameters are replaced")
	assert.Equal(t, "api_key=REDACTED", got["url.query"], "but what they hold is erased")
}

func TestTheFirstNameWinsWhereTheDefaultsFollow(t *testing.T) {
	cfg := testConfig()
	cfg.Sources.Headers = []string{"X-Api-Key", "default"}
	r := startedRig(t, cfg, newHost())
	key, other := secretKey(28), secretKey(29)
	got := ofSpan(t, r.engine, map[string]any{"http.request.header.x-api-key": key, "http.request.header.authorization": "Bearer " + other})
	assert.Equal(t, idOf(t, r.engine, key), got[otelattr.TokenID])
}

func TestWhatATokenSaysOfItself(t *testing.T) {
	cfg := testConfig()
	cfg.Attributes = []string{
		otelattr.TokenType, otelattr.TokenFormat, otelattr.TokenIssuer, otelattr.TokenClientID, otelattr.TokenScopes, otelattr.TokenExpiresAt,
		otelattr.TokenVerified, otelattr.TokenFingerprint, otelattr.TokenDirection,
	}
	r := startedRig(t, cfg, newHost())
	jwt := func(id string) string {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(`{"iss":"https://id.test","sub":"svc","client_id":"billing","scope":"a b","exp":1795003600,"jti":"`+id+`"}`)) + "." + strings.Repeat("s", 86)
	}
	got, next := ofSpan(t, r.engine, withHeader("authorization", "Bearer "+jwt("1"))), ofSpan(t, r.engine, withHeader("authorization", "Bearer "+jwt("2")))
	assert.Equal(t, got[otelattr.TokenID], next[otelattr.TokenID], "one principal")
	assert.NotEqual(t, got[otelattr.TokenFingerprint], next[otelattr.TokenFingerprint], "two credentials")
	for name, want := range map[string]any{
		otelattr.TokenType: "jwt", otelattr.TokenFormat: "jwt", otelattr.TokenHint: "jwt/billing", otelattr.TokenIssuer: "https://id.test", otelattr.TokenClientID: "billing",
		otelattr.TokenScopes: []any{"a", "b"}, otelattr.TokenExpiresAt: "2026-11-18T12:06:40Z", otelattr.TokenVerified: false, otelattr.TokenDirection: "inbound",
	} {
		assert.Equal(t, want, got[name], name)
	}
	basic := func(password string) map[string]any {
		return ofSpan(t, r.engine, withHeader("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("deploy-bot:"+password))))
	}
	assert.Equal(t, basic("one-1")[otelattr.TokenID], basic("two-2")[otelattr.TokenID], "the user is the identity")
	assert.Equal(t, "basic", basic("one-1")[otelattr.TokenType])
	assert.Equal(t, "basic/deploy-bot", basic("one-1")[otelattr.TokenHint])
	aws := ofSpan(t, r.engine, withHeader("authorization", "AWS4-HMAC-SHA256 Credential=AKIAABCDEFGHIJKL2345/20261122/x/s3/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0a", 32)))
	assert.Equal(t, "aws_access_key", aws[otelattr.TokenType])
	assert.Equal(t, []any{"AWS4-HMAC-SHA256 REDACTED"}, aws["http.request.header.authorization"])
}

func TestInboundAndOutbound(t *testing.T) {
	cfg := testConfig()
	cfg.Attributes = []string{otelattr.TokenDirection}
	r := startedRig(t, cfg, newHost())
	for kind, want := range map[ptrace.SpanKind]string{
		ptrace.SpanKindServer: "inbound", ptrace.SpanKindConsumer: "inbound", ptrace.SpanKindInternal: "inbound",
		ptrace.SpanKindClient: "outbound", ptrace.SpanKindProducer: "outbound",
	} {
		td, span := serverSpan(map[string]any{"http.request.header.x-api-key": secretKey(26), "client.address": "8.8.8.8"})
		span.SetKind(kind)
		_, err := r.processTraces(t.Context(), td)
		require.NoError(t, err)
		got := span.Attributes().AsRaw()
		assert.Equal(t, want, got[otelattr.TokenDirection], kind)
		assert.Equal(t, want == "inbound", got[otelattr.GeoCountry] != nil, "outbound has no origin")
	}
}

func TestTenants(t *testing.T) {
	cfg := testConfig()
	cfg.Tenant.Attribute = "tenant.id"
	r := startedRig(t, cfg, newHost())
	ids := make(map[any]bool)
	for _, tenant := range []string{"a", "b", "a"} {
		td, span := serverSpan(withHeader("x-api-key", secretKey(27)))
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("tenant.id", tenant)
		_, err := r.processTraces(t.Context(), td)
		require.NoError(t, err)
		assert.Equal(t, tenant, span.Attributes().AsRaw()[otelattr.TokenTenant])
		ids[span.Attributes().AsRaw()[otelattr.TokenID]] = true
	}
	assert.Len(t, ids, 2)
}
