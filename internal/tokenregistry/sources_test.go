package tokenregistry

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/credential"
)

// configOf reads a configuration as the Collector does.
func configOf(t *testing.T, text string) Config {
	t.Helper()
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
	cfg := DefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(raw).Unmarshal(&cfg))
	return cfg
}

func TestSourcesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		`[{}]`: `registry: sources[0]: has 0 kinds: give each source exactly one of file, postgresql, http`,
		`[{file: {path: a}}, {file: {path: a}, http: {endpoint: "http://h/x"}}]`: `registry: sources[1]: has 2 kinds`,
		`[{file: {}}]`:                                                            `registry: sources[0]::file::path: is missing: write one such as owners.yaml`,
		`[{file: {path: a, format: xml}}]`:                                        `registry: sources[0]::file::format: "xml" is none of auto, yaml, json, csv`,
		`[{file: {path: a, reload_interval: -1s}}]`:                               `registry: sources[0]::file::reload_interval: -1s must be above zero`,
		`[{file: {path: a}}, {postgresql: {query: q}}]`:                           `registry: sources[1]::postgresql::dsn: is missing: write postgres://`,
		`[{postgresql: {dsn: "postgres://h/d"}}]`:                                 `registry: sources[0]::postgresql::query: is missing: write one such as SELECT id`,
		`[{postgresql: {dsn: "postgres://u:not-for-logs@h:port/d", query: q}}]`:   `registry: sources[0]::postgresql::dsn: cannot be read: write postgres://`,
		`[{postgresql: {dsn: "postgres://h/d", query: q, refresh_interval: 0s}}]`: `registry: sources[0]::postgresql::refresh_interval: 0s must be above zero`,
		`[{postgresql: {dsn: "postgres://h/d", query: q, overlap: -1s}}]`:         `registry: sources[0]::postgresql::overlap: -1s must not be below zero`,
		`[{http: {endpoint: "keys.example.com"}}]`:                                `registry: sources[0]::http::endpoint: is no URL: write https://`,
		`[{http: {endpoint: "https://keys.example.com", format: x}}]`:             `registry: sources[0]::http::format: "x" is none of`,
		`[{http: {endpoint: "https://keys.example.com", max_bytes: 0}}]`:          `registry: sources[0]::http::max_bytes: 0 must be at least 1`,
		`[{http: {endpoint: "https://keys.example.com", refresh_interval: 0s}}]`:  `registry: sources[0]::http::refresh_interval: 0s must be above zero`,
	} {
		cfg := configOf(t, "registry: {sources: "+text+"}")
		err := confmap.Validate(&cfg)
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "not-for-logs")
	}
	cfg := configOf(t, "lineage: {max_tokens: 0}")
	assert.ErrorContains(t, confmap.Validate(&cfg), "lineage: max_tokens: 0 must be at least 1")
}

func TestDefaultsOfSources(t *testing.T) {
	cfg := configOf(t, `registry: {sources: [{postgresql: {dsn: "postgres://h/d", query: q, overlap: 0s}}, {http: {endpoint: "https://h/x", headers: {x-a: b}}}]}`)
	require.NoError(t, confmap.Validate(&cfg))
	p, h := cfg.Registry.Sources[0].PostgreSQL, cfg.Registry.Sources[1].HTTP
	assert.Equal(t, 30*time.Second, p.RefreshInterval)
	assert.Zero(t, p.Overlap)
	assert.Equal(t, time.Minute, h.RefreshInterval)
	assert.Equal(t, int64(64<<20), h.MaxBytes)
	assert.Equal(t, 30*time.Second, h.Timeout)
}

// A list over HTTP comes after a file, is asked for with the configured headers, and its loss costs nothing that was read.
func TestSourcesInOrder(t *testing.T) {
	var away atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() || r.Header.Get("X-Reader") != "holter" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		_, _ = w.Write([]byte("id,user,owner_id\nlisted,ada,beta\nboth,grace,beta\n"))
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "owners.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"tokens": [{"id": "both", "user": "grace", "owner": {"id": "acme"}}]}`), 0o600))
	r := startedRegistry(t, `registry: {sources: [{file: {path: `+path+`}}, {http: {endpoint: "`+server.URL+`", headers: {x-reader: holter}}}]}`)
	owner := func(user string) string {
		found := r.Resolve(Query{Credential: credential.Credential{Raw: user + ":x", Kind: credential.Basic, User: user}})
		if found.Token == nil {
			return ""
		}
		return found.Token.Owner.ID
	}
	assert.Equal(t, []string{"beta", "acme", ""}, []string{owner("ada"), owner("grace"), owner("nobody")})
	away.Store(true)
	require.ErrorContains(t, r.Check(t.Context()), "http: "+server.URL+": answered 403")
	assert.Equal(t, "beta", owner("ada"))
	away.Store(false)
	require.NoError(t, r.Check(t.Context()))
}

func TestAServerThatIsAwayAtTheStart(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	cfg := configOf(t, `registry: {sources: [{http: {endpoint: "`+server.URL+`"}}]}`)
	r := newRegistry(t, cfg)
	require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "registry::sources[0]::http: "+server.URL+": answered 404")
	require.NoError(t, r.Shutdown(t.Context()))
	startedRegistry(t, `registry: {sources: [{http: {endpoint: "`+server.URL+`", optional: true}}, {postgresql: {dsn: "postgres://127.0.0.1:1/x", query: q, optional: true}}]}`)
}

// The registry is well again when all of its sources are.
func TestOneSourceOfTwoIsNotAll(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	write := func(name, text string, ago time.Duration) {
		require.NoError(t, os.WriteFile(path(name), []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path(name), time.Now().Add(-ago), time.Now().Add(-ago)))
	}
	write("a.csv", "id,user\na,u\n", 3*time.Hour)
	write("b.csv", "id,user\nb,v\n", 3*time.Hour)
	cfg := configOf(t, "registry: {sources: [{file: {path: "+path("a.csv")+", reload_interval: 1h}}, {file: {path: "+path("b.csv")+", reload_interval: 1h}}]}")
	var said pulse
	r, err := New(Settings{ID: component.MustNewID("token_registry"), Kind: component.KindExtension, Telemetry: componenttest.NewNopTelemetrySettings(), Health: &said}, cfg)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
	write("a.csv", "user", 2*time.Hour)
	write("b.csv", "user", 2*time.Hour)
	require.Error(t, r.Check(t.Context()))
	assert.Equal(t, pulse("TT"), said)
	write("a.csv", "id,user\na,u\n", time.Hour)
	require.Error(t, r.Check(t.Context()))
	assert.Equal(t, pulse("TTT"), said, "the other is still off")
	write("b.csv", "id,user\nb,v\n", time.Hour)
	require.NoError(t, r.Check(t.Context()))
	assert.Equal(t, pulse("TTTW"), said)
}

// pulse is what health was told.
type pulse string

func (p *pulse) Trouble(error) { *p += "T" }
func (p *pulse) Well()         { *p += "W" }

type nobody struct{}

func (nobody) Trouble(error) {}
func (nobody) Well()         {}

func newRegistry(t *testing.T, cfg Config) *Registry {
	t.Helper()
	r, err := New(Settings{ID: component.MustNewID("token_registry"), Kind: component.KindExtension, Telemetry: componenttest.NewNopTelemetrySettings(), Health: nobody{}}, cfg)
	require.NoError(t, err)
	return r
}

func startedRegistry(t *testing.T, text string) *Registry {
	t.Helper()
	cfg := configOf(t, text)
	require.NoError(t, confmap.Validate(&cfg))
	r := newRegistry(t, cfg)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(t.Context())) })
	return r
}
