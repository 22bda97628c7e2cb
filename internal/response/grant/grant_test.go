package grant

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

var now = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)

// town is a store with a token in it.
type town struct {
	store.Store
	t     *testing.T
	facts []store.Fact
}

func newTown(t *testing.T, scopes ...string) *town {
	t.Helper()
	return townOf(t, store.Retention{}, scopes...)
}

func townOf(t *testing.T, kept store.Retention, scopes ...string) *town {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir(), Sync: -1, Retention: kept})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.PutTokens(t.Context(), []store.Token{{ID: "tok_a", Scopes: scopes, OwnerTeam: "shop"}}))
	return &town{Store: s, t: t}
}

// used plants requests so many days ago, at noon.
func (w *town) used(token string, ago int, n int64, route, country, network string) {
	w.usedAt(now.AddDate(0, 0, -ago), token, n, route, country, network)
}

func (w *town) usedAt(at time.Time, token string, n int64, route, country, network string) {
	minute := at.Unix() / 60
	for _, f := range []store.Fact{
		{Kind: store.Outcomes, First: "success"}, {Kind: store.Routes, First: route}, {Kind: store.Origins, First: country, Second: network},
	} {
		f.Minute, f.Subject, f.Value = minute, store.Subject{Token: token, Team: "shop"}, n
		f.Overflow = f.Kind == store.Routes && route == ""
		w.facts = append(w.facts, f)
	}
}

func (w *town) learn(q Question) response.Grant {
	w.t.Helper()
	require.NoError(w.t, w.Write(w.t.Context(), store.Batch{Facts: w.facts}))
	require.NoError(w.t, w.Maintain(w.t.Context(), now))
	w.facts = nil
	q.Token, q.Now = "tok_a", now
	g, err := Learn(w.t.Context(), w, q)
	require.NoError(w.t, err)
	return g
}

// calm is a month of two routes from one network.
func (w *town) calm() {
	for ago := 1; ago <= 60; ago++ {
		w.used("tok_a", ago, 8, "GET /v1/orders", "DE", "AS3320")
		w.used("tok_a", ago, 2, "GET /v1/orders/{id}", "DE", "AS3320")
		w.used("tok_b", ago, 5, "POST /v1/orders", "FR", "AS1")
		w.used("tok_b", ago, 5, "GET /v1/exports", "FR", "AS1")
	}
}

func TestAThiefsRequestsAreNotPartOfTheGrant(t *testing.T) {
	w := newTown(t, "orders:read", "orders:write", "exports", "openid")
	w.calm()
	w.usedAt(now.Add(-time.Hour), "tok_a", 30, "GET /v1/exports", "NL", "AS1136")
	w.used("tok_a", 0, 4, "GET /v1/orders", "DE", "AS3320")
	require.NoError(t, w.PutEvents(t.Context(), []store.Event{{ID: "1", Kind: store.EventAnomaly, Token: "tok_a", Time: now.Add(-time.Hour)}}))
	g := w.learn(Question{})
	assert.Equal(t, response.Grant{
		Days: 30, Active: 30, Counted: 30, Requests: 29*10 + 34, Refused: 30, Unforeseen: 30,
		Scopes: []string{"orders:read", "openid"}, Idle: []string{"orders:write", "exports"},
		Routes: []string{"GET /v1/orders", "GET /v1/orders/{id}"}, Networks: []string{"AS3320"}, Countries: []string{"DE"},
		Sentence: "It needs 2 routes, 1 network, 1 country, as 30 days of use tell. No request exercised orders:write, exports. " +
			"Of its 324 requests of the last 30 days no more would have been refused than 30. " +
			"A grant learned anew each day would have refused 30: so much of what it does is new to it.",
	}, g)
	assert.True(t, g.Narrows())
}

// A route that came up in the month is in the grant: only a grant of before could not have known of it. That has to be said.
func TestWhatWasNewOnItsDayIsCountedAsUnforeseen(t *testing.T) {
	w := newTown(t)
	w.calm()
	for ago := 1; ago <= 10; ago++ {
		w.used("tok_a", ago, 3, "GET /v2/orders", "DE", "AS3320")
	}
	w.used("tok_a", 4, 5, "GET /v1/orders", "AT", "AS8447")
	g := w.learn(Question{})
	assert.Contains(t, g.Routes, "GET /v2/orders")
	assert.Zero(t, g.Refused, "it was learned on them")
	assert.EqualValues(t, 3+5, g.Unforeseen, "its first day, and the one from Austria")
	assert.Equal(t, []string{"AS3320", "AS8447"}, g.Networks)
}

func TestTheTroublesBeginningCanBeTold(t *testing.T) {
	w := newTown(t)
	w.calm()
	w.usedAt(now.AddDate(0, 0, -12).Add(-9*time.Hour), "tok_a", 7, "GET /v1/exports", "NL", "AS1136")
	g := w.learn(Question{Until: now.AddDate(0, 0, -12), Days: 20})
	assert.Equal(t, 20, g.Days)
	assert.NotContains(t, g.Routes, "GET /v1/exports")
	assert.EqualValues(t, 7, g.Refused)
}

func TestWhatIsNotKnownRestrictsNothing(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		plant                   func(*town)
		routes, networks, lands int
	}{
		{"routes beyond the limit of series", func(w *town) { w.used("tok_a", 3, 1, "", "DE", "AS3320") }, 0, 1, 1},
		{"no network", func(w *town) { w.used("tok_a", 3, 1, "GET /v1/orders", "DE", "") }, 2, 0, 1},
		{"no country", func(w *town) { w.used("tok_a", 3, 1, "GET /v1/orders", "", "AS3320") }, 2, 1, 0},
		{"more networks than anybody lists", func(w *town) {
			for i := range mostListed + 1 {
				w.used("tok_a", 3, 1, "GET /v1/orders", "DE", "AS9"+string(rune('0'+i%10))+string(rune('0'+i/10%10))+string(rune('0'+i/100)))
			}
		}, 2, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTown(t, "orders:write")
			w.calm()
			tt.plant(w)
			g := w.learn(Question{})
			assert.Equal(t, []int{tt.routes, tt.networks, tt.lands}, []int{len(g.Routes), len(g.Networks), len(g.Countries)})
			assert.Equal(t, tt.routes > 0, len(g.Idle) > 0, "a route that is not known may exercise any scope")
			assert.Zero(t, g.Refused)
		})
	}
}

// Where hours are kept for a shorter time than is tried, their day answers: what is beyond routes and places may then count twice.
func TestTheDayAnswersWhereItsHoursAreGone(t *testing.T) {
	w := townOf(t, store.Retention{Minutes: time.Hour, Hours: 3 * 24 * time.Hour})
	w.calm()
	thief := now.AddDate(0, 0, -12).Add(-9 * time.Hour)
	w.usedAt(thief, "tok_a", 7, "GET /v1/exports", "NL", "AS1136")
	g := w.learn(Question{Until: thief})
	assert.EqualValues(t, 7, g.Refused)
	for range 3 {
		require.NoError(t, w.Maintain(t.Context(), now.Add(time.Hour)))
	}
	g = w.learn(Question{Until: thief})
	assert.EqualValues(t, 14, g.Refused)
}

func TestAShortPastNarrowsNothing(t *testing.T) {
	w := newTown(t, "orders:read")
	for ago := 1; ago <= 4; ago++ {
		w.used("tok_a", ago, 100, "GET /v1/orders", "DE", "AS3320")
	}
	g := w.learn(Question{})
	assert.False(t, g.Narrows())
	assert.Equal(t, "Used on 4 of the 30 days before: too little to tell what it needs.", g.Sentence)
	assert.EqualValues(t, 400, g.Requests)
}

func TestNobodyLearnsOfOtherPeoplesTokens(t *testing.T) {
	w := newTown(t)
	_, err := Learn(t.Context(), w, Question{Token: "tok_a", Now: now, Scope: store.Scope{Teams: []string{"billing"}}})
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestASlowStoreIsNotWaitedFor(t *testing.T) {
	w := newTown(t)
	w.calm()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Learn(ctx, w, Question{Token: "tok_a", Now: now})
	require.ErrorIs(t, err, context.Canceled)
}
