package tokenregistryextension

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/holterhq/holter/extension/tokenregistryextension/internal/metadata"
	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/freeport"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry"
	"github.com/holterhq/holter/internal/tokenstore"
)

const (
	registered   = "corp_live_J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8"
	unregistered = "corp_live_a1Sd3Fg5Hj7Kl9Qw2Er4Ty6Ui8Op0Zx"
)

// startExtension runs an extension that knows one key, and the API at a free port if it is served.
func startExtension(t *testing.T, change func(*Config)) *registryExtension {
	t.Helper()
	owners := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, os.WriteFile(owners, []byte("owners: [{id: acme}]\n"), 0o600))
	var draft registry.Draft
	draft.Joins(credential.Parse(credential.Plain, registered))
	draft.ID, draft.Owner = "k1", "acme"
	require.NoError(t, registry.Append(owners, draft))

	cfg := createDefaultConfig().(*Config)
	cfg.Registry.File = owners
	if change != nil {
		change(cfg)
	}
	made, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	e := made.(*registryExtension)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}

// use has a token used from an address.
func (e *registryExtension) use(secret, addr string, when time.Time) tokenregistry.Resolution {
	found := e.registry.Resolve(tokenregistry.Query{Credential: credential.Parse(credential.Plain, secret)})
	var trail tokenregistry.Trail
	if standing := found.Standing(); trail.Step(&standing, when) {
		owner := ""
		if found.Token != nil && found.Token.Owner != nil {
			owner = found.Token.Owner.ID
		}
		e.registry.Saw(found.ID, &trail, registry.Sighting{When: when, Owner: owner, Service: "orders", Addr: netip.MustParseAddr(addr), Country: "DE"})
	}
	return found
}

// ask is what the API answers.
func (e *registryExtension) ask(path string) (int, map[string]any, string) {
	w := httptest.NewRecorder()
	e.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var body map[string]any
	text := w.Body.String()
	_ = json.Unmarshal([]byte(text), &body)
	return w.Code, body, text
}

func TestAnUnregisteredTokenIsListedWithAGuess(t *testing.T) {
	e := startExtension(t, nil)
	when := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	e.use(registered, "203.0.113.7", when)
	found := e.use(unregistered, "203.0.113.99", when.Add(time.Minute))
	code, body, text := e.ask("/v1/tokens/unregistered")
	require.Equal(t, http.StatusOK, code)
	require.Len(t, body["tokens"], 1)
	token := body["tokens"].([]any)[0].(map[string]any)
	assert.Equal(t, found.ID, token["id"])
	assert.Equal(t, "2026-11-22T09:01:00Z", token["last_seen"])
	assert.Equal(t, []any{"203.0.113.0/24"}, token["networks"])
	assert.Equal(t, map[string]any{"prefix": "corp_live_", "last_four": "p0Zx"}, token["joins"], "enough to register it by, and no digest")
	guess := token["guess"].(map[string]any)
	assert.Equal(t, "acme", guess["owner"])
	assert.Contains(t, guess["reason"], "203.0.113.0/24")
	assert.NotContains(t, text, unregistered[10:])

	code, one, _ := e.ask("/v1/tokens/" + found.ID)
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, token, one)
	for path, want := range map[string]int{"/v1/tokens/tok_x": 404, "/v1/tokens/unregistered?limit=0": 400, "/v1/tokens/unregistered?limit=1": 200, "/v1/health": 200, "/": 404} {
		code, _, _ := e.ask(path)
		assert.Equal(t, want, code, path)
	}
	_, health, _ := e.ask("/v1/health")
	assert.Equal(t, "ok", health["status"])
	assert.InDelta(t, 1, health["sources"].([]any)[0].(map[string]any)["tokens"], 0)
}

func TestATokenThatIsRegisteredLeavesTheList(t *testing.T) {
	e := startExtension(t, nil)
	now := time.Now()
	before := e.use(unregistered, "203.0.113.99", now)
	require.Equal(t, 1, e.registry.Seen().Len())
	draft := registry.Draft{ID: "k2"}
	draft.Joins(credential.Parse(credential.Plain, unregistered))
	require.NoError(t, registry.Append(e.cfg.Registry.File, draft))
	require.NoError(t, e.registry.Check(t.Context()))
	standing := before.Standing()
	assert.False(t, e.registry.Fresh(&standing))
	e.use(unregistered, "203.0.113.99", now)
	assert.Zero(t, e.registry.Seen().Len())
}

func TestOneUseInAMinuteIsLookedAt(t *testing.T) {
	e := startExtension(t, nil)
	found := e.registry.Resolve(tokenregistry.Query{Credential: credential.Parse(credential.Plain, unregistered)})
	standing := found.Standing()
	var trail tokenregistry.Trail
	when := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	looked := 0
	for second := range 600 {
		if trail.Step(&standing, when.Add(time.Duration(second)*time.Second)) {
			looked++
			e.registry.Saw(found.ID, &trail, registry.Sighting{When: when.Add(time.Duration(second) * time.Second)})
		}
	}
	assert.Equal(t, 10, looked)
	seen, _ := e.registry.Seen().Find(found.ID)
	assert.Equal(t, int64(541), seen.Requests, "all uses up to the last that was looked at")
	assert.Zero(t, testing.AllocsPerRun(100, func() { trail.Step(&standing, when) }))
	assert.True(t, trail.Step(&standing, when.Add(100*24*time.Hour)), "a time far ahead")
	assert.True(t, trail.Step(&standing, when), "does not silence what is on time")
}

func TestTheAPIIsOffUnlessItIsConfigured(t *testing.T) {
	assert.Nil(t, startExtension(t, nil).server)
	e := startExtension(t, func(c *Config) {
		server := c.HTTP.GetOrInsertDefault()
		assert.Equal(t, defaultEndpoint, server.NetAddr.Endpoint)
		server.NetAddr.Endpoint = "localhost:0"
	})
	assert.NotNil(t, e.server)
	none := startExtension(t, func(c *Config) { c.Registry.File = "" })
	code, body, _ := none.ask("/v1/tokens/unregistered")
	assert.Equal(t, http.StatusNotFound, code)
	assert.Contains(t, body["error"], "no registry is configured")
}

func TestHalfARequestDoesNotKeepTheProcessFromEnding(t *testing.T) {
	ports, err := freeport.Take(1)
	require.NoError(t, err)
	began := time.Now()
	t.Run("it ends", func(inner *testing.T) {
		startExtension(inner, func(c *Config) { c.HTTP.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:" + ports[0] })
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+ports[0])
		require.NoError(inner, err)
		time.AfterFunc(20*time.Second, func() { _ = conn.Close() }) // lest the test hangs
		_, err = conn.Write([]byte("GET /v1/tokens/unregistered HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"))
		require.NoError(inner, err)
		time.Sleep(100 * time.Millisecond) // until it is read
	})
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestATokenThatIsErasedIsForgotten(t *testing.T) {
	e := startExtension(t, nil)
	found := e.use(unregistered, "203.0.113.7", time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	code, _, _ := e.ask("/v1/tokens/" + found.ID)
	require.Equal(t, http.StatusOK, code)
	require.NoError(t, e.registry.Forget(t.Context(), tokenstore.Forgetting{Tokens: []string{"tok_other", found.ID}}))
	code, _, _ = e.ask("/v1/tokens/" + found.ID)
	assert.Equal(t, http.StatusNotFound, code)
	nothingSeen := startExtension(t, func(c *Config) { c.Seen.MaxTokens = 0 })
	require.NoError(t, nothingSeen.registry.Forget(t.Context(), tokenstore.Forgetting{Tokens: []string{found.ID}}))
}
