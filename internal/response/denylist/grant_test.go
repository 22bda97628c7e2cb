package denylist

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGrant(t *testing.T) {
	grant := &Grant{
		Routes:    []string{"GET /v1/orders", "GET /v1/orders/:id", "* /v1/reports/*", "POST /v1/files/<int:id>/parts/{n}"},
		Networks:  []string{"AS3320", "192.0.2.0/24", "2001:db8::1"},
		Countries: []string{"DE"},
	}
	require.NoError(t, grant.compile())
	addr := netip.MustParseAddr
	home := Where{Addr: addr("192.0.2.7"), Country: "DE"}
	for _, c := range []struct {
		method, path string
		from         Where
		outside      string
	}{
		{"GET", "/v1/orders", home, ""},
		{"GET", "/v1/orders/17", home, ""},
		{"GET", "/v1/orders/17/items", home, "route"},
		{"DELETE", "/v1/orders/17", home, "route"},
		{"", "/v1/orders/17", home, ""},
		{"PUT", "/v1/reports/2026/03", home, ""},
		{"POST", "/v1/files/3/parts/4", home, ""},
		{"GET", "/v1/orders/../exports", home, "route"},
		{"GET", "/v1/orders/..%2fexports", home, "route"},
		{"GET", "/v1//orders", home, ""},
		{"GET", "", home, ""},
		{"GET", "/v1/orders", Where{Addr: addr("198.51.100.1"), Country: "DE", System: 3320}, ""},
		{"GET", "/v1/orders", Where{Addr: addr("198.51.100.1"), Country: "DE", System: 64500}, "network"},
		{"GET", "/v1/orders", Where{Addr: addr("198.51.100.1"), Country: "DE"}, ""},
		{"GET", "/v1/orders", Where{Addr: addr("::ffff:192.0.2.9"), Country: "DE"}, ""},
		{"GET", "/v1/orders", Where{Addr: addr("2001:db8::1"), Country: "DE"}, ""},
		{"GET", "/v1/orders", Where{Addr: addr("192.0.2.7"), Country: "NL"}, "country"},
		{"GET", "/v1/orders", Where{}, ""},
	} {
		assert.Equal(t, c.outside, grant.forbids(c.method, c.path, c.from), "%s %s from %v", c.method, c.path, c.from)
	}
	onlyPrefixes := &Grant{Networks: []string{"192.0.2.0/24"}}
	require.NoError(t, onlyPrefixes.compile())
	assert.Equal(t, "network", onlyPrefixes.forbids("GET", "/", Where{Addr: addr("198.51.100.1")}))
	assert.Empty(t, onlyPrefixes.forbids("GET", "/", Where{}))

	for text, bad := range map[string]*Grant{
		`route "v1/orders": its path must begin with a slash`: {Routes: []string{"v1/orders"}},
		`network "ASx"`:  {Networks: []string{"ASx"}},
		`network "home"`: {Networks: []string{"home"}},
	} {
		require.ErrorContains(t, bad.compile(), text)
	}
}

// Routes as frameworks name them are never broader than one segment for each parameter.
func FuzzPlainRoute(f *testing.F) {
	for _, text := range []string{"GET /a/:id", "/a/<b>/*", "POST /[x]/{y}", "* /*", "GET /a/{b}.json"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g := Grant{Routes: []string{text}}
		if g.compile() == nil {
			_ = g.forbids("GET", "/a/b", Where{})
		}
	})
}
