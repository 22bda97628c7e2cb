package tokenidentityprocessor

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/otelattr"
)

func TestWhatARequestViolates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key, old := secretKey(20), secretKey(21)
	edit(t, path, fmt.Sprintf(`
tokens:
  - {id: limited, sha256: %x, networks: [198.51.100.0/24], routes: ["GET /v1/orders/{id}", "POST /shop.Orders/*"]}
  - {id: scoped, claims: {sub: svc}, scopes: [orders:read]}
  - {id: old, sha256: %x}
  - {id: new, user: new, replaces: old, rotated_at: 2026-11-01T00:00:00Z, grace: 24h}
`, sha256.Sum256([]byte(key)), sha256.Sum256([]byte(old))), time.Hour)
	r := startedRig(t, registryConfig(path, false), newHost())
	jwt := func(scope string) string { return "Bearer " + unsignedJWT(`{"sub":"svc","scope":"`+scope+`"}`) }
	for name, test := range map[string]struct {
		header, value string
		more          map[string]any
		want          any
	}{
		"as allowed":           {"x-api-key", key, map[string]any{"client.address": "198.51.100.7", "http.request.method": "GET", "url.path": "/v1/orders/17"}, nil},
		"nothing is known":     {"x-api-key", key, nil, nil},
		"from elsewhere":       {"x-api-key", key, map[string]any{"client.address": "203.0.113.9"}, []any{"network"}},
		"another method":       {"x-api-key", key, map[string]any{"http.method": "DELETE", "http.target": "/v1/orders/17?a=b"}, []any{"route"}},
		"another path":         {"x-api-key", key, map[string]any{"http.request.method": "GET", "url.full": "https://api.example/v1/admin"}, []any{"route"}},
		"the route alone":      {"x-api-key", key, map[string]any{"http.request.method": "GET", "http.route": "/v1/orders/:id"}, nil},
		"a method of gRPC":     {"x-api-key", key, map[string]any{"rpc.service": "shop.Orders", "rpc.method": "List"}, nil},
		"another one":          {"x-api-key", key, map[string]any{"rpc.service": "shop.Admin", "rpc.method": "List"}, []any{"route"}},
		"both":                 {"x-api-key", key, map[string]any{"client.address": "203.0.113.9", "url.path": "/"}, []any{"network", "route"}},
		"a granted scope":      {"authorization", jwt("orders:read"), nil, nil},
		"another scope":        {"authorization", jwt("orders:read admin"), nil, []any{"scope"}},
		"after the grace":      {"x-api-key", old, nil, []any{"rotated"}},
		"Basic, the successor": {"authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("new:pass-4711-word")), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			attributes := withHeader(test.header, test.value)
			maps.Copy(attributes, test.more)
			got := ofSpan(t, r.engine, attributes)
			assert.Equal(t, test.want, got[otelattr.TokenViolations])
			assert.NotContains(t, got, otelattr.TokenStatus, "the token itself is in force")
		})
	}
	got, _ := ofLog(t, r.engine, map[string]any{"http_x_api_key": key, "request_method": "GET", "request_uri": "/v1/admin", "remote_addr": "203.0.113.9"}, "")
	assert.Equal(t, []any{"network", "route"}, got[otelattr.TokenViolations], "an access log as well")
}

func TestLimitsDoNotNeedGeo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key := secretKey(22)
	edit(t, path, registered(key, ", networks: [198.51.100.0/24]"), time.Hour)
	cfg := registryConfig(path, false)
	cfg.Geo.Enabled = false
	attributes := withHeader("x-api-key", key)
	attributes["client.address"] = "203.0.113.9"
	assert.Equal(t, []any{"network"}, ofSpan(t, startedRig(t, cfg, newHost()).engine, attributes)[otelattr.TokenViolations])
}
