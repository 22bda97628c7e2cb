package registry

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUse(t *testing.T) {
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	inside, outside := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.0.2.1")
	limited := Token{Status: Active, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}, Routes: routes(t, "GET /v1/orders/*"), Scopes: []string{"orders:read"}}
	for name, test := range map[string]struct {
		token      Token
		use        Use
		status     Status
		violations []string
	}{
		"as allowed":            {limited, Use{Addr: inside, Method: "GET", Path: "/v1/orders/1", Scopes: []string{"orders:read"}}, Active, nil},
		"IPv4 in IPv6":          {limited, Use{Addr: netip.MustParseAddr("::ffff:10.1.2.3")}, Active, nil},
		"an address in a zone":  {limited, Use{Addr: netip.MustParseAddr("2001:db8::1%eth0")}, Active, nil},
		"nothing is known":      {limited, Use{}, Active, nil},
		"from elsewhere":        {limited, Use{Addr: outside}, Active, []string{"network"}},
		"on another route":      {limited, Use{Method: "DELETE", Path: "/v1/orders/1"}, Active, []string{"route"}},
		"out of what is open":   {limited, Use{Method: "GET", Path: "/v1/orders/../admin"}, Active, []string{"route"}},
		"with another scope":    {limited, Use{Scopes: []string{"orders:read", "admin"}}, Active, []string{"scope"}},
		"all at once":           {limited, Use{Addr: outside, Path: "/x", Scopes: []string{"x"}}, Active, []string{"network", "route", "scope"}},
		"unlimited":             {Token{Status: Active}, Use{Addr: outside, Path: "/x", Scopes: []string{"x"}}, Active, nil},
		"within the grace":      {Token{Status: Active, UsableUntil: end}, Use{When: end}, Active, nil},
		"after the grace":       {Token{Status: Active, UsableUntil: end}, Use{When: end.Add(1)}, Active, []string{"rotated"}},
		"expired, and rotated":  {Token{Status: Active, UsableUntil: end, ExpiresAt: end}, Use{When: end.Add(1)}, Expired, []string{"expired"}},
		"leaked, and elsewhere": {Token{Status: Leaked, Networks: limited.Networks}, Use{Addr: outside}, Leaked, []string{"leaked", "network"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, violations := test.token.Check(test.use)
			assert.Equal(t, test.status, status)
			assert.Equal(t, test.violations, violations)
			assert.Equal(t, name == "unlimited", test.token.Unlimited())
		})
	}
	assert.Equal(t, []string{"leaked"}, onlyStatus[Leaked], "what is shared stays as it is")
}

func routes(t *testing.T, texts ...string) (all []Route) {
	t.Helper()
	for _, text := range texts {
		r, err := ParseRoute(text)
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func TestRoutes(t *testing.T) {
	for pattern, test := range map[string]struct{ in, out string }{
		"GET /v1/orders":          {"GET /v1/orders,get /v1/orders?x=1, /v1/orders,GET /v1//orders", "POST /v1/orders,GET /v1/orders/1,GET /v1,GET /v1/orders2"},
		"/v1/orders/{id}":         {"PUT /v1/orders/1,GET /v1/orders/{order_id},GET /v1/orders/%31", "GET /v1/orders,GET /v1/orders/,GET /v1/orders/1/items"},
		"* /v1/*":                 {"GET /v1/a,GET /v1/a/b,GET /v1/", "GET /v2/a,GET /v1,GET /v1/%2e%2e/admin,GET /v1/../admin"},
		"GET /v1/{a}/items/{b}/*": {"GET /v1/x/items/y/z", "GET /v1/x/items/y,GET /v1/x/things/y/z"},
		"/":                       {"GET /", "GET /a"},
		"/*":                      {"GET /,GET /a,GET https://api.example/a", ""},
	} {
		r := routes(t, pattern)[0]
		for _, request := range strings.Split(test.in, ",") {
			method, path, _ := strings.Cut(request, " ")
			assert.True(t, r.allows(method, cleanPath(path)), "%s allows %s", pattern, request)
		}
		for _, request := range strings.Split(test.out, ",") {
			if method, path, ok := strings.Cut(request, " "); ok {
				assert.False(t, r.allows(method, cleanPath(path)), "%s forbids %s", pattern, request)
			}
		}
	}
	for _, bad := range []string{"", "GET", "get /x", "GET x", "GET /a/*/b", "GET /a*", "/a?b=c", "GET /{a", "GET  "} {
		_, err := ParseRoute(bad)
		assert.Error(t, err, bad)
	}
}
