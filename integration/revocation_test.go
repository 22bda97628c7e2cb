package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// revoking is a collector that has the provider revoke what leaks, as a client of it, and tells people.
func revoking(t *testing.T, idp *NodeApp, client, secret string) (*Collector, *Backend, *Webhook) {
	t.Helper()
	c, backend := withRegistry(t, "testdata/revocation.yaml")
	people := startWebhook(t, 0)
	c.Env["IDP"], c.Env["CLIENT"], c.Env["CLIENT_SECRET"], c.Env["HOLTER_SECRET"] = regexp.MustCompile(`\d+$`).FindString(idp.URL()), client, secret, clientSecret
	c.Env["WEBHOOK"], c.Env["WEBHOOK_SECRET"] = fmt.Sprint(people.Port), webhookSecret
	output, err := exec.CommandContext(t.Context(), companionBin, "key", "new", "seal", c.File("seal.key")).CombinedOutput()
	require.NoError(t, err, string(output))
	return c, backend, people
}

// leaks is a token that the registry knows to have leaked.
func leaks(token string) Token {
	leaked := known(token)
	leaked.Status = "leaked"
	return leaked
}

// told waits for the message that an occasion makes, and returns its act.
func told(t *testing.T, people *Webhook, occasion string) (act map[string]any, message Delivery) {
	t.Helper()
	waitFor(t, occasion, func() bool {
		for _, d := range people.Deliveries() {
			incident, ok := d.Field(t, "data").(map[string]any)["incident"].(map[string]any)
			if ok && incident["occasion"] == occasion {
				act, _ = incident["act"].(map[string]any)
				message = d
				return true
			}
		}
		return false
	})
	require.True(t, message.Verified)
	return act, message
}

// jwt has the provider issue one.
func (a *NodeApp) jwt(t *testing.T) string {
	t.Helper()
	return a.ask(t, "billing", "/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"orders:read"}, "resource": {"urn:example:orders"},
	})["access_token"].(string)
}

// active is what the provider says of a token.
func (a *NodeApp) active(t *testing.T, token string) bool {
	t.Helper()
	return a.ask(t, "holter", "/token/introspection", url.Values{"token": {token}})["active"] == true
}

// A token is issued by a real provider, used, flagged, revoked there, and proven to be.
func TestALeakedTokenIsRevokedAtItsProvider(t *testing.T) {
	idp := provider(t)
	c, backend, people := revoking(t, idp, "billing", clientSecret)
	token, other := idp.issue(t), idp.issue(t)
	c.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH"}}, known(token), known(other))
	c.Start()
	client := newClient(t, c.GRPC())
	call := normal(token)
	until(t, client, backend, call, "its owner", func(r Received) bool { return r.Text("api_token.owner.id") == "acme" })
	require.True(t, idp.active(t, token))

	c.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH"}}, leaks(token), known(other))
	call.Sequence = 1000
	until(t, client, backend, call, "the leak", func(r Received) bool { return r.Text("api_token.status") == "leaked" })
	act, _ := told(t, people, "act_done")
	require.Equal(t, "lock", act["action"])
	require.Equal(t, "idp", act["target"])
	require.False(t, idp.active(t, token), "it is revoked")
	require.True(t, idp.active(t, other), "and no other is")
	waitFor(t, "the proof", func() bool {
		return strings.Contains(c.Log.String(), "the provider was asked, and says that it holds: ")
	})

	c.Stop()
	hunt := newHunt(map[string]string{"token": token, "client secret": clientSecret})
	require.Empty(t, hunt.SearchFolder(t, c.Data, ownersFile))
	require.Empty(t, hunt.Search("the log", []byte(c.Log.String())))
	require.Empty(t, hunt.Search("the backend", backend.Bytes()))
	for _, message := range people.Deliveries() {
		require.Empty(t, hunt.Search("a message", []byte(message.Body)))
	}
}

// What a provider refuses, or answers with a 200 that means nothing, is explained to people, and never taken for done.
func TestWhatCannotBeRevokedIsExplained(t *testing.T) {
	idp := provider(t)
	stranger := "nXb7Qw2Er4Ty6Ui8Op0As1Df3Gh5Jk7Lz9Xc0Vb2Nm4" // that the provider never issued
	idp.ask(t, "billing", "/token/revocation", url.Values{"token": {stranger}})
	for _, c := range []struct {
		name, client, secret, token, why string
		lives                            bool
	}{
		{"the secret of the client is wrong", "billing", "not-the-secret", idp.issue(t), "status 401: the server does not accept the client", true},
		{"the token is another client's", "holter", clientSecret, idp.issue(t), "status 400: the server refuses the request (invalid_request): a token can be revoked only by the client that it was issued to", true},
		{"a JWT", "billing", clientSecret, idp.jwt(t), "status 400: the server does not revoke tokens of this type (unsupported_token_type): a JWT stays valid until it expires", false},
		{"200 though nothing happens", "billing", clientSecret, stranger, "introspection says that the server does not know the token as active: it never issued it", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			collector, _, people := revoking(t, idp, c.client, c.secret)
			collector.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH"}}, leaks(c.token))
			collector.Start()
			send(t, newClient(t, collector.GRPC()), normal(c.token))
			act, message := told(t, people, "act_failed")
			require.Equal(t, "failed", act["state"])
			require.Contains(t, message.Body, c.why, "in a message to people")
			t.Log(message.Field(t, "data", "sentence"))
			if c.lives {
				require.True(t, idp.active(t, c.token))
			}
			for _, d := range people.Deliveries() {
				require.NotContains(t, d.Body, `"occasion":"act_done"`)
			}
			collector.Stop()
			hunt := newHunt(map[string]string{"token": c.token, "client secret": clientSecret})
			require.Empty(t, hunt.SearchFolder(t, collector.Data, ownersFile))
			require.Empty(t, hunt.Search("the log", []byte(collector.Log.String())))
			require.Empty(t, hunt.Search("a message", []byte(message.Body)))
		})
	}
}

// A library that is not ours finds the key by the issuer's JWKS and checks the event.
func TestSecurityEventsAreVerified(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			c := newCollector(t, "testdata/holter.yaml", "testdata/events.yaml")
			c.Env["BACKEND"], c.Env["JWKS"] = newBackend(t).Port, freePorts(t, 1)[0]
			rp := startNode(t, map[string]string{"JWKS": "http://127.0.0.1:" + c.Env["JWKS"] + "/.well-known/jwks.json"}, "./events.mjs")
			c.Env["RECEIVER"] = fmt.Sprint(rp.Port)
			require.NoError(t, os.WriteFile(c.File("set.pem"), privateKey(t, algorithm), 0o600))
			c.writeOwners(t, []Owner{{ID: "ada@example.com", Name: "Ada"}}, Token{ID: "key_1", Owner: "ada@example.com", SHA256: digest(keyNumber(1)), Status: "leaked"})
			c.Start()
			send(t, newClient(t, c.GRPC()), normal(keyNumber(1)))
			waitFor(t, "the event", func() bool { return strings.Contains(rp.Log.String(), `"verified"`) })
			line := rp.lines()[1]
			require.Contains(t, line, `"verified":true`, line)
			require.Contains(t, line, `"alg":"`+algorithm+`"`)
			require.Contains(t, line, `"typ":"secevent+jwt"`)
			require.Contains(t, line, `"sub_id":{"email":"ada@example.com","format":"email"}`)
			require.Contains(t, line, "https://schemas.openid.net/secevent/risc/event-type/credential-compromise")
			waitFor(t, "the end of the act", func() bool { return strings.Contains(c.Log.String(), "delivered") })
			response, err := http.Get("http://127.0.0.1:" + c.Env["JWKS"] + "/.well-known/jwks.json")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, "application/jwk-set+json", response.Header.Get("Content-Type"))
		})
	}
}

// privateKey is one that signs by an algorithm, in PEM.
func privateKey(t *testing.T, algorithm string) []byte {
	t.Helper()
	var key any
	var err error
	if algorithm == "ES256" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
