package insight

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Routes may differ in nothing but marks, and hold any: names differ, and expressions are read.
func TestLimitsOfRoutesThatLookAlike(t *testing.T) {
	routes := []string{"GET /v1/dup", "GET /v1/dup/", "GET /v1-dup", "GET /v1/:id", "GET /v1/{id}", "GET /v1/x[1", "GET /v1/a|b", `GET /v1/"q";#$x\`, "GET /v1/a.b^c*"}
	limits := make([]Limit, len(routes))
	for i, route := range routes {
		limits[i] = Limit{Key: route, Label: route, Route: route, Recommended: 10}
	}
	zones := regexp.MustCompile(`zone=(\w+):1m`).FindAllStringSubmatch(nginx(limits, time.Minute), -1)
	seen := map[string]bool{}
	for _, zone := range zones {
		assert.False(t, seen[zone[1]], zone[1])
		seen[zone[1]] = true
	}
	assert.Len(t, seen, len(routes))
	names := regexp.MustCompile(`route: (".*")`).FindAllStringSubmatch(kong(limits, time.Minute), -1)
	clear(seen)
	for _, name := range names {
		assert.False(t, seen[name[1]], name[1])
		seen[name[1]] = true
	}
	for _, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		re, err := regexp.Compile("^" + pattern(path) + "$")
		require.NoError(t, err, route)
		if !strings.ContainsAny(path, "{:*") {
			assert.True(t, re.MatchString(path), route)
		}
		assert.NotContains(t, pattern(path), `"`)
	}
	assert.False(t, regexp.MustCompile("^"+pattern("/v1/a|b")+"$").MatchString("/v1/a"))
}
