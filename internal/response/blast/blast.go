// Package blast tells the blast radius of an act: what it would have hit, had it been in force for the last days.
package blast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/grant"
	"github.com/holterhq/holter/internal/store"
)

const (
	day = 24 * time.Hour
	// DefaultDays is what an act is tried on.
	DefaultDays = 30
	// Patience is how long a store is asked at most: an act does not wait for what it would break to be counted.
	Patience = 3 * time.Second
	// named is how many routes and services are told by name.
	named = 5
)

// Question asks what an act would hit.
type Question struct {
	Token  string
	Action response.Action
	Grant  *response.Grant // that Restrict leaves; nil: what the token's past asks for
	Scope  store.Scope     // of who asks
	Days   int             // 0: 30
	Now    time.Time
}

// Of asks the store. It takes no longer than Patience; where there is no answer by then, the error is context.DeadlineExceeded.
func Of(ctx context.Context, s store.Store, q Question) (response.Blast, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, errSlow)
	defer cancel()
	b, err := of(ctx, s, q)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errSlow) {
		err = cause
	}
	if err != nil {
		return response.Blast{}, fmt.Errorf("what %s would break is not known: %w", q.Action, err)
	}
	return b, nil
}

var errSlow = fmt.Errorf("the store did not answer within %v: %w", Patience, context.DeadlineExceeded)

func of(ctx context.Context, s store.Store, q Question) (response.Blast, error) {
	q.Days = cmp.Or(q.Days, DefaultDays)
	f, err := ask(ctx, s, q)
	if err != nil {
		return response.Blast{}, err
	}
	if q.Action == response.Restrict {
		if q.Grant == nil {
			learned, err := grant.Learn(ctx, s, grant.Question{Token: q.Token, Scope: q.Scope, Now: q.Now, Count: q.Days})
			if err != nil {
				return response.Blast{}, err
			}
			q.Grant = &learned
		}
		f.beyond, f.narrows = q.Grant.Refused, q.Grant.Narrows()
	}
	return f.blast(q.Action, q.Days), nil
}

// ask reads what the token did.
func ask(ctx context.Context, s store.Store, q Question) (found, error) {
	filter := store.TokenFilter{Scope: q.Scope, IDs: []string{q.Token}}
	page, err := s.Tokens(ctx, store.TokenQuery{Filter: filter, Limit: 1})
	if err != nil {
		return found{}, err
	}
	if len(page.Tokens) == 0 {
		return found{}, fmt.Errorf("token %s: %w", q.Token, store.ErrNotFound)
	}
	f := found{last: page.Tokens[0].LastUse.At}
	for _, part := range []struct {
		group store.Group
		take  func(*store.Answer)
	}{
		{store.ByNothing, func(a *store.Answer) {
			for i := range a.Series {
				f.requests += int64(a.Series[i].Total)
			}
		}},
		{store.ByRoute, func(a *store.Answer) { f.routes = keysOf(a) }},
		{store.ByService, func(a *store.Answer) { f.services = keysOf(a) }},
	} {
		answer, err := s.Query(ctx, store.Query{
			Filter: filter, From: q.Now.Add(-time.Duration(q.Days) * day), To: q.Now, Measure: store.MeasureRequests, Group: part.group, Limit: named,
		})
		if err != nil {
			return found{}, err
		}
		part.take(&answer)
	}
	return f, nil
}

func keysOf(a *store.Answer) ranking {
	r := ranking{keys: a.Keys}
	for i := range a.Series {
		if a.Series[i].Key != "" {
			r.first = append(r.first, a.Series[i].Key)
		}
	}
	return r
}

// Radius answers for a store. It is what asks before an act.
type Radius struct {
	Store store.Store
	Now   func() time.Time
}

// Blast is what an action would have hit in the last days.
func (r Radius) Blast(ctx context.Context, token string, action response.Action, days int) (response.Blast, error) {
	return Of(ctx, r.Store, Question{Token: token, Action: action, Days: days, Now: r.Now()})
}

// Grant is the narrower grant that the token's past asks for; until is when its trouble began, zero where only its anomalies tell.
func (r Radius) Grant(ctx context.Context, token string, until time.Time) (response.Grant, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, errSlow)
	defer cancel()
	return grant.Learn(ctx, r.Store, grant.Question{Token: token, Now: r.Now(), Until: until})
}
