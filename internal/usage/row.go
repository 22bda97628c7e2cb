package usage

import (
	"strings"

	"github.com/holterhq/holter/internal/behavior"
)

// Token is whose usage a row is. A token whose owner becomes known, or changes, gets a new row.
type Token struct {
	ID, OwnerID, OwnerTeam string
	Overflow               bool // not a token: all of those that have no row
}

func (t Token) clone() Token {
	t.ID, t.OwnerID, t.OwnerTeam = strings.Clone(t.ID), strings.Clone(t.OwnerID), strings.Clone(t.OwnerTeam)
	return t
}

// Route is what was called.
type Route struct{ Method, Route string }

// Origin is where a request came from.
type Origin struct{ Country, AS string }

// Release is what was called, in which version.
type Release struct{ Service, Version string }

// outcomes is how many there are of behavior.Outcome.
const outcomes = int(behavior.ServerError) + 1

// Usage is what was counted.
type Usage struct {
	Outcomes [outcomes]uint64
	Duration Histogram
	Slowest  Exemplar // of the requests since the last Batch
	Received uint64   // bytes, as seen from the server
	Sent     uint64
	Routes   Series[Route]
	Origins  Series[Origin]
	Releases Series[Release]
	Clients  Series[string] // families of user agents
	Units    *Units         // nil: none are known
}

// Exemplar is one request to look at.
type Exemplar struct {
	Trace   [16]byte
	Span    [8]byte
	Time    int64
	Seconds float64
}

// row is the usage of one token, and what decides whether it keeps its place.
type row struct {
	token  Token
	usage  Usage
	start  int64      // of a cumulative series
	last   int64      // end of the last Batch in which it was active
	weight float64    // requests, the older the less
	active bool       // since the last Batch
	next   *row       // of the same token under another owner
	sights *sightings // nil: they are not asked for
	hash   uint32     // of the token's id
	room   room
}

// room is memory for what most tokens' usage takes: what lies together is fetched together. What takes more has it elsewhere.
type room struct {
	routes   places[[4]Route, [4]uint64]
	origins  places[[2]Origin, [2]uint64]
	releases places[[2]Release, [2]uint64]
	clients  places[[2]string, [2]uint64]
	duration [32]uint64 // of which a request asks for one
}

type places[K, N any] struct {
	keys   K
	counts N
}

func newRow(token Token, options *Options) *row {
	r := &row{token: token}
	if options.Sightings && !token.Overflow {
		r.sights = new(sightings)
	}
	r.reset(options)
	return r
}

// reset gives the row a usage that is empty, in the memory of the one before.
func (r *row) reset(o *Options) {
	in := &r.room
	r.usage = Usage{
		Duration: Histogram{Buckets: in.duration[:0]},
		Routes:   newSeries(in.routes.keys[:0], in.routes.counts[:0], o.MaxRoutes),
		Origins:  newSeries(in.origins.keys[:0], in.origins.counts[:0], o.MaxOrigins),
		Releases: newSeries(in.releases.keys[:0], in.releases.counts[:0], o.MaxReleases),
		Clients:  newSeries(in.clients.keys[:0], in.clients.counts[:0], o.MaxClients),
	}
	if r.token.Overflow {
		r.usage.Routes.share(o.MaxShared)
		r.usage.Origins.share(o.MaxShared)
		r.usage.Releases.share(o.MaxShared)
		r.usage.Clients.share(o.MaxShared)
	}
}

// any says whether anything was counted.
func (r *row) any() bool { return r.usage.total() > 0 || r.usage.Units != nil }

// see takes in what a request says of its token.
func (r *row) see(obs *behavior.Observation, role *Role) {
	if r.sights != nil {
		r.sights.see(obs, role)
	}
}

// record counts n requests such as obs, each of which took so long. It says whether everything had a series of its own.
func (r *row) record(obs *behavior.Observation, took measure, n uint64) (fits bool) {
	u := &r.usage
	u.Outcomes[obs.Outcome] += n
	if obs.Duration >= 0 {
		u.Duration.count(took, n)
		if took.value >= u.Slowest.Seconds && obs.Trace != [16]byte{} {
			u.Slowest = Exemplar{Trace: obs.Trace, Span: obs.Span, Time: obs.Time, Seconds: took.value}
		}
	}
	received, sent := obs.RequestBytes, obs.ResponseBytes
	if obs.Outbound {
		received, sent = sent, received
	}
	u.Received += uint64(max(0, received)) * n
	u.Sent += uint64(max(0, sent)) * n

	fits = u.Routes.add(Route{obs.Method, obs.Route}, n)
	fits = u.Releases.add(Release{obs.Service, obs.Version}, n) && fits
	fits = u.Clients.add(obs.Client, n) && fits
	if !obs.Outbound { // where our own calls come from says nothing
		fits = u.Origins.add(Origin{obs.Country, autonomous(obs.Network)}, n) && fits
	}
	return fits
}

// autonomous is the network if it is an autonomous system: there are too many address ranges to count by.
func autonomous(network string) string {
	if strings.HasPrefix(network, "AS") {
		return network
	}
	return ""
}
