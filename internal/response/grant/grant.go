// Package grant learns the narrower grant: the scopes, routes, networks and countries that a token really used before its trouble. All
// else can be taken from it while somebody looks, and it says how many of the token's own requests that would have refused.
package grant

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/insight"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/store"
)

const day = 24 * time.Hour

// Question asks what a token needs.
type Question struct {
	Token string
	Scope store.Scope // of who asks
	Now   time.Time
	Until time.Time // when the trouble began: that day and what followed is not learned. Zero: at its first anomaly of the last week, or now
	Days  int       // before that to learn on. 0: 30
	Count int       // days up to Now on which the grant is tried. 0: 30
}

// A thief's requests do not become part of the grant: an incident is as long as token_behavior learns nothing new after an anomaly.
const incident = 7 * day

// mostRoutes is how many routes of everybody tell which resources there are.
const mostRoutes = 10_000

// Learn asks the store what a token did, and works out what it needs.
func Learn(ctx context.Context, s store.Store, q Question) (response.Grant, error) {
	q.Days, q.Count = cmp.Or(q.Days, 30), cmp.Or(q.Count, 30)
	if q.Until.IsZero() {
		var err error
		if q.Until, err = trouble(ctx, s, q); err != nil {
			return response.Grant{}, err
		}
	}
	page, err := s.Tokens(ctx, store.TokenQuery{Filter: store.TokenFilter{Scope: q.Scope, IDs: []string{q.Token}}, Limit: 1})
	if err != nil {
		return response.Grant{}, err
	}
	if len(page.Tokens) == 0 {
		return response.Grant{}, fmt.Errorf("token %s: %w", q.Token, store.ErrNotFound)
	}
	p, err := remember(ctx, s, q)
	if err != nil {
		return response.Grant{}, err
	}
	scopes := page.Tokens[0].Scopes
	var everybody []string
	if len(scopes) > 0 {
		if everybody, err = routes(ctx, s, q); err != nil {
			return response.Grant{}, err
		}
	}
	return p.grant(scopes, everybody), nil
}

// trouble is when the token's trouble began.
func trouble(ctx context.Context, s store.Store, q Question) (time.Time, error) {
	first := q.Now
	for cursor := ""; ; {
		page, err := s.Events(ctx, store.EventQuery{
			Filter: store.TokenFilter{Scope: q.Scope, IDs: []string{q.Token}}, Kinds: []string{store.EventAnomaly},
			From: q.Now.Add(-incident), To: q.Now.Add(day), Limit: 1_000, Cursor: cursor,
		})
		if err != nil {
			return first, err
		}
		for i := range page.Events {
			if at := page.Events[i].Time; at.Before(first) {
				first = at
			}
		}
		if cursor = page.Next; cursor == "" {
			return first, nil
		}
	}
}

// routes are those that anybody called while the grant was learned.
func routes(ctx context.Context, s store.Store, q Question) ([]string, error) {
	until := q.Until.UTC().Truncate(day)
	answer, err := s.Query(ctx, store.Query{
		Filter: store.TokenFilter{Scope: q.Scope}, From: until.Add(-time.Duration(q.Days) * day), To: until,
		Measure: store.MeasureRequests, Group: store.ByRoute, Limit: mostRoutes,
	})
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(answer.Series))
	for i := range answer.Series {
		all = append(all, answer.Series[i].Key)
	}
	return all, nil
}

// remember reads the days on which the grant is learned and tried, and as many before these as each of them needs for its own.
func remember(ctx context.Context, s store.Store, q Question) (*past, error) {
	today := q.Now.UTC().Truncate(day)
	until := q.Until.UTC().Truncate(day)
	p := &past{learned: q.Days, counted: q.Count, until: dayOf(until), today: dayOf(today)}
	from := today.Add(-time.Duration(q.Count-1+q.Days) * day)
	if start := until.Add(-time.Duration(q.Days) * day); start.Before(from) {
		from = start
	}
	latest := today.Add(-time.Duration(q.Count-1) * day)
	for _, level := range []struct {
		width time.Duration
		from  time.Time
		of    func(minute int64) *use
	}{{day, from, p.day}, {time.Hour, latest, p.hour}} {
		if err := read(ctx, s, q, level.from, today.Add(day), level.width, level.of); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// read takes in what the token did at one level of time.
func read(ctx context.Context, s store.Store, q Question, from, to time.Time, level time.Duration, of func(minute int64) *use) error {
	for _, part := range []struct {
		kind store.Kind
		take func(*store.SubjectUse)
	}{
		{store.Outcomes, func(u *store.SubjectUse) { of(u.At).requests += u.Value }},
		{store.Routes, func(u *store.SubjectUse) { of(u.At).routes[u.First] += u.Value }},
		{store.Origins, func(u *store.SubjectUse) { of(u.At).places[place{u.First, u.Second}] += u.Value }},
	} {
		question := store.FactQuery{Filter: store.TokenFilter{Scope: q.Scope, IDs: []string{q.Token}}, Kind: part.kind, From: from, To: to, Level: level}
		for use, err := range s.Facts(ctx, question) {
			if err != nil {
				return err
			}
			part.take(&use)
		}
	}
	return nil
}

func dayOf(at time.Time) int64 { return at.Unix() / int64(day/time.Second) }

// exercised says whether a call of a route needs one of the scopes.
func exercised(scopes []string, route string) bool {
	for _, scope := range scopes {
		if insight.Exercises(scope, route) {
			return true
		}
	}
	return false
}
