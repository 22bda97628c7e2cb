package credential

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jwtOf is a JWT with the payload and a signature of nobody.
func jwtOf(payload string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(payload)) + "." + part([]byte("a signature of nobody"))
}

func TestClaimPaths(t *testing.T) {
	const payload = `{"iss":"https://id.example","sub":"ada","azp":"app","exp":1795323439,
		"https://corp.example/tenant":"acme","realm":{"owner.id":7,"deep":{"er":"x"}},"roles":["a","b"],"client_id":{"not":"text"}}`
	raw := jwtOf(payload)
	var usual *ClaimPaths
	c := usual.Parse(Plain, raw)
	require.NotNil(t, c.Claims)
	assert.Equal(t, "app", c.Claims.ClientID)
	assert.Empty(t, c.Claims.Tenant)
	same := UsualClaims()
	assert.Equal(t, c, same.Parse(Plain, raw), "the usual claims, written out")

	paths := &ClaimPaths{
		Issuer: []string{"nothing", "iss"}, Client: []string{"realm.owner.id"}, Subject: []string{"realm.deep.er.more", "realm.deep.er"},
		Scopes: []string{"scope", "roles"}, Tenant: []string{"https://corp.example/tenant"},
	}
	got := paths.Parse(Plain, raw).Claims
	assert.Equal(t, &Claims{
		Issuer: "https://id.example", ClientID: "7", Subject: "x", Scopes: []string{"a", "b"}, Tenant: "acme", ExpiresAt: c.Claims.ExpiresAt,
	}, got)
	assert.Equal(t, Parse(Plain, "corp_key"), paths.Parse(Plain, "corp_key"))
}

func FuzzClaimPaths(f *testing.F) {
	f.Add(`{"a":{"b.c":"x"}}`, "a.b.c")
	f.Add(`{"a":{"b":{"c":[1]}}}`, "a.b.c")
	f.Fuzz(func(t *testing.T, payload, path string) {
		if len(path) > 64 {
			return
		}
		paths := &ClaimPaths{Issuer: []string{path}, Client: []string{path}, Subject: []string{path}, Scopes: []string{path}, Tenant: []string{path}}
		if c := paths.Parse(Plain, jwtOf(payload)); c.Claims != nil {
			assert.Equal(t, c.Claims.Issuer, c.Claims.Tenant)
		}
	})
}
