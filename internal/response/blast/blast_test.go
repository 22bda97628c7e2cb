package blast

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

var now = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir(), Sync: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func plant(t *testing.T, s store.Store) {
	t.Helper()
	var facts []store.Fact
	add := func(token string, ago time.Duration, n int64, route, service, network string) {
		for _, f := range []store.Fact{
			{Kind: store.Outcomes, First: "success"},
			{Kind: store.Routes, First: route},
			{Kind: store.Releases, First: service, Second: "1"},
			{Kind: store.Origins, First: "DE", Second: network},
		} {
			f.Minute, f.Subject, f.Value = now.Add(-ago).Unix()/60, store.Subject{Token: token}, n
			facts = append(facts, f)
		}
	}
	for d := 1; d <= 40; d++ {
		add("tok_a", time.Duration(d)*day, 10, "GET /v1/orders", "shop", "AS3320")
		add("tok_a", time.Duration(d)*day, 2, "POST /v1/orders", "shop", "AS3320")
		add("tok_b", time.Duration(d)*day, 99, "GET /v1/mails", "mail", "AS1")
	}
	add("tok_a", time.Minute, 5, "GET /v1/exports", "billing", "AS9")
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: facts, Sightings: []store.Sighting{
		{Token: store.Token{ID: "tok_a", LastUse: store.Use{At: now.Add(-time.Minute)}}},
		{Token: store.Token{ID: "tok_b", LastUse: store.Use{At: now}}},
	}}))
	require.NoError(t, s.PutTokens(t.Context(), []store.Token{{ID: "tok_idle"}}))
	require.NoError(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Kind: store.EventAnomaly, Token: "tok_a", Time: now.Add(-time.Minute)}}))
}

func TestBlastIsWhatTheActWouldHaveHit(t *testing.T) {
	s := open(t)
	plant(t, s)
	const last = "2026-06-30T11:59:00Z"
	routes, services := []string{"GET /v1/orders", "POST /v1/orders", "GET /v1/exports"}, []string{"shop", "billing"}
	for _, tt := range []struct {
		action response.Action
		days   int
		want   response.Blast
	}{
		{response.Lock, 0, response.Blast{
			Days: 30, Requests: 30*12 + 5, Refused: 30*12 + 5, Routes: routes, Services: services, Last: last,
			Sentence: "Locking it would have refused all 365 requests of the last 30 days, on GET /v1/orders, POST /v1/orders and 1 more of " +
				"shop and billing; the latest on 2026-06-30 11:59 UTC.",
		}},
		{response.Lock, 7, response.Blast{
			Days: 7, Requests: 7*12 + 5, Refused: 7*12 + 5, Routes: routes, Services: services, Last: last,
			Sentence: "Locking it would have refused all 89 requests of the last 7 days, on GET /v1/orders, POST /v1/orders and 1 more of " +
				"shop and billing; the latest on 2026-06-30 11:59 UTC.",
		}},
		{response.Restrict, 0, response.Blast{
			Days: 30, Requests: 30*12 + 5, Refused: 5, Routes: routes, Services: services, Last: last,
			Sentence: "Restricting it to what it needs would have refused 5 of 365 requests of the last 30 days, on GET /v1/orders, " +
				"POST /v1/orders and 1 more of shop and billing; the latest on 2026-06-30 11:59 UTC.",
		}},
		{response.Reauthenticate, 0, response.Blast{
			Days: 30, Requests: 30*12 + 5, Refused: 30*12 + 5, Routes: routes, Services: services, Last: last,
			Sentence: "Until its holder logs in again nothing works: it made 365 requests of the last 30 days, on GET /v1/orders, " +
				"POST /v1/orders and 1 more of shop and billing; the latest on 2026-06-30 11:59 UTC.",
		}},
	} {
		t.Run(tt.action.String(), func(t *testing.T) {
			got, err := Radius{Store: s, Now: func() time.Time { return now }}.Blast(t.Context(), "tok_a", tt.action, tt.days)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestWhoWasNeverSeenBreaksNothing(t *testing.T) {
	s := open(t)
	plant(t, s)
	b, err := Of(t.Context(), s, Question{Token: "tok_idle", Action: response.Lock, Now: now})
	require.NoError(t, err)
	assert.Equal(t, response.Blast{Days: 30, Sentence: "It is not known to have been used."}, b)
	b, err = Of(t.Context(), s, Question{Token: "tok_a", Action: response.Lock, Now: now.AddDate(0, 3, 0)})
	require.NoError(t, err)
	assert.Equal(t, "It was not used in the last 30 days, but last on 2026-06-30 11:59 UTC.", b.Sentence)
}

func TestATokenThatNobodyKnowsIsAnError(t *testing.T) {
	s := open(t)
	plant(t, s)
	_, err := Of(t.Context(), s, Question{Token: "tok_x", Action: response.Lock, Now: now})
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorContains(t, err, "what lock would break is not known")
	_, err = Of(t.Context(), s, Question{Token: "tok_a", Action: response.Lock, Now: now, Scope: store.Scope{Teams: []string{"others"}}})
	require.ErrorIs(t, err, store.ErrNotFound)
}

// stuck is a store whose disk does not answer.
type stuck struct{ store.Store }

func (stuck) Query(ctx context.Context, _ store.Query) (store.Answer, error) {
	<-ctx.Done()
	return store.Answer{}, ctx.Err()
}

func (stuck) Facts(ctx context.Context, _ store.FactQuery) iter.Seq2[store.SubjectUse, error] {
	return func(yield func(store.SubjectUse, error) bool) {
		<-ctx.Done()
		yield(store.SubjectUse{}, ctx.Err())
	}
}

func (stuck) Tokens(context.Context, store.TokenQuery) (store.TokenPage, error) {
	return store.TokenPage{Tokens: []store.Token{{ID: "tok_a"}}}, nil
}

func (stuck) Events(context.Context, store.EventQuery) (store.EventPage, error) {
	return store.EventPage{}, nil
}

func TestAStoreThatHangsIsGivenUp(t *testing.T) {
	for _, action := range []response.Action{response.Lock, response.Restrict} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := Of(t.Context(), stuck{}, Question{Token: "tok_a", Action: action, Now: now})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "the store did not answer within 3s")
			assert.Equal(t, Patience, time.Since(began), "in the bubble's time")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := Radius{Store: stuck{}, Now: func() time.Time { return now }}.Grant(t.Context(), "tok_a", now)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
