package tokenregistry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry/internal/metadatatest"
)

// authorizationServer answers about tokens as it is told.
type authorizationServer struct {
	*httptest.Server

	mu      sync.Mutex
	tokens  map[string]map[string]any
	status  int // instead of an answer
	asked   []url.Values
	clients []string
}

func newAuthorizationServer(t *testing.T) *authorizationServer {
	s := &authorizationServer{tokens: make(map[string]map[string]any)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *authorizationServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	id, secret, _ := r.BasicAuth()
	s.asked, s.clients = append(s.asked, r.PostForm), append(s.clients, id+" "+secret)
	if s.status != 0 {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte("sorry about " + r.PostForm.Get("token")))
		return
	}
	answer := map[string]any{"active": false}
	if about := s.tokens[r.PostForm.Get("token")]; about != nil {
		answer = about
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *authorizationServer) set(token string, about map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = about
}

func (s *authorizationServer) answerWith(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *authorizationServer) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// teller remembers what it is told.
type teller struct {
	mu       sync.Mutex
	troubles []string
	well     int
}

func (h *teller) Trouble(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.troubles = append(h.troubles, err.Error())
}

func (h *teller) Well() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.well++
}

// desk is a Registry with everything that it says in sight.
type desk struct {
	*Registry
	t         *testing.T
	logs      *observer.ObservedLogs
	health    *teller
	telemetry *componenttest.Telemetry
}

// startDesk starts a Registry under a configuration in YAML.
func startDesk(t *testing.T, text string) *desk {
	t.Helper()
	cfg, err := load(t, text)
	require.NoError(t, err)
	core, logs := observer.New(zap.DebugLevel)
	d := &desk{t: t, logs: logs, health: new(teller), telemetry: componenttest.NewTelemetry()}
	t.Cleanup(func() { require.NoError(t, d.telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	set := d.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	d.Registry, err = New(Settings{ID: component.MustNewID("token_registry"), Kind: component.KindExtension, Telemetry: set, Health: d.health}, cfg)
	require.NoError(t, err)
	require.NoError(t, d.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, d.Shutdown(context.WithoutCancel(t.Context()))) })
	return d
}

func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := DefaultConfig()
	if err := conf.Unmarshal(&cfg); err != nil {
		return cfg, err
	}
	return cfg, confmap.Validate(&cfg)
}

func (d *desk) resolve(token string) Resolution {
	return d.Resolve(Query{Credential: credential.Parse(credential.Plain, token)})
}

func checked(found Resolution, u registry.Use) (registry.Status, []string) {
	s := found.Standing()
	return s.Check(u)
}

// changed waits until a Resolution no longer holds, and resolves anew.
func (d *desk) changed(token string, before Resolution) Resolution {
	d.t.Helper()
	standing := before.Standing()
	require.Eventually(d.t, func() bool { return !d.Fresh(&standing) }, 20*time.Second, time.Millisecond)
	return d.resolve(token)
}

const opaque = "J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8-opaque"

func introspecting(endpoint, more string) string {
	return "{keys: {identity: aWRlbnRpdHkga2V5IG9mIHRoZSBpbnRlZ3JhdGlvbiB0ZXN0cyE=}, registry: {sources: [{introspection: {endpoint: '" + endpoint + "', client_id: holter, client_secret: 'a b+c'" + more + "}}]}}"
}

func TestATokenIsUnknownNowAndEnrichedWhenKnown(t *testing.T) {
	server := newAuthorizationServer(t)
	expires := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	server.set(opaque, map[string]any{"active": true, "client_id": "billing", "sub": "ada", "username": "Ada", "scope": "read write", "exp": expires.Unix(), "iss": "https://as.example"})
	d := startDesk(t, introspecting(server.URL, ", cache: {ttl: 2s}"))
	first := d.resolve(opaque)
	assert.True(t, first.Provisional)
	status, violations := checked(first, registry.Use{When: time.Now()})
	assert.Equal(t, registry.Unknown, status)
	assert.Empty(t, violations)

	known := d.changed(opaque, first)
	assert.False(t, known.Provisional)
	assert.Equal(t, first.ID, known.ID)
	assert.Equal(t, &registry.Owner{ID: "ada", Name: "Ada", Type: "user"}, known.Token.Owner)
	assert.Equal(t, expires, known.Token.ExpiresAt)
	assert.Equal(t, []string{"read", "write"}, known.Token.Scopes)
	assert.Equal(t, "billing", known.Claims.ClientID)
	assert.Equal(t, url.Values{"token": {opaque}, "token_type_hint": {"access_token"}}, server.asked[0])
	assert.Equal(t, "holter a+b%2Bc", server.clients[0], "as RFC 6749 has it")

	server.set(opaque, nil)
	again := d.changed(opaque, known)
	assert.Equal(t, registry.Active, again.Token.Status, "the old answer holds until the new one is there")
	revoked := d.changed(opaque, again)
	status, violations = checked(revoked, registry.Use{When: time.Now()})
	assert.Equal(t, registry.Revoked, status)
	assert.Equal(t, []string{"revoked"}, violations)
	assert.Equal(t, "ada", revoked.Token.Owner.ID)
	metadatatest.AssertEqualTokenRegistryIntrospections(t, d.telemetry, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: *answerSet(answerActive)}, {Value: 1, Attributes: *answerSet(answerInactive)},
	}, metricdatatest.IgnoreTimestamp())
}

func TestOpaqueTokensOfOnePrincipalHaveOneID(t *testing.T) {
	server := newAuthorizationServer(t)
	about := map[string]any{"active": true, "client_id": "billing", "iss": "https://as.example"}
	server.set(opaque, about)
	server.set("another-"+opaque, about)
	server.set("third-"+opaque, map[string]any{"active": true, "client_id": "shipping", "iss": "https://as.example"})
	d := startDesk(t, introspecting(server.URL, ""))
	first := d.resolve(opaque)
	assert.Equal(t, first.ID, d.changed(opaque, first).ID)
	next := d.resolve("another-" + opaque)
	assert.NotEqual(t, first.ID, next.ID, "nobody has said whose it is")
	assert.True(t, next.Provisional, "so it is not learned from")
	assert.Equal(t, first.ID, d.changed("another-"+opaque, next).ID)
	third := d.resolve("third-" + opaque)
	assert.Equal(t, third.ID, d.changed("third-"+opaque, third).ID)
}

func TestTheOwnerIsWhoeverIsRegisteredForTheClient(t *testing.T) {
	server := newAuthorizationServer(t)
	server.set(opaque, map[string]any{"active": true, "client_id": "billing", "sub": "ada"})
	owners := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, os.WriteFile(owners, []byte("owners: [{id: acme, team: payments}]\ntokens: [{id: k1, owner: acme, claims: {client_id: billing}, tags: {plan: gold}}]"), 0o600))
	d := startDesk(t, strings.Replace(introspecting(server.URL, ""), "sources: [", "sources: [{file: {path: "+owners+"}}, ", 1))
	known := d.changed(opaque, d.resolve(opaque))
	assert.Equal(t, "acme", known.Token.Owner.ID)
	assert.Equal(t, "k1", known.Token.ID)
	assert.Equal(t, "gold", known.Token.Tags["plan"])

	jwt := credential.Credential{Raw: "a.b.c", Kind: credential.JWT, Claims: &credential.Claims{ClientID: "billing"}}
	before := d.Resolve(Query{Credential: jwt})
	assert.Equal(t, "acme", before.Token.Owner.ID, "the owner of a JWT is known at once")
	standing := before.Standing()
	require.Eventually(t, func() bool { return !d.Fresh(&standing) }, 20*time.Second, time.Millisecond)
	after := d.Resolve(Query{Credential: jwt})
	assert.Equal(t, registry.Revoked, after.Token.Status, "that it is revoked only the server knows")
}

func TestOnlyWhatTheServerMayHaveIssuedIsAskedFor(t *testing.T) {
	cfg, err := load(t, introspecting("https://as.example", ", issuer: 'https://as.example'"))
	require.NoError(t, err)
	server := cfg.Registry.introspections()[0]
	jwt := func(issuer string) credential.Credential {
		return credential.Credential{Kind: credential.JWT, Format: "jwt", Claims: &credential.Claims{Issuer: issuer}}
	}
	assert.True(t, server.takes(credential.Parse(credential.Plain, opaque)))
	assert.True(t, server.takes(jwt("https://as.example")))
	assert.False(t, server.takes(jwt("https://other.example")))
	for _, format := range credential.Mintable() {
		assert.False(t, server.takes(credential.Credential{Kind: credential.APIKey, Format: format}), format)
	}
	assert.False(t, server.takes(credential.Credential{Kind: credential.Basic, User: "ada"}))
	assert.False(t, server.takes(credential.Credential{Kind: credential.Session}))
	server.Formats = []string{"github_app"}
	assert.True(t, server.takes(credential.Credential{Kind: credential.OAuth2, Format: "github_app"}))
	assert.False(t, server.takes(credential.Parse(credential.Plain, opaque)))
}

func TestAServerThatIsAwayIsSaidOnceAndComesBack(t *testing.T) {
	server := newAuthorizationServer(t)
	server.set(opaque, map[string]any{"active": true, "client_id": "billing"})
	server.answerWith(http.StatusUnauthorized)
	d := startDesk(t, introspecting(server.URL, ""))
	before := d.resolve(opaque)
	require.Eventually(t, func() bool { return server.questions() >= 1 }, 20*time.Second, time.Millisecond)
	server.answerWith(0)
	for before.Token == nil {
		before = d.changed(opaque, before)
	}
	assert.Equal(t, "billing", before.Token.Owner.ID)
	d.health.mu.Lock()
	defer d.health.mu.Unlock()
	require.Len(t, d.health.troubles, 1)
	assert.Equal(t, "introspection: the server answers 401 Unauthorized: check client_id and client_secret, or auth, and that this client may introspect", d.health.troubles[0])
	assert.Equal(t, 1, d.health.well)
	for _, entry := range d.logs.All() {
		text, _ := json.Marshal(entry.ContextMap())
		assert.NotContains(t, entry.Message+string(text), opaque[:12])
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	server := newAuthorizationServer(t)
	server.answerWith(http.StatusTemporaryRedirect)
	d := startDesk(t, introspecting(server.URL+"/introspect", ""))
	d.resolve(opaque)
	require.Eventually(t, func() bool {
		d.health.mu.Lock()
		defer d.health.mu.Unlock()
		return len(d.health.troubles) == 1
	}, 20*time.Second, time.Millisecond)
	assert.Contains(t, d.health.troubles[0], "tokens are not sent where it points to")
	assert.Equal(t, 1, server.questions())
}

func TestIntrospectionConfig(t *testing.T) {
	for more, want := range map[string]string{
		", client_id: ''":                   "sources[0]::introspection::client_id: goes with client_secret",
		", formats: []":                     "sources[0]::introspection::formats: is empty",
		", formats: [jwt, morse]":           `sources[0]::introspection::formats[1]: "morse" is no format`,
		", inactive: gone":                  `sources[0]::introspection::inactive: "gone" is neither`,
		", max_concurrent: 0":               "sources[0]::introspection::max_concurrent: 0 must be at least 1",
		", queue_size: 0":                   "sources[0]::introspection::queue_size: 0 must be at least 1",
		", max_requests_per_second: 0":      "sources[0]::introspection::max_requests_per_second: 0 must be above zero",
		", cache: {max_tokens: 0}":          "sources[0]::introspection::cache::max_tokens: 0 must be at least 1",
		", cache: {negative_ttl: 0s}":       "sources[0]::introspection::cache::negative_ttl: 0s must be above zero",
		", timeout: 0s":                     "sources[0]::introspection::timeout: 0s must be above zero",
		", provisional_for: -1s":            "sources[0]::introspection::provisional_for: -1s must not be below zero",
		", endpoint: 'http://as.example/i'": "would carry live tokens in the open",
		", endpoint: 'as.example'":          "is no URL of a server",
		", endpoint: 'https://a:b@c/'":      "holds a password",
		", endpoint: ''":                    "endpoint: is missing",
	} {
		text := introspecting("https://as.example", more)
		if strings.Contains(more, "endpoint") {
			text = strings.Replace(text, "endpoint: 'https://as.example', ", "", 1)
		}
		if strings.Contains(more, "client_id") {
			text = strings.Replace(text, "client_id: holter, ", "", 1)
		}
		_, err := load(t, text)
		require.ErrorContains(t, err, want, more)
	}
	cfg, err := load(t, introspecting("http://127.0.0.1:9/i", ""))
	require.NoError(t, err)
	assert.Equal(t, []string{"opaque", "jwt"}, cfg.Registry.introspections()[0].Formats, "what is not written keeps its default")
	assert.NotContains(t, string(mustJSON(t, cfg.Registry.introspections()[0].ClientSecret)), "a b")
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// answerSet are the attributes of an answer's count.
func answerSet(option metric.MeasurementOption) *attribute.Set {
	set := metric.NewAddConfig([]metric.AddOption{option}).Attributes()
	return &set
}
