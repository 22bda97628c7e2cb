package denylist

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/registry"
)

// Grant is what a restricted token may still do. An empty list restricts nothing, and what is not known of a request is not held
// against it. Scopes are for the service behind the gateway to check: a gateway cannot know which one a request needs.
type Grant struct {
	Scopes    []string `json:"scopes,omitempty"`
	Routes    []string `json:"routes,omitempty"`    // such as GET /v1/orders/{id}
	Networks  []string `json:"networks,omitempty"`  // such as AS3320 or 192.0.2.0/24
	Countries []string `json:"countries,omitempty"` // such as DE

	routes   []registry.Route
	prefixes []netip.Prefix
	systems  []uint32
}

// compile reads the texts. What cannot be checked at a gateway is an error: a restriction that restricts nothing would only look
// like one.
func (g *Grant) compile() error {
	g.routes, g.prefixes, g.systems = nil, nil, nil
	for _, text := range g.Routes {
		route, err := registry.ParseRoute(plainRoute(text))
		if err != nil {
			return fmt.Errorf("route %q: %w", text, err)
		}
		g.routes = append(g.routes, route)
	}
	for _, text := range g.Networks {
		if number, ok := strings.CutPrefix(text, "AS"); ok {
			n, err := strconv.ParseUint(number, 10, 32)
			if err != nil {
				return fmt.Errorf("network %q: the number of an autonomous system is missing, as in AS3320", text)
			}
			g.systems = append(g.systems, uint32(n))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return fmt.Errorf("network %q: neither a network such as 192.0.2.0/24 nor one such as AS3320", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		g.prefixes = append(g.prefixes, prefix.Masked())
	}
	return nil
}

// plainRoute writes the parameters of a route as registries do, whatever framework named it: {id}, :id, <id>, * and [id] are one.
func plainRoute(text string) string {
	method, path, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		method, path = "", method
	}
	words := strings.Split(path, "/")
	for i, word := range words {
		last := i == len(words)-1
		switch {
		case word == "*" && last, !strings.ContainsAny(word, ":*<>{}[]"):
		case strings.HasPrefix(word, ":"), strings.ContainsAny(word, "*<>{}[]"):
			words[i] = "{}"
		}
	}
	return strings.TrimSpace(method + " " + strings.Join(words, "/"))
}

// Where is what is known of the place that a request came from.
type Where struct {
	Addr    netip.Addr
	Country string // empty: unknown
	System  uint32 // the number of the autonomous system; 0: unknown
}

// forbids says what of a request lies outside the grant; empty: nothing.
func (g *Grant) forbids(method, path string, from Where) string {
	if g == nil {
		return ""
	}
	if len(g.routes) > 0 && path != "" && !slices.ContainsFunc(g.routes, func(r registry.Route) bool { return r.Matches(method, path) }) {
		return "route"
	}
	if len(g.Networks) > 0 && !g.allowsNetwork(from) {
		return "network"
	}
	if len(g.Countries) > 0 && from.Country != "" && !slices.Contains(g.Countries, from.Country) {
		return "country"
	}
	return ""
}

func (g *Grant) allowsNetwork(from Where) bool {
	switch {
	case from.Addr.IsValid() && geo.Proxies(g.prefixes).Contains(from.Addr), slices.Contains(g.systems, from.System):
		return true
	case len(g.systems) > 0 && from.System == 0:
		return true // it may be one of them
	}
	return !from.Addr.IsValid() && from.System == 0
}

func (g *Grant) equal(o *Grant) bool {
	if g == nil || o == nil {
		return g == o
	}
	return slices.Equal(g.Scopes, o.Scopes) && slices.Equal(g.Routes, o.Routes) && slices.Equal(g.Networks, o.Networks) &&
		slices.Equal(g.Countries, o.Countries)
}
