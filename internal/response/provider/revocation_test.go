package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

const (
	opaqueToken = "an-opaque-token-0123456789"
	clientWord  = "s3cr3t of/client"
)

// oauth is an authorization server after RFC 7009 and 7662. clients says who may ask, by what arrived.
func oauth(t *testing.T, who func(in request) bool, fields ...string) *fake {
	active := map[string]bool{opaqueToken: true}
	form := append([]string{"token", "token_type_hint=access_token"}, fields...)
	refused := answer(401, `{"error":"invalid_client","error_description":"client authentication failed"}`)
	return contract(t, &fake{
		may: []string{"Authorization"},
		ops: []operation{
			{method: "POST", path: "/revoke", form: form, does: func(in request) canned {
				if !who(in) {
					return refused
				}
				delete(active, in.form.Get("token"))
				return answer(200, "") // for tokens that it does not know, too
			}},
			{method: "POST", path: "/introspect", form: form, does: func(in request) canned {
				if !who(in) {
					return refused
				}
				if active[in.form.Get("token")] {
					return answer(200, `{"active":true,"client_id":"billing"}`)
				}
				return answer(200, `{"active":false}`)
			}},
		},
	})
}

func basically(in request) bool {
	user, password, _ := (&http.Request{Header: in.header}).BasicAuth()
	return user == "billing" && password == "s3cr3t+of%2Fclient"
}

func revocation(f *fake) Revocation {
	return Revocation{
		Endpoint: f.URL + "/revoke", Introspection: f.URL + "/introspect", Hint: HintAccessToken, Delay: time.Minute,
		Auth: ClientAuth{Method: ClientBasic, ID: "billing", Secret: clientWord}, Open: opens(opaqueToken),
	}
}

func TestRevocation(t *testing.T) {
	f := oauth(t, basically)
	preset, err := revocation(f).Preset(f.channel(clientWord))
	require.NoError(t, err)
	assert.Equal(t, response.Ability{Do: true, Verify: true, ReadBack: true, Delay: time.Minute}, preset.Can(response.Lock))
	lock := act{t, preset, response.Lock}
	lock.hides(f, "token=***&token_type_hint=access_token", opaqueToken, clientWord)
	lock.is(response.Undone, response.Verify, "still active")
	f.made()
	lock.is(response.Done, response.Do)
	assert.Equal(t, []string{"POST /introspect", "POST /revoke"}, f.made(), "the server is asked before whether there is anything to revoke")
	lock.is(response.Done, response.Verify, "not active")
	lock.asked(response.Done, response.Do)

	f.made()
	lock.is(response.Final, response.Do, "does not know the token as active", "nothing was sent", "somebody else lets it in")
	assert.Equal(t, []string{"POST /introspect"}, f.made())
	lock.is(response.Final, response.Undo, "cannot be undone")
	lock.missing("token", "fingerprint")
}

func TestRevocationAnswersAreExplained(t *testing.T) {
	f := oauth(t, basically)
	cfg := revocation(f)
	cfg.Introspection = ""
	preset, err := cfg.Preset(f.channel(clientWord))
	require.NoError(t, err)
	assert.Equal(t, response.Ability{Do: true, Idempotent: true, Delay: time.Minute}, preset.Can(response.Lock), "the same token may be revoked twice")
	lock := act{t, preset, response.Lock}
	lock.is(response.Done, response.Do)
	lock.is(response.Done, response.Do)
	lock.is(response.Final, response.Verify, "cannot be asked")
	lock.refusals(f, []refused{
		{200, `{"error":"invalid_token"}`, nil, response.Final, "it knows no such token", false},
		{200, `{"error":"whatever"}`, nil, response.Final, "nothing was revoked", false},
		{200, `{}`, nil, response.Done, "", false},
		{200, `<html>`, nil, response.Done, "", false},
		{400, `{"error":"unsupported_token_type"}`, nil, response.Final, "a JWT stays valid until it expires", false},
		{400, `{"error":"invalid_client"}`, nil, response.Final, "look at client_id, client_secret and auth_method", false},
		{401, `{"error":"invalid_client"}`, nil, response.Final, "look at client_id, client_secret and auth_method", false},
		{400, `{"error":"unauthorized_client"}`, nil, response.Final, "may not revoke", false},
		{400, `{"error":"invalid_request"}`, nil, response.Final, "only by the client that it was issued to", false},
		{403, ``, nil, response.Final, "only by the client that it was issued to", false},
		{404, ``, nil, response.Final, "look at revocation_endpoint", false},
		{503, ``, []string{"Retry-After", "30"}, response.Refused, "", true},
		{429, ``, nil, response.Refused, "", true},
		{500, ``, nil, response.Lost, "", false},
	})
}

func TestRevocationWithTheWrongClient(t *testing.T) {
	f := oauth(t, basically)
	cfg := revocation(f)
	cfg.Auth.Secret = "wrong-secret"
	preset, err := cfg.Preset(f.channel("wrong-secret"))
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	lock.is(response.Final, response.Do, "status 401: the server does not accept the client")
	lock.is(response.Refused, response.Verify, "introspection: status 401, invalid_client: look at the client that asks")
}

func TestRevocationByForm(t *testing.T) {
	f := oauth(t, func(in request) bool { return true }, "client_id=billing", "client_secret="+clientWord)
	cfg := revocation(f)
	cfg.Auth.Method = ClientPost
	preset, err := cfg.Preset(f.channel(clientWord))
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	lock.hides(f, "client_id=***", opaqueToken, clientWord, "s3cr3t")
	lock.is(response.Done, response.Do)
	lock.is(response.Done, response.Verify)
}

func TestRevocationByAssertion(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	seen := map[string]bool{}
	f := oauth(t, func(in request) bool {
		assertion, err := jwt.ParseSigned(in.form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
		if !assert.NoError(t, err) {
			return false
		}
		var claims jwt.Claims
		require.NoError(t, assertion.Claims(key.Public(), &claims))
		assert.NoError(t, claims.Validate(jwt.Expected{Issuer: "billing", Subject: "billing", AnyAudience: jwt.Audience{"https://id.example.com"}, Time: noon}))
		assert.False(t, seen[claims.ID], "an assertion is taken once")
		seen[claims.ID] = true
		return true
	}, "client_id=billing", "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion")
	cfg := revocation(f)
	cfg.Auth = ClientAuth{Method: ClientKey, ID: "billing", Key: &jose.SigningKey{Algorithm: jose.ES256, Key: key}, For: "https://id.example.com"}
	preset, err := cfg.Preset(f.channel())
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	lock.is(response.Undone, response.Verify)
	lock.is(response.Done, response.Do)
	lock.is(response.Done, response.Verify)
	assert.Len(t, seen, 4)
	lock.hides(f, "client_assertion=***", opaqueToken)
}

func TestRevocationConfiguration(t *testing.T) {
	good := Revocation{Endpoint: "https://id/revoke", Hint: HintAccessToken, Auth: ClientAuth{Method: ClientBasic, ID: "a", Secret: "b"}, Open: opens("x")}
	for want, change := range map[string]func(*Revocation){
		"token_type_hint":         func(r *Revocation) { r.Hint = "" },
		"endpoint is missing":     func(r *Revocation) { r.Endpoint = "" },
		"has a query":             func(r *Revocation) { r.Endpoint = "https://id/revoke?a=b" },
		"client_id is missing":    func(r *Revocation) { r.Auth.ID = "" },
		"introspection: endpoint": func(r *Revocation) { r.Introspection = "id" },
		"introspection: client_secret": func(r *Revocation) {
			r.Introspection, r.IntrospectAs = "https://id", ClientAuth{Method: ClientPost, ID: "c"}
		},
		"introspection: auth_method: a": func(r *Revocation) { r.IntrospectAs = ClientAuth{Method: ClientKey, ID: "c"} },
	} {
		r := good
		change(&r)
		_, err := r.Preset(Channel{})
		assert.ErrorContains(t, err, want)
	}
	_, err := good.Preset(Channel{})
	assert.NoError(t, err)
}
