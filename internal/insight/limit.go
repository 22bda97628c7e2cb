package insight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Limit is what a token, or a token on a route, really does in a window, and the rate limit that leaves it room.
type Limit struct {
	Key         string  `json:"key"`
	Label       string  `json:"label,omitempty"`
	Token       string  `json:"token,omitempty"`
	Owner       string  `json:"owner,omitempty"`
	Route       string  `json:"route,omitempty"`
	P50         int64   `json:"p50"`
	P90         int64   `json:"p90"`
	P99         int64   `json:"p99"`
	Max         int64   `json:"max"`
	Recommended int64   `json:"recommended"`
	WouldRefuse int64   `json:"would_refuse"`
	Requests    int64   `json:"requests"`
	CoveredDays float64 `json:"covered_days"`
}

// LimitQuestion asks for limits.
type LimitQuestion struct {
	Question
	Group  store.Group   // ByToken or ByRoute
	Window time.Duration // a minute, an hour or a day
}

const (
	headroom      = 1.5
	tokensAtATime = 100
)

// FindLimits recommends rate limits, the greatest first. Windows begin on whole minutes, hours or UTC days. Quantiles are nearest ranks among the windows with
// a request at least; of a route among the windows of each token, so that a limit of a route is one for each token.
//
//	recommended = 1.5 × p99, rounded up to two significant digits
//	would_refuse = Σ over windows of max(0, requests − recommended)
//
// Minutes are kept for a shorter time than days: covered_days says for how long there are facts.
func FindLimits(ctx context.Context, s store.Store, q LimitQuestion) ([]Limit, error) {
	if q.Group != store.ByToken && q.Group != store.ByRoute {
		return nil, fmt.Errorf("limits are of a token or of a route, not of %q", q.Group)
	}
	all, err := tokens(ctx, s, q.Filter)
	if err != nil {
		return nil, err
	}
	l := limiter{LimitQuestion: q, routes: make(map[string]spread)}
	for part := range slices.Chunk(all, tokensAtATime) {
		if err := l.add(ctx, s, part); err != nil {
			return nil, err
		}
	}
	for route, counts := range l.routes {
		l.rows = append(l.rows, limitOf(counts, Limit{Key: route, Label: route, Route: route}))
	}
	covered := 0.0
	if l.last > 0 {
		covered = float64(l.last-l.first)/(24*60) + q.Window.Hours()/24
	}
	for i := range l.rows {
		l.rows[i].CoveredDays = covered
	}
	slices.SortFunc(l.rows, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(b.Recommended, a.Recommended), cmp.Compare(a.Key, b.Key))
	})
	return l.rows, nil
}

type limiter struct {
	LimitQuestion
	routes      map[string]spread
	rows        []Limit
	first, last int64 // minute with facts
}

// place is a token, and a route where these are asked for.
type place struct{ token, route string }

func (l *limiter) add(ctx context.Context, s store.Store, part []store.Token) error {
	kind := store.Outcomes
	if l.Group == store.ByRoute {
		kind = store.Routes
	}
	question := l.facts(kind, l.From, l.To, l.Window)
	question.Filter.IDs = nil
	for i := range part {
		question.Filter.IDs = append(question.Filter.IDs, part[i].ID)
	}
	windows := make(map[place]map[int64]int64)
	for use, err := range s.Facts(ctx, question) {
		if err != nil {
			return err
		}
		at := place{token: use.Subject.Token}
		if l.Group == store.ByRoute {
			if at.route = use.First; at.route == "" {
				continue
			}
		}
		counts, ok := windows[at]
		if !ok {
			counts = make(map[int64]int64)
			windows[at] = counts
		}
		counts[use.At] += use.Value
		if l.first == 0 || use.At < l.first {
			l.first = use.At
		}
		l.last = max(l.last, use.At)
	}
	for at, counts := range windows {
		if l.Group == store.ByRoute {
			if l.routes[at.route] == nil {
				l.routes[at.route] = make(spread)
			}
			for _, n := range counts {
				l.routes[at.route][n]++
			}
			continue
		}
		seen := make(spread)
		for n := range maps.Values(counts) {
			seen[n]++
		}
		i := slices.IndexFunc(part, func(t store.Token) bool { return t.ID == at.token })
		if i >= 0 {
			l.rows = append(l.rows, limitOf(seen, Limit{Key: at.token, Label: hintOf(&part[i]), Token: at.token, Owner: ownerOf(&part[i])}))
		}
	}
	return nil
}

func limitOf(counts spread, l Limit) Limit {
	delete(counts, 0)
	l.P50, l.P90, l.P99, l.Max = counts.quantile(.5), counts.quantile(.9), counts.quantile(.99), counts.quantile(1)
	l.Requests = counts.total()
	l.Recommended = roundUp(headroom * float64(l.P99))
	l.WouldRefuse = counts.over(l.Recommended)
	return l
}
