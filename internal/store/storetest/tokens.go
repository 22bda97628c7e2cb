package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func one(t *testing.T, s store.Store, id string) store.Token {
	t.Helper()
	page, err := s.Tokens(t.Context(), store.TokenQuery{Filter: store.TokenFilter{IDs: []string{id}}})
	require.NoError(t, err)
	require.Len(t, page.Tokens, 1)
	return page.Tokens[0]
}

func sightings(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	see := func(token store.Token, evidence *store.Evidence) {
		token.ID = "tok_a"
		require.NoError(t, s.Write(t.Context(), store.Batch{Sightings: []store.Sighting{{Token: token, Evidence: evidence}}}))
	}
	see(store.Token{Hint: "sk_…1", OwnerID: "ann", Tags: map[string]string{"plan": "free"}, Scopes: []string{"read"}, LastUse: store.Use{At: monday.Add(time.Hour), Country: "DE", Trace: "1"}}, nil)
	see(store.Token{OwnerID: "old", Type: "api_key", LastUse: store.Use{At: monday, Country: "NL"}}, &store.Evidence{At: monday, Nats: 1, Threshold: 10})
	is := one(t, s, "tok_a")
	assert.Equal(t, "ann", is.OwnerID, "an earlier use changes nothing that is known")
	assert.Equal(t, "api_key", is.Type, "but fills what is not")
	assert.Equal(t, "DE", is.LastUse.Country)
	assert.True(t, is.FirstSeen.Equal(monday))
	assert.Equal(t, 1.0, is.Evidence.Nats)

	see(store.Token{OwnerID: "bob", Tags: map[string]string{"plan": "pro"}, LastUse: store.Use{At: monday.Add(2 * time.Hour), Country: "US", Client: "curl"}}, &store.Evidence{At: monday.Add(time.Hour), Nats: 2, Threshold: 10, Frozen: true})
	see(store.Token{}, &store.Evidence{At: monday.Add(time.Minute), Nats: 9})
	check := func() {
		is := one(t, s, "tok_a")
		assert.Equal(t, "bob", is.OwnerID)
		assert.Equal(t, "sk_…1", is.Hint)
		assert.Equal(t, map[string]string{"plan": "pro"}, is.Tags)
		assert.Equal(t, []string{"read"}, is.Scopes)
		assert.Equal(t, store.Use{At: monday.Add(2 * time.Hour), Country: "US", Client: "curl"}, is.LastUse)
		assert.Equal(t, 2.0, is.Evidence.Nats)
		assert.True(t, is.Evidence.Frozen)
		assert.True(t, is.FirstSeen.Equal(monday))
	}
	check()
	require.NoError(t, s.Close())
	s = open(t, folder)
	check()
	require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 1)))
	check()
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: []store.Fact{requests(monday.Add(3*time.Hour), "tok_a", "bob", 5)}}))
	assert.True(t, one(t, s, "tok_a").LastUse.At.Equal(monday.Add(3*time.Hour)), "a fact says that it was used")
	assert.Equal(t, int64(5), one(t, s, "tok_a").Requests)
	require.NoError(t, s.Close())
}

func registry(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	require.NoError(t, s.Write(t.Context(), store.Batch{
		Facts:     []store.Fact{requests(monday, "tok_a", "ann", 7)},
		Sightings: []store.Sighting{{Token: store.Token{ID: "tok_a", OwnerID: "ann", Status: "active", LastUse: store.Use{At: monday, Country: "DE"}}}},
	}))
	require.NoError(t, s.PutTokens(t.Context(), []store.Token{
		{ID: "tok_a", OwnerID: "bob", Status: "leaked", ExpiresAt: monday.AddDate(1, 0, 0)}, {ID: "tok_never", OwnerID: "bob", Hint: "sk_…9"},
	}))
	require.NoError(t, s.PutTokens(t.Context(), []store.Token{{ID: "tok_a", Hint: "sk_…1"}}))
	for range 2 {
		is := one(t, s, "tok_a")
		assert.Equal(t, []string{"bob", "leaked", "sk_…1", "DE"}, []string{is.OwnerID, is.Status, is.Hint, is.LastUse.Country})
		assert.Equal(t, int64(7), is.Requests)
		assert.True(t, is.ExpiresAt.Equal(monday.AddDate(1, 0, 0)))
		never := one(t, s, "tok_never")
		assert.True(t, never.LastUse.At.IsZero())
		assert.True(t, never.FirstSeen.IsZero())
		require.NoError(t, s.Close())
		s = open(t, folder)
	}
	assert.Error(t, s.PutTokens(t.Context(), []store.Token{{OwnerID: "nobody"}}))
	require.NoError(t, s.Close())
}

func owners(t *testing.T, open Open) {
	s := opened(t, open)
	nobodys := requests(monday, "tok_a", "", 7)
	nobodys.Subject.Team = ""
	require.NoError(t, s.Write(t.Context(), store.Batch{
		Facts: []store.Fact{nobodys, requests(monday, "tok_b", "ann", 5)},
		Sightings: []store.Sighting{
			{Token: store.Token{ID: "tok_a", LastUse: store.Use{At: monday}}}, {Token: store.Token{ID: "tok_b", OwnerID: "ann", LastUse: store.Use{At: monday}}},
		},
	}))
	require.NoError(t, s.PutTokens(t.Context(), []store.Token{{ID: "tok_a", OwnerID: "bob", OwnerTeam: "pay"}, {ID: "tok_b", OwnerID: "bob", OwnerTeam: "pay"}}))
	day := store.Query{From: monday, To: monday.AddDate(0, 0, 1), Measure: store.MeasureRequests, Group: store.ByOwner}
	answer, err := s.Query(t.Context(), day)
	require.NoError(t, err)
	require.Len(t, answer.Series, 2)
	assert.Equal(t, []any{"bob", 7.0, "ann", 5.0}, []any{answer.Series[0].Key, answer.Series[0].Total, answer.Series[1].Key, answer.Series[1].Total})
	day.Filter.Scope.Teams, day.Group = []string{"pay"}, store.ByTeam
	answer, err = s.Query(t.Context(), day)
	require.NoError(t, err)
	require.Len(t, answer.Series, 1)
	assert.Equal(t, []any{"pay", 7.0}, []any{answer.Series[0].Key, answer.Series[0].Total})
	for u, err := range s.Facts(t.Context(), store.FactQuery{Filter: store.TokenFilter{Owners: []string{"bob"}}, Kind: store.Outcomes, From: day.From, To: day.To, Level: time.Hour}) {
		require.NoError(t, err)
		assert.Equal(t, store.Subject{Token: "tok_a", Owner: "bob", Team: "pay"}, u.Subject)
	}
}

func tokenPages(t *testing.T, open Open) {
	s := opened(t, open)
	var all []store.Sighting
	for i := range 250 {
		all = append(all, store.Sighting{
			Token: store.Token{
				ID: fmt.Sprintf("tok_%03d", i), Direction: []string{"inbound", "outbound"}[i%2], Hint: fmt.Sprintf("sk_…%04d", 9999-i), OwnerID: fmt.Sprintf("owner-%d", i%7), OwnerName: fmt.Sprintf("Owner %d", i%7),
				OwnerTeam: fmt.Sprintf("team-%d", i%3), Tenant: fmt.Sprintf("tenant-%d", i%2), Environment: []string{"production", "holter-demo"}[i/200], Status: []string{"active", "leaked"}[i%50/49],
				Tags: map[string]string{"plan": []string{"free", "pro"}[i%2], "url": "http://x"}, LastUse: store.Use{At: monday.Add(time.Duration(i%100) * time.Minute)},
			},
			Evidence: &store.Evidence{At: monday, Nats: float64(i % 11), Threshold: 10},
		})
	}
	require.NoError(t, s.Write(t.Context(), store.Batch{Sightings: all}))
	for _, tt := range []struct {
		name   string
		filter store.TokenFilter
		wants  func(i int) bool
	}{
		{"all", store.TokenFilter{}, func(int) bool { return true }},
		{"ids", store.TokenFilter{IDs: []string{"tok_001", "tok_200", "tok_999"}}, func(i int) bool { return i == 1 || i == 200 }},
		{"owners", store.TokenFilter{Owners: []string{"owner-1", "owner-2"}}, func(i int) bool { return i%7 == 1 || i%7 == 2 }},
		{"owner and team", store.TokenFilter{Owners: []string{"owner-1"}, Teams: []string{"team-0"}}, func(i int) bool { return i%7 == 1 && i%3 == 0 }},
		{"tags", store.TokenFilter{Tags: []string{"plan:pro"}}, func(i int) bool { return i%2 == 1 }},
		{"a tag with a colon", store.TokenFilter{Tags: []string{"url:http://x"}}, func(int) bool { return true }},
		{"environments", store.TokenFilter{Environments: []string{"holter-demo"}}, func(i int) bool { return i >= 200 }},
		{"not environments", store.TokenFilter{NotEnvironments: []string{"holter-demo"}}, func(i int) bool { return i < 200 }},
		{"statuses", store.TokenFilter{Statuses: []string{"leaked"}}, func(i int) bool { return i%50 == 49 }},
		{"directions", store.TokenFilter{Directions: []string{"outbound"}}, func(i int) bool { return i%2 == 1 }},
		{"text in the hint", store.TokenFilter{Text: "SK_…9990"}, func(i int) bool { return i == 9 }},
		{"text in the owner's name", store.TokenFilter{Text: "owner 3"}, func(i int) bool { return i%7 == 3 }},
		{"text in a tag", store.TokenFilter{Text: "PRO"}, func(i int) bool { return i%2 == 1 }},
		{"seen before", store.TokenFilter{SeenBefore: monday.Add(10 * time.Minute)}, func(i int) bool { return i%100 < 10 }},
		{"seen since", store.TokenFilter{SeenSince: monday.Add(90 * time.Minute)}, func(i int) bool { return i%100 >= 90 }},
		{"new since", store.TokenFilter{NewSince: monday.Add(90 * time.Minute)}, func(i int) bool { return i%100 >= 90 }},
		{"scope", store.TokenFilter{Scope: store.Scope{Tenants: []string{"tenant-1"}, Teams: []string{"team-1"}}}, func(i int) bool { return i%2 == 1 && i%3 == 1 }},
	} {
		var want []string
		for i := range 250 {
			if tt.wants(i) {
				want = append(want, fmt.Sprintf("tok_%03d", i))
			}
		}
		for _, sort := range []string{"", "id", "-id", "last_used", "-last_used", "first_seen", "requests", "-evidence", "owner", "hint", "-hint"} {
			var got []store.Token
			q := store.TokenQuery{Filter: tt.filter, Sort: sort, Limit: 13}
			for {
				page, err := s.Tokens(t.Context(), q)
				require.NoError(t, err)
				assert.Equal(t, len(want), page.Total)
				got = append(got, page.Tokens...)
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			ids := make([]string, len(got))
			for i := range got {
				ids[i] = got[i].ID
			}
			switch sort {
			case "last_used":
				assert.True(t, slices.IsSortedFunc(got, func(a, b store.Token) int { return a.LastUse.At.Compare(b.LastUse.At) }))
			case "-evidence":
				assert.True(t, slices.IsSortedFunc(got, func(a, b store.Token) int { return int(b.Evidence.Nats - a.Evidence.Nats) }))
			}
			slices.Sort(ids)
			require.Equal(t, want, ids, "%s by %q", tt.name, sort)
		}
	}
	_, err := s.Tokens(t.Context(), store.TokenQuery{Sort: "colour"})
	assert.ErrorContains(t, err, "last_used")
	_, err = s.Tokens(t.Context(), store.TokenQuery{Cursor: "?"})
	assert.Error(t, err)
}

// scopes asks every method that answers for somebody.
func scopes(t *testing.T, open Open) {
	s := opened(t, open)
	for i, team := range []string{"red", "blue"} {
		token, subject := "tok_"+team, store.Subject{Token: "tok_" + team, Owner: "of-" + team, Team: team}
		require.NoError(t, s.Write(t.Context(), store.Batch{
			Facts: []store.Fact{
				{Minute: minuteOf(monday), Kind: store.Outcomes, Subject: subject, First: "success", Value: int64(i + 1)},
				{Minute: minuteOf(monday), Kind: store.RouteDurations, First: "GET /", Second: "success", Value: 1, Histogram: &store.Histogram{Counts: []uint64{1}}},
				{Minute: minuteOf(monday), Kind: store.Coverage, First: "shop", Second: "with", Value: 1},
				{Minute: minuteOf(monday), Kind: store.Outcomes, Overflow: true, Value: 100},
			},
			Sightings: []store.Sighting{{Token: store.Token{ID: token, OwnerTeam: team, Tenant: "tenant-" + team, LastUse: store.Use{At: monday}}}},
		}))
		require.NoError(t, s.PutEvents(t.Context(), []store.Event{
			{ID: "a" + team, Time: monday, Kind: store.EventAnomaly, Token: token, Team: team},
			{ID: "b" + team, Time: monday, Kind: store.EventBaseline, Token: token, Direction: "inbound"},
			{ID: "c" + team, Time: monday, Kind: store.EventAnomaly, Name: "population_shift"},
		}))
	}
	span := store.Query{From: monday, To: monday.Add(time.Hour), Measure: store.MeasureRequests}
	for _, scope := range []store.Scope{{Teams: []string{"red"}}, {Tenants: []string{"tenant-red"}}, {Teams: []string{"red"}, Tenants: []string{"tenant-red"}}} {
		filter := store.TokenFilter{Scope: scope}
		for _, more := range []store.TokenFilter{filter, {Scope: scope, IDs: []string{"tok_blue", "tok_red"}}, {Scope: scope, Owners: []string{"of-red", "of-blue"}}, {Scope: scope, NotEnvironments: []string{"x"}}} {
			q := span
			q.Filter = more
			assert.Equal(t, 1.0, total(t, s, q))
			for _, group := range []store.Group{store.ByToken, store.ByOwner, store.ByTeam, "tag:x", store.ByOutcome} {
				q.Group = group
				answer, err := s.Query(t.Context(), q)
				require.NoError(t, err)
				require.Len(t, answer.Series, 1, "%s", group)
				assert.Equal(t, 1.0, answer.Series[0].Total)
				assert.Zero(t, answer.Rest.Total)
			}
			n := 0
			for u, err := range s.Facts(t.Context(), store.FactQuery{Filter: more, Kind: store.Outcomes, From: monday, To: monday.Add(time.Hour), Level: time.Minute}) {
				require.NoError(t, err)
				assert.Equal(t, "tok_red", u.Subject.Token)
				n++
			}
			assert.Equal(t, 1, n)
		}
		for _, kind := range []store.Kind{store.RouteDurations, store.Coverage} {
			for u, err := range s.Facts(t.Context(), store.FactQuery{Filter: filter, Kind: kind, From: monday, To: monday.Add(time.Hour), Level: time.Minute}) {
				t.Errorf("what nobody is named for shows what all do: %+v, %v", u, err)
			}
		}
		page, err := s.Tokens(t.Context(), store.TokenQuery{Filter: filter})
		require.NoError(t, err)
		require.Len(t, page.Tokens, 1)
		assert.Equal(t, 1, page.Total)
		found, err := s.Events(t.Context(), store.EventQuery{Filter: filter})
		require.NoError(t, err)
		assert.Len(t, found.Events, 2)
		found, err = s.Events(t.Context(), store.EventQuery{Filter: filter, IDs: []string{"ablue", "cblue"}})
		require.NoError(t, err)
		assert.Empty(t, found.Events)
		_, err = s.Baseline(t.Context(), scope, "tok_red", "inbound")
		assert.NoError(t, err)
		_, err = s.Baseline(t.Context(), scope, "tok_blue", "inbound")
		assert.ErrorIs(t, err, store.ErrNotFound)
	}
	assert.Equal(t, 203.0, total(t, s, span))
	for _, kind := range []store.Kind{store.RouteDurations, store.Coverage} {
		n := 0
		for _, err := range s.Facts(t.Context(), store.FactQuery{Filter: store.TokenFilter{NotEnvironments: []string{"x"}}, Kind: kind, From: monday, To: monday.Add(time.Hour), Level: time.Minute}) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 1, n)
	}
}
