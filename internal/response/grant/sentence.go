package grant

import (
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// sentence says it to a person.
func sentence(g *response.Grant, enough bool) string {
	if !enough {
		return fmt.Sprintf("Used on %d of the %d days before: too little to tell what it needs.", g.Active, g.Days)
	}
	var keeps []string
	for _, part := range []struct {
		n        int
		one, all string
	}{
		{len(g.Routes), "route", "routes"}, {len(g.Networks), "network", "networks"}, {len(g.Countries), "country", "countries"},
	} {
		switch part.n {
		case 0:
		case 1:
			keeps = append(keeps, "1 "+part.one)
		default:
			keeps = append(keeps, fmt.Sprintf("%d %s", part.n, part.all))
		}
	}
	var b strings.Builder
	if len(keeps) > 0 {
		fmt.Fprintf(&b, "It needs %s, as %d days of use tell.", strings.Join(keeps, ", "), g.Active)
	}
	if len(g.Idle) > 0 {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "No request exercised %s.", strings.Join(g.Idle, ", "))
	}
	if b.Len() == 0 {
		return "All that it may do it does, as far as can be told: there is nothing to take away."
	}
	fmt.Fprintf(&b, " Of its %d requests of the last %d days no more would have been refused than %d.", g.Requests, g.Counted, g.Refused)
	if g.Unforeseen > 0 {
		fmt.Fprintf(&b, " A grant learned anew each day would have refused %d: so much of what it does is new to it.", g.Unforeseen)
	}
	return b.String()
}
