// Package usage counts what tokens do: requests, durations, bytes, routes, origins and releases per token, and what is
// counted without a token. A Meter is one destination's view, with that destination's temporality and limits.
//
// Limits never lose a request: what has no series of its own goes into an overflow series, so that the series of a metric
// always add up to all requests.
package usage

import (
	"time"
	"unsafe"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/prefetch"
)

// Options of a Meter.
type Options struct {
	Delta       bool          // since the last Batch; else since each series' start
	MaxTokens   int           // tokens with series of their own
	MaxRoutes   int           // routes per token
	MaxOrigins  int           // origins per token
	MaxReleases int           // releases of services per token
	MaxClients  int           // clients per token
	Sightings   bool          // the latest request of each token that has a row is told
	MaxCells    int           // of Minutes: tokens in minutes, altogether
	MaxShared   int           // routes and services that are counted without a token, and each kind of series of the overflow series
	IdleAfter   time.Duration // a token so long without a request may lose its series to another one; 0 means an hour
}

// Meter counts. Not safe for concurrent use.
type Meter struct {
	options  Options
	rows     rowTable
	size     int  // rows
	rest     *row // of the tokens that have no row
	waiting  *candidates
	distinct distinct // tokens in rest since the last Batch
	routes   table[Route, [outcomes]Histogram]
	coverage table[string, Coverage]
	start    int64
	since    int64 // end of the last Batch
	overflow uint64
	weights  Weights
	seen     []*Sighting
}

// New returns a Meter that counts from start on, in unix nanoseconds.
func New(options Options, start int64) *Meter {
	if options.IdleAfter <= 0 {
		options.IdleAfter = time.Hour
	}
	m := &Meter{options: options, start: start, since: start, rows: newRowTable()}
	m.rest = newRow(Token{Overflow: true}, &m.options)
	m.rest.start, m.rest.last = start, start
	m.waiting = newCandidates(min(options.MaxTokens, 1024))
	m.routes.limit, m.coverage.limit = options.MaxShared, options.MaxShared
	return m
}

// Role is what a record of telemetry is counted as.
type Role struct {
	Request bool     // a request made with a token
	Served  bool     // a request that a service answered, with a token or without: counted for its route
	At      int64    // event time, or that of arrival where event time means nothing
	Details *Details // of the token; nil: none are known
}

// Record counts one record of telemetry.
func (m *Meter) Record(obs *behavior.Observation, role Role) {
	n, took := m.weights.Whole(obs.Weight), measureOf(seconds(max(0, obs.Duration)))
	if role.Request {
		m.recordRequest(obs, &role, took, n)
	}
	if role.Served && obs.Duration >= 0 {
		m.routes.at(Route{obs.Method, obs.Route})[obs.Outcome].count(took, n)
	}
}

func (m *Meter) recordRequest(obs *behavior.Observation, role *Role, took measure, n uint64) {
	r := m.row(obs, n)
	r.see(obs, role)
	r.active = true
	r.weight += float64(n)
	if fits := r.record(obs, took, n); !fits || r == m.rest {
		m.overflow += n
	}
}

// Await asks for the rows of observations that are recorded next: what lies in a row itself some observations ahead, what it points to when
// that is there.
func (m *Meter) Await(next []*behavior.Observation) { m.rows.await(next) }

// inSight is how many observations are looked ahead.
const inSight = 4

func (x *rowTable) await(next []*behavior.Observation) {
	if len(next) > inSight {
		if r := x.likely(next[inSight].TokenHash()); r != nil {
			prefetch.Lines(unsafe.Pointer(r), rowAsked)
		}
	}
	if len(next) > inSight/2 {
		o := next[inSight/2]
		if r := x.likely(o.TokenHash()); r != nil {
			r.usage.Duration.await(seconds(o.Duration))
			if len(r.usage.Routes.Keys) > len(r.room.routes.keys) {
				r.usage.Routes.await()
			}
			prefetch.Lines(unsafe.Pointer(unsafe.StringData(r.token.ID)), 1)
		}
	}
}

// rowAsked is how much of a row most requests ask for.
const rowAsked = unsafe.Offsetof(row{}.room) + unsafe.Offsetof(room{}.duration)

// Cover counts server spans of a service by whether they had a token.
func (m *Meter) Cover(_ int64, service string, spans Coverage) { m.coverage.at(service).add(spans) }

func (c *Coverage) add(spans Coverage) {
	c.With += spans.With
	c.Without += spans.Without
	c.Unreadable += spans.Unreadable
}

// Overflowed is how many requests went, in part or as a whole, into an overflow series.
func (m *Meter) Overflowed() uint64 { return m.overflow }

// Tokens is how many tokens have series of their own.
func (m *Meter) Tokens() int { return m.size }

// row finds the row to count a request in.
func (m *Meter) row(obs *behavior.Observation, n uint64) *row {
	for r := m.rows.of(obs.Token, obs.TokenHash()); r != nil; r = r.next {
		if r.token.OwnerID == obs.OwnerID && r.token.OwnerTeam == obs.OwnerTeam {
			return r
		}
	}
	token := Token{ID: obs.Token, OwnerID: obs.OwnerID, OwnerTeam: obs.OwnerTeam}
	if m.size < m.options.MaxTokens {
		return m.seat(token.clone())
	}
	m.waiting.add(token, n)
	m.distinct.add(token.ID)
	return m.rest
}

// Weights turns the weights of what stands for more than itself into whole numbers. The zero value is ready.
type Weights struct{ carry float64 } // the part that has not added up to one yet

// Whole is how many requests one counts for: their sum stays within one of that of the weights. A weight of 0 or less is none.
func (w *Weights) Whole(weight float64) uint64 {
	if weight <= 0 {
		return 1
	}
	return w.round(weight)
}

// Scaled is n requests' worth of anything, by the weight of each, in the same way.
func (w *Weights) Scaled(n uint64, weight float64) uint64 {
	if weight <= 0 {
		return n
	}
	return w.round(min(float64(n)*weight, mostScaled))
}

// mostScaled is more than anybody uses, and can be added up.
const mostScaled = 1 << 60

func (w *Weights) round(x float64) uint64 {
	x += w.carry
	n := uint64(x)
	w.carry = x - float64(n)
	return n
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }
