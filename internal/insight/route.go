package insight

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Routes is what there is to say of routes.
type Routes struct {
	Stress     []Stress     `json:"stress"`
	Invest     []Invest     `json:"invest"`
	Adoption   []Adoption   `json:"adoption"`
	Deprecated []Deprecated `json:"deprecated"`
}

// Stress is a route that slows down when it is busy.
type Stress struct {
	Route     string  `json:"route"`
	Points    []Load  `json:"points"`         // an hour each, by rate
	Threshold float64 `json:"threshold_rate"` // requests a minute from which on it suffers
	Tokens    []Share `json:"tokens"`         // who called it in those hours
}

// Load is a rate, and how slow the slowest twentieth was.
type Load struct {
	Rate float64 `json:"rate"` // requests a minute
	P95  float64 `json:"p95"`  // seconds
}

// Share is a token's part of something.
type Share struct {
	Token string  `json:"token"`
	Label string  `json:"label,omitempty"`
	Share float64 `json:"share"`
}

// Invest is how much it is worth to make a route better.
type Invest struct {
	Route     string  `json:"route"`
	Owners    int     `json:"owners"`
	Requests  int64   `json:"requests"`
	ErrorRate float64 `json:"error_rate"`
	P95       float64 `json:"p95"`
	Score     float64 `json:"score"` // of that of the first
}

// Adoption is who takes up a new route.
type Adoption struct {
	Route  string    `json:"route"`
	First  time.Time `json:"first"` // day
	Owners int       `json:"owners"`
	Series Daily     `json:"series"`
}

// Daily is a number for each day from the first one of the question on.
type Daily struct {
	Step   int       `json:"step"` // seconds
	Points []float64 `json:"points"`
}

// Deprecated is a route that has a successor, and who still calls it.
type Deprecated struct {
	Route   string    `json:"route"`
	Since   time.Time `json:"since,omitzero"`
	Callers []Caller  `json:"callers"`
}

// Caller is a token that calls a route.
type Caller struct {
	Token    string    `json:"token"`
	Hint     string    `json:"hint,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Requests int64     `json:"requests"`
	Last     time.Time `json:"last"` // day
}

// RouteQuestion asks for routes.
type RouteQuestion struct {
	Question
	Deprecated []string // routes, such as GET /v1/orders, that are known to be; those with a successor are found
}

const (
	mostRoutes = 500 // the busiest
	// longestHistory is how far back a route is looked for.
	longestHistory = 730 * day
	mostCallers    = 10
	// What stress is told by.
	leastHours   = 12
	leastLoad    = 20 // requests of an hour: of fewer there is no slowest twentieth
	stressFactor = 2.0
	stressShare  = 0.9
	stressHours  = 3
	calmError    = 0.01 // what a route without errors counts as
)

// FindRoutes says which routes suffer, are worth an effort, are new, or ought to be gone. How long requests took is counted by route alone: where the question
// is of some tokens only, nobody's stress and latency are told.
//
//   - stress: hours of a route with 20 requests at least, by their rate. Its normal p95 is the median of the half of the hours with the lower rates. The threshold is the lowest rate
//     from which on 9 of 10 hours (3 at least) have twice the normal p95. The tokens are those that called the route in these hours, by their share.
//   - invest: owners × requests × (errors / requests + 0.01) × p95, as a share of the greatest such product.
//   - adoption: routes that were first called in the time of the question, a day or more after the store's first.
//   - deprecated: those that are said to be, and /v1/x where /v2/x (or a later one) is called too, since the day that was first.
func FindRoutes(ctx context.Context, s store.Store, q RouteQuestion) (Routes, error) {
	r := router{RouteQuestion: q, store: s, known: make(map[string]*store.Token)}
	all, err := tokens(ctx, s, q.Filter)
	if err != nil {
		return Routes{}, err
	}
	for i := range all {
		r.known[all[i].ID] = &all[i]
	}
	if err := r.history(ctx); err != nil {
		return Routes{}, err
	}
	found := Routes{Stress: []Stress{}, Invest: []Invest{}, Adoption: r.adoption(), Deprecated: r.deprecated()}
	if found.Stress, err = r.stress(ctx); err != nil {
		return Routes{}, err
	}
	if found.Invest, err = r.invest(ctx); err != nil {
		return Routes{}, err
	}
	return found, nil
}

type router struct {
	RouteQuestion
	store  store.Store
	known  map[string]*store.Token
	oldest int64               // the first day with facts
	first  map[string]int64    // of a route
	daily  map[string][]dayUse // of a route, in the time of the question
}

// dayUse is what a token did on a route on a day.
type dayUse struct {
	store.Subject
	at, value int64
}

// history reads who called which route on which day of the question, and since when there is a route at all.
func (r *router) history(ctx context.Context) error {
	r.first, r.daily = make(map[string]int64), make(map[string][]dayUse)
	from, to := r.wholeDays()
	answer, err := r.store.Query(ctx, store.Query{
		Filter: r.Filter, From: to.Add(-longestHistory), To: to, Measure: store.MeasureRequests, Group: store.ByRoute, Step: day, Limit: mostRoutes,
	})
	if err != nil {
		return err
	}
	series := answer.Series
	if answer.Rest != nil {
		series = append(series, *answer.Rest)
	}
	for _, route := range series {
		i := slices.IndexFunc(route.Points, func(n float64) bool { return n > 0 })
		if i < 0 {
			continue
		}
		at := answer.From.Add(time.Duration(i)*day).Unix() / 60
		if r.oldest == 0 || at < r.oldest {
			r.oldest = at
		}
		if route.Key != "" {
			r.first[route.Key] = at
		}
	}
	return each(ctx, r.store, r.facts(store.Routes, from, to, day), func(u store.SubjectUse) {
		if _, ok := r.first[u.First]; ok {
			r.daily[u.First] = append(r.daily[u.First], dayUse{u.Subject, u.At, u.Value})
		}
	})
}

func ownersOf(uses []dayUse) int {
	seen := make(map[string]bool)
	for _, u := range uses {
		seen[u.Owner] = true
	}
	delete(seen, "")
	return len(seen)
}

func (r *router) adoption() []Adoption {
	from, to := r.wholeDays()
	found := []Adoption{}
	for _, route := range slices.Sorted(maps.Keys(r.daily)) {
		first := minuteOf(r.first[route])
		if first.Before(from) || first.Before(minuteOf(r.oldest).Add(day)) {
			continue
		}
		points := make([]float64, int(to.Sub(from)/day))
		for _, u := range r.daily[route] {
			if i := int(minuteOf(u.at).Sub(from) / day); i < len(points) {
				points[i] += float64(u.value)
			}
		}
		found = append(found, Adoption{Route: route, First: first, Owners: ownersOf(r.daily[route]), Series: Daily{int(day.Seconds()), points}})
	}
	slices.SortStableFunc(found, func(a, b Adoption) int { return b.First.Compare(a.First) })
	return found
}

// version is the part of a path that says which version of an API it is of.
var version = regexp.MustCompile(`^(\S+ (?:/[^/]+)*?/)v(\d{1,3})(/.*)$`)

// successors finds the first day of a later version of each route.
func (r *router) successors() map[string]int64 {
	type later struct{ number, first int64 }
	versions := make(map[string][]later)
	split := func(route string) (rest string, number int64, ok bool) {
		m := version.FindStringSubmatch(route)
		if m == nil {
			return "", 0, false
		}
		number, _ = strconv.ParseInt(m[2], 10, 64) // of digits
		return m[1] + "v" + m[3], number, true
	}
	for route, first := range r.first {
		if rest, number, ok := split(route); ok {
			versions[rest] = append(versions[rest], later{number, first})
		}
	}
	since := make(map[string]int64)
	for route := range r.first {
		rest, number, ok := split(route)
		if !ok {
			continue
		}
		for _, other := range versions[rest] {
			if earliest, has := since[route]; other.number > number && (!has || other.first < earliest) {
				since[route] = other.first
			}
		}
	}
	return since
}

func (r *router) deprecated() []Deprecated {
	since := r.successors()
	found := []Deprecated{}
	for _, route := range slices.Sorted(maps.Keys(r.daily)) {
		at, superseded := since[route]
		if !superseded && !slices.Contains(r.Deprecated, route) {
			continue
		}
		d := Deprecated{Route: route}
		if superseded {
			d.Since = minuteOf(at)
		}
		callers := make(map[string]*Caller)
		for _, u := range r.daily[route] {
			c, ok := callers[u.Token]
			if !ok {
				c = &Caller{Token: u.Token, Owner: u.Owner}
				if t := r.known[u.Token]; t != nil {
					c.Hint, c.Owner = t.Hint, ownerOf(t)
				}
				callers[u.Token] = c
			}
			c.Requests += u.value
			if last := minuteOf(u.at); last.After(c.Last) {
				c.Last = last
			}
		}
		for _, token := range slices.Sorted(maps.Keys(callers)) {
			d.Callers = append(d.Callers, *callers[token])
		}
		slices.SortStableFunc(d.Callers, func(a, b Caller) int { return cmp.Compare(b.Requests, a.Requests) })
		found = append(found, d)
	}
	return found
}

// byRoute asks for something of each route; nothing where it is counted apart from what is asked.
func (r *router) byRoute(ctx context.Context, measure store.Measure, step time.Duration) (map[string]store.Series, error) {
	answer, err := r.store.Query(ctx, store.Query{
		Filter: r.Filter, From: r.From, To: r.To, Measure: measure, Group: store.ByRoute, Step: step, Limit: mostRoutes,
	})
	if errors.Is(err, store.ErrApart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := make(map[string]store.Series, len(answer.Series))
	for _, series := range answer.Series {
		all[series.Key] = series
	}
	return all, nil
}

func (r *router) stress(ctx context.Context) ([]Stress, error) {
	found := []Stress{}
	rates, err := r.byRoute(ctx, store.MeasureRequests, time.Hour)
	if err != nil {
		return nil, err
	}
	slow, err := r.byRoute(ctx, store.MeasureP95, time.Hour)
	if err != nil {
		return nil, err
	}
	for _, route := range slices.Sorted(maps.Keys(slow)) {
		var points []Load
		for i, p95 := range slow[route].Points {
			if counts := rates[route].Points; i < len(counts) && counts[i] >= leastLoad && !math.IsNaN(p95) {
				points = append(points, Load{counts[i] / 60, p95})
			}
		}
		if threshold, ok := suffers(points); ok {
			found = append(found, Stress{Route: route, Points: points, Threshold: threshold, Tokens: []Share{}})
		}
	}
	for i := range found {
		if err := r.blame(ctx, &found[i], rates[found[i].Route]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// suffers is the rate from which on a route is slow. It sorts the points.
func suffers(points []Load) (float64, bool) {
	if len(points) < leastHours {
		return 0, false
	}
	slices.SortFunc(points, func(a, b Load) int { return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.P95, b.P95)) })
	calm := make([]float64, len(points)/2)
	for i := range calm {
		calm[i] = points[i].P95
	}
	slices.Sort(calm)
	normal := calm[len(calm)/2]
	threshold, found, slow := 0.0, false, 0
	for i := len(points) - 1; i >= 0; i-- {
		is := points[i].P95 >= stressFactor*normal
		if is {
			slow++
		}
		above := len(points) - i
		if float64(slow) < stressShare*float64(above) && above >= stressHours {
			break
		}
		if is && above >= stressHours && (i == 0 || points[i-1].Rate < points[i].Rate) {
			threshold, found = points[i].Rate, true
		}
	}
	return threshold, found
}

// blame finds who called a route in the hours in which it suffered.
func (r *router) blame(ctx context.Context, s *Stress, rates store.Series) error {
	from := r.From.Truncate(time.Hour)
	hot := make(map[int64]bool)
	for i, count := range rates.Points {
		if count/60 >= s.Threshold {
			hot[from.Add(time.Duration(i)*time.Hour).Unix()/60] = true
		}
	}
	counts := make(tally)
	err := each(ctx, r.store, r.facts(store.Routes, r.From, r.To, time.Hour), func(u store.SubjectUse) {
		if u.First == s.Route && hot[u.At] {
			counts[u.Subject.Token] += u.Value
		}
	})
	if err != nil {
		return err
	}
	total := counts.total()
	for token, n := range counts {
		share := Share{Token: token, Share: float64(n) / float64(total)}
		if t := r.known[token]; t != nil {
			share.Label = hintOf(t)
		}
		s.Tokens = append(s.Tokens, share)
	}
	slices.SortFunc(s.Tokens, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Share, a.Share), strings.Compare(a.Token, b.Token)) })
	s.Tokens = s.Tokens[:min(len(s.Tokens), mostCallers)]
	return nil
}

func (r *router) invest(ctx context.Context) ([]Invest, error) {
	requests, err := r.byRoute(ctx, store.MeasureRequests, 0)
	if err != nil {
		return nil, err
	}
	failed, err := r.byRoute(ctx, store.MeasureErrors, 0)
	if err != nil {
		return nil, err
	}
	slow, err := r.byRoute(ctx, store.MeasureP95, 0)
	if err != nil {
		return nil, err
	}
	found := make([]Invest, 0, len(requests))
	most := 0.0
	for _, route := range slices.Sorted(maps.Keys(requests)) {
		n := requests[route].Total
		if route == "" || n == 0 {
			continue
		}
		owners := ownersOf(r.daily[route])
		row := Invest{Route: route, Owners: owners, Requests: int64(n), ErrorRate: failed[route].Total / n}
		if p95 := slow[route].Total; p95 > 0 { // not NaN
			row.P95 = p95
		}
		row.Score = float64(owners) * n * (row.ErrorRate + calmError) * row.P95
		most = max(most, row.Score)
		found = append(found, row)
	}
	for i := range found {
		if most > 0 {
			found[i].Score /= most
		}
	}
	slices.SortStableFunc(found, func(a, b Invest) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Requests, a.Requests))
	})
	return found, nil
}
