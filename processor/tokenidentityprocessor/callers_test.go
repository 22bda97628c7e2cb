package tokenidentityprocessor

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/otelattr"
)

const (
	proxied  = "10.0.0.7"
	stranger = "8.8.8.8"
	workload = "spiffe://corp.test/ns/pay/sa/billing"
	certHash = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688"
)

var xfcc = "By=spiffe://corp.test/ns/x;Hash=" + certHash + `;Subject="CN=a,O=b";URI=` + workload

func callerConfig() *Config {
	cfg := testConfig()
	cfg.TrustedProxies = []string{"10.0.0.0/8"}
	cfg.Attributes = []string{otelattr.TokenType, otelattr.TokenFormat}
	return cfg
}

func TestCallersOfSpansWithoutASecret(t *testing.T) {
	r := startedRig(t, callerConfig(), newHost())
	for name, test := range map[string]struct {
		attributes   map[string]any
		kind, format string
		hint         string // empty: nobody
	}{
		"kong credential":       {map[string]any{"http.request.header.x-credential-identifier": []any{"cred-4711"}, "http.request.header.x-consumer-id": "cons-1"}, "gateway_id", "gateway_key", "gateway/cred-4711"},
		"kong consumer":         {map[string]any{"http.request.header.x-consumer-id": "855e5f5c-bc0a-448b-9ff8-077b378e564a"}, "gateway_id", "gateway_consumer", "gateway/855e5f5c-bc0a-448b-9ff8-077b378e564a"},
		"apisix consumer":       {map[string]any{"http.request.header.x-consumer-username": "jack"}, "gateway_id", "gateway_consumer", "gateway/jack"},
		"tyk alias":             {map[string]any{"tyk.api.apikey.alias": "carol"}, "gateway_id", "gateway_consumer", "gateway/carol"},
		"xfcc":                  {map[string]any{"http.request.header.x-forwarded-client-cert": []any{"Hash=aa;URI=spiffe://evil.test/x," + xfcc}}, "workload", "spiffe_id", workload},
		"xfcc, hash alone":      {map[string]any{"http.request.header.x-forwarded-client-cert": "Hash=" + certHash + `;Subject="CN=a;b"`}, "certificate", "certificate_fingerprint", "certificate/468e…e688"},
		"xfcc, subject alone":   {map[string]any{"http.request.header.x-forwarded-client-cert": `Subject="CN=a,O=b"`}, "certificate", "certificate_subject", "certificate/CN=a,O=b"},
		"certificate":           {map[string]any{"tls.client.hash.sha256": certHash, "tls.client.subject": "CN=a"}, "certificate", "certificate_fingerprint", "certificate/468e…e688"},
		"subject":               {map[string]any{"tls.client.subject": "CN=a"}, "certificate", "certificate_subject", "certificate/CN=a"},
		"anonymous":             {map[string]any{"http.request.header.x-consumer-id": "-"}, "", "", ""},
		"masked":                {map[string]any{"tls.client.subject": "REDACTED"}, "", "", ""},
		"a secret is no id":     {map[string]any{"tls.client.subject": "glpat-" + strings.Repeat("x1", 10)}, "", "", ""},
		"ids of another record": {map[string]any{"messaging.consumer.id": "c1", "consumer.id": "c1", "enduser.id": "ada"}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.attributes["network.peer.address"] = proxied
			got := ofSpan(t, r.engine, test.attributes)
			if test.hint == "" {
				assert.NotContains(t, got, otelattr.TokenID)
				return
			}
			assert.Equal(t, test.hint, got[otelattr.TokenHint])
			assert.Equal(t, test.kind, got[otelattr.TokenType])
			assert.Equal(t, test.format, got[otelattr.TokenFormat])
			for name, value := range test.attributes {
				assert.Equal(t, value, got[name], "an id is not erased")
			}
			if !strings.HasPrefix(name, "tyk") { // the gateway's own span
				test.attributes["network.peer.address"] = stranger
				assert.NotContains(t, ofSpan(t, r.engine, test.attributes), otelattr.TokenID, "anybody may have written it")
			}
		})
	}
	key := secretKey(40)
	got := ofSpan(t, r.engine, map[string]any{"network.peer.address": proxied, "http.request.header.x-api-key": key, "http.request.header.x-consumer-id": "c1"})
	assert.Equal(t, idOf(t, r.engine, key), got[otelattr.TokenID], "a credential says more than who has it")
}

func TestCallersOfLogsWithoutASecret(t *testing.T) {
	r := startedRig(t, callerConfig(), newHost())
	access := "AKIA" + strings.Repeat("Q2", 8)
	for name, test := range map[string]struct {
		attributes map[string]any
		body       any
		hint       string
	}{
		"kong":             {nil, map[string]any{"consumer": map[string]any{"id": "cons-1", "username": "jack"}, "authenticated_entity": map[string]any{"id": "cred-1"}, "response": map[string]any{"status": 200}}, "gateway/cred-1"},
		"kong, consumer":   {nil, map[string]any{"consumer": map[string]any{"id": "cons-1", "username": "jack"}, "response": map[string]any{"status": 200}}, "gateway/cons-1"},
		"kong, flat":       {map[string]any{"consumer.id": "cons-1", "status": "200"}, "x", "gateway/cons-1"},
		"apisix":           {nil, map[string]any{"consumer": map[string]any{"username": "jack"}, "response": map[string]any{"status": 200}}, "gateway/jack"},
		"API gateway":      {nil, map[string]any{"requestContext": map[string]any{"identity": map[string]any{"apiKeyId": "k1x9"}}, "status": "200"}, "gateway/k1x9"},
		"cloudtrail":       {nil, map[string]any{"userIdentity": map[string]any{"type": "IAMUser", "accessKeyId": access}}, "AKIA…" + access[16:]},
		"envoy, SPIFFE":    {map[string]any{"downstream_peer_uri_san": workload, "response_code": 200}, "x", workload},
		"nginx, subject":   {map[string]any{"ssl_client_s_dn": "CN=a", "status": 200}, "x", "certificate/CN=a"},
		"another consumer": {nil, map[string]any{"consumer": map[string]any{"id": "group-1"}, "msg": "rebalanced"}, ""},
		"another id":       {nil, map[string]any{"order": map[string]any{"id": "cons-1"}, "status": 200}, ""},
		"an answer":        {nil, map[string]any{"response": map[string]any{"headers": map[string]any{"x-consumer-id": "cons-1"}}, "status": 200}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := ofLog(t, r.engine, test.attributes, test.body)
			if test.hint == "" {
				assert.NotContains(t, got, otelattr.TokenID)
				return
			}
			assert.Equal(t, test.hint, got[otelattr.TokenHint])
		})
	}
}

func TestTrustedIDs(t *testing.T) {
	cfg := callerConfig()
	cfg.Sources.TrustedIDs = []TrustedIDConfig{
		{Attribute: "corp.api_key", Kind: trustedFingerprint}, {Attribute: "corp.caller"}, {Attribute: "http.request.header.x-forwarded-client-cert"},
	}
	r := startedRig(t, cfg, newHost())
	key := secretKey(41)
	got := ofSpan(t, r.engine, map[string]any{"corp.api_key": certHash, "http.request.header.authorization": "Bearer " + key})
	assert.Equal(t, "id/468e…e688", got[otelattr.TokenHint])
	assert.Equal(t, "trusted_id", got[otelattr.TokenType])
	assert.Equal(t, "fingerprint", got[otelattr.TokenFormat])
	assert.Equal(t, certHash, got["corp.api_key"], "a hash is not erased")
	assert.Equal(t, "Bearer REDACTED", got["http.request.header.authorization"])

	got, _ = ofLog(t, r.engine, map[string]any{"corp.caller": "svc-7"}, "x")
	assert.Equal(t, "id/svc-7", got[otelattr.TokenHint])
	got = ofSpan(t, r.engine, map[string]any{"http.request.header.x-forwarded-client-cert": xfcc})
	assert.Equal(t, workload, got[otelattr.TokenHint], "trusted without a proxy")
	got = ofSpan(t, r.engine, map[string]any{"corp.caller": "Bearer ***", "corp.other": "svc-7"})
	assert.NotContains(t, got, otelattr.TokenID)
}

func TestAResourceCarriesTheTokenOfItsRecords(t *testing.T) {
	cfg := testConfig()
	cfg.Sources.Resource = []string{"corp.session"}
	r := startedRig(t, cfg, newHost())
	key, own := secretKey(42), secretKey(43)
	for _, name := range []string{"http.request.header.x-api-key", "corp.session"} {
		td, span := serverSpan(map[string]any{"http.route": "/a"})
		rs := td.ResourceSpans().At(0)
		rs.Resource().Attributes().PutStr(name, key)
		other := rs.ScopeSpans().At(0).Spans().AppendEmpty()
		other.Attributes().PutStr("http.request.header.x-api-key", own)
		next := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		next.SetName("another resource")
		_, err := r.processTraces(t.Context(), td)
		require.NoError(t, err)
		assert.Equal(t, idOf(t, r.engine, key), span.Attributes().AsRaw()[otelattr.TokenID])
		assert.Equal(t, idOf(t, r.engine, own), other.Attributes().AsRaw()[otelattr.TokenID])
		assert.NotContains(t, next.Attributes().AsRaw(), otelattr.TokenID)
		assert.Equal(t, "REDACTED", rs.Resource().Attributes().AsRaw()[name])
	}
}

func TestExpressionsFindTheRest(t *testing.T) {
	cfg := testConfig()
	cfg.Sources.OTTL = OTTLConfig{
		Span: []string{`span.attributes["corp.none"]`, `Split(span.attributes["corp.note"], "=")[1]`},
		Log:  []string{`log.body["call"]["as"]`},
	}
	require.NoError(t, cfg.Sources.OTTL.Validate())
	r := startedRig(t, cfg, newHost())
	key, own := secretKey(44), secretKey(45)
	got := ofSpan(t, r.engine, map[string]any{"corp.note": "caller=" + key})
	assert.Equal(t, idOf(t, r.engine, key), got[otelattr.TokenID])
	assert.Equal(t, "caller=REDACTED", got["corp.note"])
	got = ofSpan(t, r.engine, map[string]any{"corp.note": "caller=" + key, "http.request.header.x-api-key": own})
	assert.Equal(t, idOf(t, r.engine, own), got[otelattr.TokenID])
	assert.NotContains(t, ofSpan(t, r.engine, map[string]any{"corp.note": 7}), otelattr.TokenID)
	logged, body := ofLog(t, r.engine, nil, map[string]any{"call": map[string]any{"as": "Bearer " + key}})
	assert.Equal(t, idOf(t, r.engine, key), logged[otelattr.TokenID])
	assert.Equal(t, map[string]any{"call": map[string]any{"as": "Bearer REDACTED"}}, body)
	assert.NotContains(t, ofSpan(t, r.engine, map[string]any{"a": "b"}), otelattr.TokenID, "what one record had, the next has not")
}

// A fingerprint, be it one of a former key, is the token whose credential it is of, whichever comes first.
func TestAFingerprintIsTheTokenItIsOf(t *testing.T) {
	key, unmet := secretKey(46), secretKey(47)
	fingerprintOf := func(key string, keys ...byte) string {
		cfg := testConfig()
		cfg.Attributes, cfg.Keys.Fingerprints = []string{otelattr.TokenFingerprint}, fingerprints(keys...)
		return ofSpan(t, startedEngine(t, cfg), withHeader("x-api-key", key))[otelattr.TokenFingerprint].(string)
	}
	cfg := testConfig()
	cfg.Sources.TrustedIDs = []TrustedIDConfig{{Attribute: "corp.key", Kind: trustedFingerprint}}
	cfg.Keys.Fingerprints = fingerprints('2', '1')
	e := startedEngine(t, cfg)
	named := func(fingerprint string) any {
		return ofSpan(t, e, map[string]any{"corp.key": fingerprint})[otelattr.TokenID]
	}
	early := named(fingerprintOf(key, '1'))
	id := idOf(t, e, key)
	require.NotNil(t, early)
	assert.NotEqual(t, id, early, "its credential had not been seen")
	assert.Equal(t, id, named(fingerprintOf(key, '1')), "under the former key")
	assert.Equal(t, id, named(fingerprintOf(key, '2')))
	assert.NotEqual(t, id, named(fingerprintOf(key, '3')), "under a key that nobody here has")
	assert.NotEqual(t, id, named(fingerprintOf(unmet, '2')))
}

// What a gateway calls a key joins it to the registry, and what looks like a gateway's name in the place of a key does not.
func TestGatewayIDsAreJoined(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	access := "AKIA" + "QYLPMN5HEXAMPLEQ"
	edit(t, path, "owners: [{id: acme}, {id: beta}]\ntokens: [{id: k1, owner: acme, gateway_id: 4f1c2b9e-consumer}, {id: k2, owner: beta, gateway_id: "+access+"}]", time.Hour)
	cfg := registryConfig(path, false)
	cfg.TrustedProxies, cfg.Sources.TrustedIDs = []string{"10.0.0.0/8"}, []TrustedIDConfig{{Attribute: "corp.caller"}}
	e := startedEngine(t, cfg)
	owner := func(attributes map[string]any) any { return ofSpan(t, e, attributes)[otelattr.TokenOwnerID] }
	kong := func(peer string) map[string]any {
		return map[string]any{"http.request.header.x-consumer-id": "4f1c2b9e-consumer", "network.peer.address": peer}
	}
	assert.Equal(t, "acme", owner(kong("10.0.0.7")))
	assert.Nil(t, owner(kong("203.0.113.7")), "anybody could have sent it")
	assert.Equal(t, "acme", owner(map[string]any{"corp.caller": "4f1c2b9e-consumer"}))
	assert.Equal(t, "beta", owner(withHeader("authorization", "AWS4-HMAC-SHA256 Credential="+access+"/20261122/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024")))
	for _, sent := range []map[string]any{withHeader("x-api-key", "4f1c2b9e-consumer"), withHeader("authorization", "Bearer 4f1c2b9e-consumer")} {
		assert.Nil(t, owner(sent), "it is no secret: whoever knows it is not the consumer")
	}
}
