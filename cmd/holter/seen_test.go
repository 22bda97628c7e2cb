package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

func TestSeenTokensAreListedAndCanBePasted(t *testing.T) {
	seen := registry.NewSeen(10)
	now := time.Now()
	for id, raw := range map[string]string{"tok_a": "corp_live_J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8", "tok_b": "shortsecret"} {
		seen.Introduce(registry.NewSeenToken(id, credential.Parse(credential.Plain, raw)))
		seen.Saw(id, registry.Sighting{When: now.Add(-time.Hour), Requests: 7, Service: "orders", Addr: netip.MustParseAddr("203.0.113.7"), Country: "DE"})
	}
	seen.SawOwner(registry.Sighting{Owner: "acme", When: now, Addr: netip.MustParseAddr("203.0.113.8")})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer let me in" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		assert.Equal(t, "/v1/tokens/unregistered?limit=100", r.URL.String())
		_ = json.NewEncoder(w).Encode(map[string]any{"tokens": seen.Unregistered(10)})
	}))
	defer server.Close()
	_, err := holter(t, "registry", "seen", "--endpoint", server.URL)
	require.ErrorContains(t, err, "401 Unauthorized")
	t.Setenv("API", "let me in")
	out, err := holter(t, "registry", "seen", "--endpoint", server.URL, "--bearer-env", "API")
	require.NoError(t, err)
	assert.Regexp(t, `corp_live_…6Fg8 +tok_a +7 +60 min ago +60 min ago +orders +DE +203\.0\.113\.0/24 +perhaps acme \(70 %, a guess\): shares network`, out)

	out, err = holter(t, "registry", "seen", "--endpoint", server.URL, "--bearer-env", "API", "--yaml")
	require.NoError(t, err)
	assert.Contains(t, out, "tok_b is too short to be known by its ends")
	path := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, os.WriteFile(path, []byte("tokens:\n"+out), 0o600))
	out, err = holter(t, "registry", "check", path)
	require.NoError(t, err)
	assert.Contains(t, out, "1 tokens")

	for _, c := range []struct{ endpoint, want string }{
		{"localhost", "is no URL"}, {"http://127.0.0.1:1", "give token_registry an http: section"},
	} {
		_, err := holter(t, "registry", "seen", "--endpoint", c.endpoint)
		require.ErrorContains(t, err, c.want)
	}
}
