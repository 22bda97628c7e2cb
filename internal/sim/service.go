package sim

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// Service is one of the APIs that the fleet calls. Its instances are instrumented and send the spans.
type Service struct {
	Name     string
	Language string // telemetry.sdk.language
	RPC      bool   // gRPC: routes are full method names
	Raw      bool   // its instrumentation knows no http.route
	Host     string
	Upstream *Upstream // what it calls itself, if anything
	Routes   []Route

	flows    []flow
	releases []release
	outages  []outage
	arrivals []arrival
}

// Upstream is somebody else's API that a service calls with a key of its own.
type Upstream struct {
	Host, Path string
	Token      *Token
}

// Route is an endpoint.
type Route struct {
	Method    string
	Template  string
	Latency   time.Duration // median
	Request   int           // median body size in bytes
	Response  int
	Sensitive bool // few have reason to call it, and thieves want it
	Planned   bool // comes with a release in the fleet's time, or not at all
}

// flow is a habit: routes of one service, called one after another.
type flow []int

// release is a version of a service, and the hours in which it replaces the one before.
type release struct {
	version string
	from    time.Time
	over    time.Duration
}

// outage is when a service answers badly.
type outage struct {
	span
	share  float64
	status int
}

// arrival is a new route that comes with a release.
type arrival struct {
	route int
	at    time.Time
}

// version is what answers a request at t; while a release rolls out, chance decides which instance is met.
func (s *Service) version(t time.Time, d *dice) string {
	i := sort.Search(len(s.releases), func(i int) bool { return s.releases[i].from.After(t) }) - 1
	if r := s.releases[max(0, i)]; i > 0 && !d.chance(float64(t.Sub(r.from))/float64(r.over)) {
		i--
	}
	return s.releases[max(0, i)].version
}

// trouble is the status that an outage answers with at t, 0 for none.
func (s *Service) trouble(t time.Time, d *dice) int {
	i := sort.Search(len(s.outages), func(i int) bool { return s.outages[i].from.After(t) }) - 1
	if i >= 0 && s.outages[i].covers(t) && d.chance(s.outages[i].share) {
		return s.outages[i].status
	}
	return 0
}

// offered are the indexes of the routes that exist from the start; with sensitive ones or without.
func (s *Service) offered(sensitive bool) []int {
	var out []int
	for i, r := range s.Routes {
		if !r.Planned && r.Sensitive == sensitive {
			out = append(out, i)
		}
	}
	return out
}

// live gives a service its history in the window: releases on working days, rare outages, new routes.
func (s *Service) live(d *dice, start time.Time, days int) {
	minor := 4 + d.IntN(30)
	s.releases = []release{{version: fmt.Sprintf("2.%d.%d", minor, d.IntN(4)), from: start.AddDate(-1, 0, 0), over: time.Hour}}
	end := start.AddDate(0, 0, days)
	for at := start; ; {
		at = at.Add(time.Duration(d.between(3, 11)*24) * time.Hour)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			at = at.AddDate(0, 0, 2)
		}
		at = at.Truncate(24 * time.Hour).Add(d.duration(8*time.Hour, 15*time.Hour))
		if at.After(end) {
			break
		}
		minor++
		s.releases = append(s.releases, release{fmt.Sprintf("2.%d.0", minor), at, d.duration(time.Hour, 5*time.Hour)})
	}
	s.arrive(d, days)
	for range d.poisson(float64(days) / 20) {
		at := start.Add(time.Duration(d.Float64() * float64(days) * float64(24*time.Hour)))
		s.outages = append(s.outages, outage{
			span{at, at.Add(time.Duration(d.lognormal(9, .6) * float64(time.Minute)))}, d.between(.3, .9), pick(d, []int{500, 502, 503, 503, 504}),
		})
	}
	slices.SortFunc(s.outages, func(a, b outage) int { return a.from.Compare(b.from) })
}

// arrive has about one new route a month come out, with a release.
func (s *Service) arrive(d *dice, days int) {
	if len(s.releases) < 2 {
		return
	}
	for i, r := range s.Routes {
		if r.Planned && d.chance(float64(days)/75) {
			s.arrivals = append(s.arrivals, arrival{i, pick(d, s.releases[1:]).from})
		}
	}
}
