package usage

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/behavior"
)

// Batch is what a Meter has counted, in a stable order. It does not change when the Meter goes on.
type Batch struct {
	Delta  bool
	End    int64 // unix nanoseconds
	Start  int64 // of what carries no start of its own
	Tokens []TokenUsage
	Routes []RouteDuration
	Cover  []ServiceCoverage
	Active []Active

	Sightings []Sighting
}

// TokenUsage is the usage of one token since Start.
type TokenUsage struct {
	Token
	Start int64
	Usage
}

// RouteDuration is how long requests to a route took that came to one outcome, whoever made them.
type RouteDuration struct {
	Route
	Outcome  behavior.Outcome
	Overflow bool
	Duration Histogram
}

// Coverage counts server spans by whether they had a token.
type Coverage struct{ With, Without, Unreadable uint64 }

// ServiceCoverage is the Coverage of a service.
type ServiceCoverage struct {
	Service  string
	Overflow bool
	Coverage
}

// Active is how many distinct tokens of an owner were used since the last Batch.
type Active struct {
	OwnerID, OwnerTeam string
	Overflow           bool
	Tokens             uint64
}

// Empty says whether there is nothing to tell.
func (b *Batch) Empty() bool {
	return len(b.Tokens) == 0 && len(b.Routes) == 0 && len(b.Cover) == 0 && (b.Delta || len(b.Active) == 0)
}

// Collect returns what was counted up to now, in unix nanoseconds, and decides who has series of their own from now on.
func (m *Meter) Collect(now int64) *Batch {
	b := &Batch{Delta: m.options.Delta, Start: m.since, End: now}
	if !m.options.Delta {
		b.Start = m.start
	}
	b.Active = m.active()
	for _, r := range m.sorted() {
		b.addRow(m, r, now)
		if r.sights != nil {
			m.seen = r.sights.appendTo(m.seen)
		}
	}
	m.tellSightings(b)
	b.addRow(m, m.rest, now)
	b.addShared(&m.routes, &m.coverage)
	if m.options.Delta {
		m.routes.reset()
		m.coverage.reset()
	}
	m.since = now
	m.distinct = distinct{}
	m.reseat(now)
	return b
}

// Batches hands over what Collect returns, unless it is empty.
func (m *Meter) Batches(now int64) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		if b := m.Collect(now); !b.Empty() {
			yield(b)
		}
	}
}

// tellSightings adds the latest requests of tokens, of which more than one row may know.
func (m *Meter) tellSightings(b *Batch) {
	if len(m.seen) == 0 {
		return
	}
	slices.SortStableFunc(m.seen, compareSightings)
	for _, s := range latest(m.seen) {
		b.Sightings = append(b.Sightings, *s)
	}
	for r := range m.rows.all() {
		*r.sights = sightings{}
	}
	clear(m.seen)
	m.seen = m.seen[:0]
}

func (m *Meter) sorted() []*row {
	return slices.SortedFunc(m.rows.all(), compareRows)
}

func compareRows(a, b *row) int {
	return cmp.Or(cmp.Compare(a.token.ID, b.token.ID), cmp.Compare(a.token.OwnerID, b.token.OwnerID),
		cmp.Compare(a.token.OwnerTeam, b.token.OwnerTeam))
}

func (b *Batch) addRow(m *Meter, r *row, now int64) {
	if r.active {
		r.last = now
	}
	if r.any() {
		usage := TokenUsage{Token: r.token, Start: r.start, Usage: r.usage}
		if b.Delta {
			usage.Start = b.Start
			usage.Usage = r.usage.detached()
			r.reset(&m.options)
		} else {
			usage.Usage = r.usage.snapshot()
			r.usage.Slowest = Exemplar{}
		}
		b.Tokens = append(b.Tokens, usage)
	}
	r.active = false
}

func (u *Usage) total() (n uint64) {
	for _, count := range u.Outcomes {
		n += count
	}
	return n
}

func (u *Usage) snapshot() Usage {
	c := *u
	c.Duration = u.Duration.snapshot()
	c.Routes, c.Origins, c.Releases = u.Routes.snapshot(), u.Origins.snapshot(), u.Releases.snapshot()
	c.Clients, c.Units = u.Clients.snapshot(), u.Units.snapshot()
	return c
}

// detached is a copy that outlives a reset.
func (u *Usage) detached() Usage {
	c := u.snapshot()
	c.Routes, c.Origins = u.Routes.detached(), u.Origins.detached()
	c.Releases, c.Clients = u.Releases.detached(), u.Clients.detached()
	return c
}

func (b *Batch) addShared(routes *table[Route, [outcomes]Histogram], coverage *table[string, Coverage]) {
	keys := slices.SortedFunc(maps.Keys(routes.values), func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method))
	})
	for _, route := range keys {
		b.addRoute(RouteDuration{Route: route}, routes.values[route])
	}
	if routes.rest != nil {
		b.addRoute(RouteDuration{Overflow: true}, routes.rest)
	}
	for _, service := range slices.Sorted(maps.Keys(coverage.values)) {
		b.Cover = append(b.Cover, ServiceCoverage{Service: service, Coverage: *coverage.values[service]})
	}
	if coverage.rest != nil {
		b.Cover = append(b.Cover, ServiceCoverage{Overflow: true, Coverage: *coverage.rest})
	}
}

func (b *Batch) addRoute(of RouteDuration, durations *[outcomes]Histogram) {
	for outcome := range durations {
		if durations[outcome].Count > 0 {
			of.Outcome, of.Duration = behavior.Outcome(outcome), durations[outcome].snapshot()
			b.Routes = append(b.Routes, of)
		}
	}
}

// active counts the tokens that were used since the last Batch, by owner.
func (m *Meter) active() []Active {
	type owner struct{ id, team string }
	counts := make(map[owner]uint64)
	for r := range m.rows.all() {
		n := counts[owner{r.token.OwnerID, r.token.OwnerTeam}]
		if r.active {
			n++
		}
		counts[owner{r.token.OwnerID, r.token.OwnerTeam}] = n // an owner whose tokens rest has 0, not nothing
	}
	active := make([]Active, 0, len(counts)+1)
	for who, n := range counts {
		active = append(active, Active{OwnerID: who.id, OwnerTeam: who.team, Tokens: n})
	}
	slices.SortFunc(active, func(a, b Active) int {
		return cmp.Or(cmp.Compare(a.OwnerID, b.OwnerID), cmp.Compare(a.OwnerTeam, b.OwnerTeam))
	})
	if n := m.distinct.count(); n > 0 {
		active = append(active, Active{Overflow: true, Tokens: n})
	}
	return active
}
