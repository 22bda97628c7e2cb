package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// idp is an OpenID provider with one person.
type idp struct {
	*httptest.Server
	t       *testing.T
	key     *ecdsa.PrivateKey
	claims  map[string]any
	asked   url.Values // the latest authorization request
	refuses bool
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p := &idp{t: t, key: key, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.give(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		p.give(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *idp) give(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	assert.NoError(p.t, json.NewEncoder(w).Encode(what))
}

// token gives an ID token for the code, if PKCE and client fit.
func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if p.refuses || r.FormValue("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.asked.Get("code_challenge") || id != "holter" || secret != "secret" ||
		r.FormValue("redirect_uri") != p.asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		p.give(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": "holter", "sub": "u1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": p.asked.Get("nonce")}
	for k, v := range p.claims {
		claims[k] = v
	}
	text, err := json.Marshal(claims)
	assert.NoError(p.t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "1"}}, nil)
	assert.NoError(p.t, err)
	signed, err := signer.Sign(text)
	assert.NoError(p.t, err)
	raw, err := signed.CompactSerialize()
	assert.NoError(p.t, err)
	p.give(w, map[string]any{"access_token": "opaque", "token_type": "Bearer", "id_token": raw})
}

// journeyTo begins a login, and gives the cookie and the state that it goes with.
func journeyTo(t *testing.T, g *Gate, p *idp, then string) (*http.Cookie, string) {
	t.Helper()
	w := httptest.NewRecorder()
	require.NoError(t, g.SendOff(w, httptest.NewRequest(http.MethodGet, "https://holter.example.com/api/v1/login", http.NoBody), then, now))
	require.Equal(t, http.StatusFound, w.Code)
	at, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	p.asked = at.Query()
	assert.Equal(t, "https://holter.example.com"+Callback, p.asked.Get("redirect_uri"))
	assert.Equal(t, "S256", p.asked.Get("code_challenge_method"))
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	assert.Equal(t, []any{true, true, http.SameSiteLaxMode, Callback}, []any{cookies[0].HttpOnly, cookies[0].Secure, cookies[0].SameSite, cookies[0].Path})
	return cookies[0], p.asked.Get("state")
}

func comingBack(state string, c *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://holter.example.com"+Callback+"?code=the-code&session_state=x&state="+url.QueryEscape(state), http.NoBody)
	if c != nil {
		r.AddCookie(c)
	}
	return r
}

func oidcGate(p *idp, change ...func(*Provider)) *Gate {
	provider := &Provider{Issuer: p.URL, ClientID: "holter", Secret: "secret", Scopes: []string{"profile"}, NameClaim: "preferred_username", RolesClaim: "roles"}
	for _, c := range change {
		c(provider)
	}
	return (&Gate{Login: LoginOIDC, Provider: provider, Sessions: &Sessions{Lifetime: time.Hour, Most: 10}}).Open()
}

func TestLoggingInAtAProvider(t *testing.T) {
	p := newIDP(t)
	p.claims = map[string]any{"preferred_username": "ana", "realm": map[string]any{"groups": []string{"sre", "other"}}, "team": "payments"}
	g := oidcGate(p, func(o *Provider) {
		o.RolesClaim, o.Roles, o.TeamsClaim = "realm.groups", map[string][]Role{"sre": {Respond}}, "team"
	})
	c, state := journeyTo(t, g, p, "/token/tok_a?from=-7d")
	w := httptest.NewRecorder()
	who, then, err := g.ComeBack(w, comingBack(state, c), now)
	require.NoError(t, err)
	assert.Equal(t, "/token/tok_a?from=-7d", then)
	assert.Equal(t, Who{Name: "ana", Roles: []Role{Respond}, Scope: store.Scope{Teams: []string{"payments"}}}, who)
	session := w.Result().Cookies()[0]
	assert.Equal(t, http.SameSiteStrictMode, session.SameSite)
	found, in := g.Who(request("GET", session), now)
	assert.True(t, in)
	assert.Equal(t, who, found)

	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack(state, c), now)
	assert.ErrorIs(t, err, ErrJourney, "a journey ends once")
}

func TestJourneysOfOthersEndNowhere(t *testing.T) {
	p := newIDP(t)
	p.claims = map[string]any{"roles": "admin"}
	g := oidcGate(p)
	_, begun := journeyTo(t, g, p, "/")
	other, _ := journeyTo(t, g, p, "/")
	_, _, err := g.ComeBack(httptest.NewRecorder(), comingBack(begun, other), now)
	require.ErrorIs(t, err, ErrJourney, "another browser")
	c, state := journeyTo(t, g, p, "/")
	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack(state, nil), now)
	require.ErrorIs(t, err, ErrJourney)
	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack("made-up", c), now)
	require.ErrorIs(t, err, ErrJourney)
	c, state = journeyTo(t, g, p, "/")
	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack(state, c), now.Add(journeyLasts))
	require.ErrorIs(t, err, ErrJourney, "too late")

	c, state = journeyTo(t, g, p, "/")
	p.asked.Set("nonce", "of-another-login")
	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack(state, c), now)
	require.ErrorIs(t, err, ErrPassword)
	c, state = journeyTo(t, g, p, "/")
	p.refuses = true
	_, _, err = g.ComeBack(httptest.NewRecorder(), comingBack(state, c), now)
	require.ErrorIs(t, err, ErrPassword)
}

func TestWhoHasNoRoleDoesNotComeIn(t *testing.T) {
	p := newIDP(t)
	g := oidcGate(p, func(o *Provider) { o.TenantsClaim = "tenant" })
	for name, c := range map[string]struct {
		claims map[string]any
		in     bool
	}{
		"nothing":      {map[string]any{}, false},
		"no such role": {map[string]any{"roles": []string{"boss"}, "tenant": "acme"}, false},
		"no tenant":    {map[string]any{"roles": []string{"read"}}, false},
		"empty tenant": {map[string]any{"roles": []string{"read"}, "tenant": []string{""}}, false},
		"both":         {map[string]any{"roles": "read", "tenant": []string{"acme"}}, true},
	} {
		p.claims = c.claims
		cookie, state := journeyTo(t, g, p, "/")
		w := httptest.NewRecorder()
		who, _, err := g.ComeBack(w, comingBack(state, cookie), now)
		if c.in {
			require.NoError(t, err, name)
			assert.Equal(t, "u1", who.Name, "without a name it is the subject")
			continue
		}
		require.ErrorIs(t, err, ErrNoRole, name)
		assert.Empty(t, w.Result().Cookies(), name)
	}
}

func TestOneComesBackToTheConsoleAlone(t *testing.T) {
	p := newIDP(t)
	p.claims = map[string]any{"roles": "read"}
	g := oidcGate(p)
	for _, then := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "", "javascript:alert(1)"} {
		c, state := journeyTo(t, g, p, then)
		_, back, err := g.ComeBack(httptest.NewRecorder(), comingBack(state, c), now)
		require.NoError(t, err)
		assert.Equal(t, "/", back, then)
	}
}

func TestAProviderThatIsAwayIsAskedAgain(t *testing.T) {
	p := newIDP(t)
	g := oidcGate(p)
	g.Provider.Issuer = "http://127.0.0.1:1"
	err := g.SendOff(httptest.NewRecorder(), request("GET"), "/", now)
	require.ErrorContains(t, err, "ask the login provider http://127.0.0.1:1")
	g.Provider.Issuer = p.URL
	journeyTo(t, g, p, "/")
}
