package grant

import (
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/insight"
	"github.com/holterhq/holter/internal/response"
)

// Below this a token's past is too short to hold it to.
const (
	leastDays     = 5
	leastRequests = 20
)

// mostListed is how many routes, networks or countries a grant lists: a token that needs more than that is not narrowed by them.
const mostListed = 100

const (
	minutesAnHour = 60
	minutesADay   = 24 * 60
)

// past is what a token did, by UTC day, and by the hour on the days on which a grant is tried.
type past struct {
	learned, counted int
	until            int64 // the day on which the trouble began
	today            int64
	days, hours      map[int64]*use
}

// use is what was done in a day, or in an hour.
type use struct {
	requests int64
	routes   map[string]int64 // "": beyond what is told apart
	places   map[place]int64
}

// place is where requests come from; an empty field is not known.
type place struct{ country, network string }

// day is that of a minute.
func (p *past) day(minute int64) *use { return into(&p.days, minute/minutesADay) }

// hour is that of a minute.
func (p *past) hour(minute int64) *use { return into(&p.hours, minute/minutesAnHour) }

func into(all *map[int64]*use, at int64) *use {
	if *all == nil {
		*all = make(map[int64]*use)
	}
	u := (*all)[at]
	if u == nil {
		u = &use{routes: make(map[string]int64), places: make(map[place]int64)}
		(*all)[at] = u
	}
	return u
}

// needs is what was used in some time.
type needs struct {
	active                      int
	requests                    int64
	routes, networks, countries map[string]bool // nil: not all of them are known, so that nothing is narrowed by them
}

// needed is what was used on the days from one to before another.
func (p *past) needed(from, to int64) needs {
	n := needs{routes: make(map[string]bool), networks: make(map[string]bool), countries: make(map[string]bool)}
	for d := from; d < to; d++ {
		u := p.days[d]
		if u == nil {
			continue
		}
		if u.requests > 0 {
			n.active++
			n.requests += u.requests
		}
		for route := range u.routes {
			n.routes = with(n.routes, route)
		}
		for at := range u.places {
			n.networks = with(n.networks, at.network)
			n.countries = with(n.countries, at.country)
		}
	}
	return n
}

// with adds to what is known; what is not known, or too much to list, makes it nil for good.
func with(all map[string]bool, one string) map[string]bool {
	if all == nil || one == "" {
		return nil
	}
	if all[one] = true; len(all) > mostListed {
		return nil
	}
	return all
}

// enough says whether there is anything to hold a token to.
func (n *needs) enough() bool { return n.active >= leastDays && n.requests >= leastRequests }

// refuses is how many requests are beyond the needs, at most: routes and places are counted apart, so that one that is beyond both counts
// twice, up to all that there were.
func (n *needs) refuses(u *use, forbidden func(route string) bool) int64 {
	var beyond int64
	for route, count := range u.routes {
		if len(n.routes) > 0 && !n.routes[route] || forbidden(route) {
			beyond += count
		}
	}
	for at, count := range u.places {
		if len(n.networks) > 0 && !n.networks[at.network] || len(n.countries) > 0 && !n.countries[at.country] {
			beyond += count
		}
	}
	return min(beyond, u.requests)
}

// refused is how many requests of a day are beyond the needs, at most. Its hours tell it more closely, where all of them are there still.
func (p *past) refused(d int64, n *needs, forbidden func(route string) bool) int64 {
	var requests, beyond int64
	for hour := d * minutesADay / minutesAnHour; hour < (d+1)*minutesADay/minutesAnHour; hour++ {
		if u := p.hours[hour]; u != nil {
			requests += u.requests
			beyond += n.refuses(u, forbidden)
		}
	}
	if requests < p.days[d].requests {
		return n.refuses(p.days[d], forbidden)
	}
	return beyond
}

// grant works out what the token needs and what that would have refused.
func (p *past) grant(scopes, everybody []string) response.Grant {
	g := response.Grant{Days: p.learned, Counted: p.counted}
	n := p.needed(p.until-int64(p.learned), p.until)
	g.Active = n.active
	forbidden := func(string) bool { return false }
	if n.enough() {
		g.Routes, g.Networks, g.Countries = sorted(n.routes), sorted(n.networks), sorted(n.countries)
		if g.Idle = insight.IdleScopes(scopes, p.called(), everybody); n.routes == nil {
			g.Idle = nil // a route that is not known may have exercised them
		}
		if len(g.Idle) > 0 {
			g.Scopes = slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(g.Idle, s) })
			forbidden = func(route string) bool { return exercised(g.Idle, route) && !exercised(g.Scopes, route) }
		}
	}
	for d := p.today - int64(p.counted) + 1; d <= p.today; d++ {
		u := p.days[d]
		if u == nil {
			continue
		}
		g.Requests += u.requests
		if !n.enough() {
			continue
		}
		g.Refused += p.refused(d, &n, forbidden)
		before := p.needed(d-int64(p.learned), d)
		if before.enough() {
			g.Unforeseen += p.refused(d, &before, func(string) bool { return false })
		}
	}
	g.Sentence = sentence(&g, n.enough())
	return g
}

// called are the routes on which the grant is learned.
func (p *past) called() []string {
	all := make(map[string]bool)
	for d := p.until - int64(p.learned); d < p.until; d++ {
		if u := p.days[d]; u != nil {
			for route := range u.routes {
				all[route] = true
			}
		}
	}
	return sorted(all)
}

func sorted(all map[string]bool) []string { return slices.Sorted(maps.Keys(all)) }
