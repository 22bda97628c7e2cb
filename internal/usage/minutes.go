package usage

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/behavior"
)

// Minutes counts deltas as a Meter does, those of each minute of event time apart: what is played back, or comes late, is counted where it
// belongs. Tokens have series in the order of their arrival. Not safe for concurrent use.
type Minutes struct {
	options  Options
	open     map[int64]*minuteUsage // by their beginning
	latest   *minuteUsage           // that something was counted in
	cells    int                    // rows, and cellsOfMinute for each minute
	weights  Weights
	overflow uint64

	spareRows    []*row // for whose next use no memory is asked for
	spareMinutes []*minuteUsage
	told         []*row
	seen         []*Sighting
	batch        Batch
}

// minuteUsage is what was counted in one minute.
type minuteUsage struct {
	at       int64 // its beginning, unix nanoseconds
	rows     rowTable
	size     int  // rows
	rest     *row // of the tokens that have no row
	routes   table[Route, [outcomes]Histogram]
	coverage table[string, Coverage]
}

const (
	minuteLength  = int64(60e9)
	cellsOfMinute = 4     // what a minute by itself takes, in rows
	portion       = 1_000 // rows in a Batch at most
	spared        = 2     // times what was used last is kept of memory
)

// NewMinutes returns Minutes without any.
func NewMinutes(options Options) *Minutes {
	return &Minutes{options: options, open: make(map[int64]*minuteUsage)}
}

// Record counts one record of telemetry.
func (m *Minutes) Record(obs *behavior.Observation, role Role) {
	n, took := m.weights.Whole(obs.Weight), measureOf(seconds(max(0, obs.Duration)))
	of, fits := m.minute(role.At)
	if role.Request {
		r := of.rest
		if fits {
			r = m.row(of, obs)
			r.see(obs, &role)
		}
		if fits = r.record(obs, took, n); !fits || r == of.rest {
			m.overflow += n
		}
	}
	if role.Served && obs.Duration >= 0 {
		of.routes.at(Route{obs.Method, obs.Route})[obs.Outcome].count(took, n)
	}
}

// Cover counts server spans of a service by whether they had a token.
func (m *Minutes) Cover(at int64, service string, spans Coverage) {
	of, _ := m.minute(at)
	of.coverage.at(service).add(spans)
}

// Charge counts what a request that was counted before has used.
func (m *Minutes) Charge(obs *behavior.Observation, c *Charge) {
	of, fits := m.minute(c.At)
	r := of.rest
	if fits {
		r = m.row(of, obs)
	}
	r.charge(c, &m.options)
}

// Await asks for the rows of observations that are recorded next, as a Meter does.
func (m *Minutes) Await(next []*behavior.Observation) {
	if m.latest != nil {
		m.latest.rows.await(next)
	}
}

// Overflowed is how many requests went, in part or as a whole, into an overflow series.
func (m *Minutes) Overflowed() uint64 { return m.overflow }

// Crowded says whether it is time for Batches: half of the room is taken.
func (m *Minutes) Crowded() bool { return 2*m.cells >= m.options.MaxCells }

// minute is the one that a time lies in. Where there is no room for another one it is the latest, whose overflow series stands for it.
func (m *Minutes) minute(at int64) (of *minuteUsage, fits bool) {
	at = max(0, at)
	at -= at % minuteLength
	if m.latest != nil && m.latest.at == at {
		return m.latest, true
	}
	of = m.open[at]
	if of == nil {
		if m.latest != nil && m.cells+cellsOfMinute > m.options.MaxCells {
			return m.latest, false
		}
		of = m.begin(at)
	}
	m.latest = of
	return of, true
}

func (m *Minutes) begin(at int64) *minuteUsage {
	var of *minuteUsage
	if last := len(m.spareMinutes) - 1; last >= 0 {
		of, m.spareMinutes = m.spareMinutes[last], m.spareMinutes[:last]
	} else {
		of = &minuteUsage{rows: newRowTable(), rest: newRow(Token{Overflow: true}, &m.options)}
		of.routes.limit, of.coverage.limit = m.options.MaxShared, m.options.MaxShared
	}
	of.at = at
	m.open[at] = of
	m.cells += cellsOfMinute
	return of
}

// row finds the row to count a request in.
func (m *Minutes) row(of *minuteUsage, obs *behavior.Observation) *row {
	first := of.rows.of(obs.Token, obs.TokenHash())
	for r := first; r != nil; r = r.next {
		if r.token.OwnerID == obs.OwnerID && r.token.OwnerTeam == obs.OwnerTeam {
			return r
		}
	}
	if of.size >= m.options.MaxTokens || m.cells >= m.options.MaxCells {
		return of.rest
	}
	var r *row
	if last := len(m.spareRows) - 1; last >= 0 {
		r, m.spareRows = m.spareRows[last], m.spareRows[:last]
	} else {
		r = newRow(Token{}, &m.options)
	}
	r.token = Token{ID: obs.Token, OwnerID: obs.OwnerID, OwnerTeam: obs.OwnerTeam}
	r.hash, r.next = obs.TokenHash(), first
	of.rows.set(r)
	of.size++
	m.cells++
	return r
}

// Batches hands over what was counted, the oldest minutes first, and begins anew. A Batch is of one minute and holds until the next one.
func (m *Minutes) Batches(int64) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		all := slices.SortedFunc(maps.Values(m.open), func(a, b *minuteUsage) int { return cmp.Compare(a.at, b.at) })
		clear(m.open)
		used := m.cells
		m.latest, m.cells = nil, 0
		on := true
		for _, of := range all {
			on = on && m.tell(of, yield)
		}
		if on {
			m.tellSightings(yield)
		}
		for _, of := range all {
			m.forget(of)
		}
		m.spareRows = m.spareRows[:min(len(m.spareRows), spared*used)]
		m.spareMinutes = m.spareMinutes[:min(len(m.spareMinutes), spared*len(all))]
	}
}

// tell hands over what was counted in a minute; false: nothing more is wanted.
func (m *Minutes) tell(of *minuteUsage, yield func(*Batch) bool) bool {
	b := &m.batch
	*b = Batch{Delta: true, Start: of.at, End: of.at + minuteLength, Tokens: b.Tokens[:0], Sightings: b.Sightings[:0]}
	for r := range of.rows.all() {
		m.told = append(m.told, r)
		if r.sights != nil {
			m.seen = r.sights.appendTo(m.seen)
		}
	}
	slices.SortFunc(m.told, compareRows)
	if of.rest.any() {
		m.told = append(m.told, of.rest)
	}
	defer func() { clear(m.told); m.told = m.told[:0] }()
	b.addShared(&of.routes, &of.coverage)
	for part := range slices.Chunk(m.told, portion) {
		for _, r := range part {
			b.Tokens = append(b.Tokens, TokenUsage{Token: r.token, Start: b.Start, Usage: r.usage})
		}
		if !yield(b) {
			return false
		}
		*b = Batch{Delta: true, Start: b.Start, End: b.End, Tokens: b.Tokens[:0], Sightings: b.Sightings[:0]}
	}
	return len(b.Routes)+len(b.Cover) == 0 || yield(b) // of a minute in which no token was used
}

// tellSightings hands over the latest requests of tokens, which may have been seen in several minutes.
func (m *Minutes) tellSightings(yield func(*Batch) bool) {
	slices.SortStableFunc(m.seen, compareSightings)
	b := &m.batch
	*b = Batch{Delta: true, Tokens: b.Tokens[:0], Sightings: b.Sightings[:0]}
	for part := range slices.Chunk(latest(m.seen), portion) {
		for _, s := range part {
			b.Sightings = append(b.Sightings, *s)
		}
		if !yield(b) {
			break
		}
		b.Sightings = b.Sightings[:0]
	}
	clear(b.Sightings[:cap(b.Sightings)])
	clear(m.seen)
	m.seen = m.seen[:0]
}

// forget empties a minute and keeps its memory.
func (m *Minutes) forget(of *minuteUsage) {
	for r := range of.rows.all() {
		m.spare(r)
	}
	of.rows.clear()
	of.size = 0
	of.rest.reset(&m.options)
	of.routes.reset()
	of.coverage.reset()
	m.spareMinutes = append(m.spareMinutes, of)
}

// spare empties a row and keeps its memory.
func (m *Minutes) spare(r *row) {
	r.token = Token{}
	r.reset(&m.options)
	if r.sights != nil {
		*r.sights = sightings{}
	}
	m.spareRows = append(m.spareRows, r)
}
