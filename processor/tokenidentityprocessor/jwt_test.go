package tokenidentityprocessor

import (
	"cmp"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// unsignedJWT is a JWT with a signature of nobody.
func unsignedJWT(payload string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(payload)) + "." + part([]byte("a signature of nobody"))
}

func bearerID(t *testing.T, e *engine, secret string) string {
	t.Helper()
	id, ok := ofSpan(t, e, withHeader("authorization", "Bearer "+secret))[otelattr.TokenID].(string)
	require.True(t, ok, "no token was found")
	return id
}

func TestLearnByClient(t *testing.T) {
	ada := unsignedJWT(`{"iss":"https://id.example","azp":"app","sub":"ada"}`)
	bob := unsignedJWT(`{"iss":"https://id.example","azp":"app","sub":"bob"}`)
	cfg := testConfig()
	e := startedEngine(t, cfg)
	assert.NotEqual(t, bearerID(t, e, ada), bearerID(t, e, bob))
	cfg.LearnBy = learnByClient
	e = startedEngine(t, cfg)
	assert.Equal(t, bearerID(t, e, ada), bearerID(t, e, bob))
	assert.NotEqual(t, bearerID(t, e, ada), bearerID(t, e, unsignedJWT(`{"iss":"https://id.example","azp":"other","sub":"ada"}`)))
	assert.NotEqual(t, bearerID(t, e, secretKey(1)), bearerID(t, e, secretKey(2)), "keys name no client")
}

func TestLearnByOwner(t *testing.T) {
	dir := t.TempDir() + "/owners.yaml"
	edit(t, dir, registered(secretKey(1), "}, {id: key_2, owner: acme, claims: {sub: ada}"), 0)
	cfg := registryConfig(dir, false)
	cfg.LearnBy = learnByOwner
	e := startedEngine(t, cfg)
	ada := unsignedJWT(`{"iss":"https://id.example","sub":"ada"}`)
	assert.Equal(t, bearerID(t, e, secretKey(1)), bearerID(t, e, ada))
	assert.NotEqual(t, bearerID(t, e, secretKey(1)), bearerID(t, e, secretKey(2)), "nobody owns it")
	assert.Equal(t, bearerID(t, startedEngine(t, testConfig()), secretKey(2)), bearerID(t, e, secretKey(2)), "it is learned under itself")
}

func TestTheTenantIsPartOfTheIdentity(t *testing.T) {
	cfg := testConfig()
	cfg.Tenant.Attribute = "tenant.id"
	cfg.JWT.Claims.Tenant = []string{"org.id"}
	e := startedEngine(t, cfg)
	of := func(attribute, claim string) string {
		td := ptrace.NewTraces()
		rs := addResource(t, td, "a", withHeader("authorization", "Bearer "+unsignedJWT(`{"sub":"ada","org":{"id":"`+claim+`"}}`)))
		rs.Resource().Attributes().PutStr("tenant.id", attribute)
		_, err := e.processTraces(t.Context(), td)
		require.NoError(t, err)
		attrs := rs.ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
		assert.Equal(t, cmp.Or(attribute, claim), attrs[otelattr.TokenTenant])
		return attrs[otelattr.TokenID].(string)
	}
	assert.NotEqual(t, of("", "acme"), of("", "zeta"))
	assert.Equal(t, of("acme", ""), of("", "acme"), "the claim says what the attribute does not")
	assert.Equal(t, of("acme", "zeta"), of("acme", "acme"), "the attribute is written by the operator")
}
