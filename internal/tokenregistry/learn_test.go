package tokenregistry

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/credential"
)

// Users of one client fold into it, whether a token says so itself or its server does.
func TestLearnByClientWhateverSaysWhoItIs(t *testing.T) {
	server := newAuthorizationServer(t)
	server.set(opaque, map[string]any{"active": true, "client_id": "app", "sub": "ada", "iss": "https://as.example"})
	server.set("another-"+opaque, map[string]any{"active": true, "client_id": "app", "sub": "bob", "iss": "https://as.example"})
	d := startDesk(t, introspecting(server.URL, ""))
	ask := func(c credential.Credential) Resolution { return d.Resolve(Query{Credential: c, ByClient: true}) }
	settled := func(token string) string {
		c := credential.Parse(credential.Plain, token)
		first := ask(c)
		d.changed(token, first)
		return ask(c).ID
	}
	ada, bob := settled(opaque), settled("another-"+opaque)
	assert.Equal(t, ada, bob)
	claims := &credential.Claims{Issuer: "https://as.example", ClientID: "app", Subject: "carol"}
	assert.Equal(t, ada, ask(credential.Credential{Kind: credential.APIKey, Raw: "x", Claims: claims}).ID)
	assert.NotEqual(t, ada, d.resolve(opaque).ID, "who learns by principal sees another")
}
