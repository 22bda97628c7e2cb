package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func events(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	var all []store.Event
	for i := range 100 {
		all = append(all, store.Event{
			ID: fmt.Sprintf("id-%02d", i), Time: monday.Add(time.Duration(i/2) * time.Second), Kind: []string{store.EventAnomaly, store.EventAuth}[i%2], Name: fmt.Sprintf("name-%d", i%3),
			Severity: []string{"WARN", "ERROR"}[i%2], Token: fmt.Sprintf("tok_%d", i%5), Owner: fmt.Sprintf("owner-%d", i%2), Body: "something happened",
			Attributes: json.RawMessage(fmt.Sprintf(`{"number":%d,"long":%q}`, i, strings.Repeat("x", i*10))),
		})
	}
	require.NoError(t, s.PutEvents(t.Context(), all))
	all[7].Body = "it was something else"
	require.NoError(t, s.PutEvents(t.Context(), all[7:8]))
	require.NoError(t, s.Close())
	s = open(t, folder)
	defer func() { assert.NoError(t, s.Close()) }()
	for _, tt := range []struct {
		query store.EventQuery
		wants func(i int) bool
	}{
		{store.EventQuery{}, func(int) bool { return true }},
		{store.EventQuery{Kinds: []string{store.EventAuth}}, func(i int) bool { return i%2 == 1 }},
		{store.EventQuery{Names: []string{"name-0", "name-1"}, Severities: []string{"WARN"}}, func(i int) bool { return i%3 < 2 && i%2 == 0 }},
		{store.EventQuery{Filter: store.TokenFilter{IDs: []string{"tok_3"}}}, func(i int) bool { return i%5 == 3 }},
		{store.EventQuery{Filter: store.TokenFilter{Owners: []string{"owner-1"}}}, func(i int) bool { return i%2 == 1 }},
		{store.EventQuery{From: monday.Add(10 * time.Second), To: monday.Add(20 * time.Second)}, func(i int) bool { return i >= 20 && i < 40 }},
		{store.EventQuery{IDs: []string{"id-07", "id-70"}}, func(i int) bool { return i == 7 || i == 70 }},
	} {
		var want []store.Event
		for i := range all {
			if i = len(all) - 1 - i; tt.wants(i) {
				want = append(want, all[i])
			}
		}
		var got []store.Event
		q := tt.query
		q.Limit = 9
		for {
			page, err := s.Events(t.Context(), q)
			require.NoError(t, err)
			got = append(got, page.Events...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		require.Equal(t, want, got, "%+v", tt.query)
	}
	assert.Error(t, s.PutEvents(t.Context(), []store.Event{{Body: "who?"}}))
	_, err := s.Events(t.Context(), store.EventQuery{Cursor: "?"})
	assert.Error(t, err)
}

func baselines(t *testing.T, open Open) {
	s := opened(t, open)
	put := func(id, direction string, day int) {
		require.NoError(t, s.PutEvents(t.Context(), []store.Event{{
			ID: id, Kind: store.EventBaseline, Token: "tok_a", Direction: direction, Time: monday.AddDate(0, 0, day), Attributes: json.RawMessage(`{"baseline.days":21}`),
		}}))
	}
	put("2", "inbound", 2)
	put("1", "inbound", 1)
	put("3", "outbound", 3)
	for _, tt := range []struct{ direction, want string }{{"inbound", "2"}, {"outbound", "3"}, {"", "3"}} {
		is, err := s.Baseline(t.Context(), store.Scope{}, "tok_a", tt.direction)
		require.NoError(t, err)
		assert.Equal(t, tt.want, is.ID)
		assert.JSONEq(t, `{"baseline.days":21}`, string(is.Attributes))
	}
	_, err := s.Baseline(t.Context(), store.Scope{}, "tok_b", "")
	assert.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Maintain(t.Context(), monday.AddDate(1, 0, 0)))
	is, err := s.Baseline(t.Context(), store.Scope{}, "tok_a", "inbound")
	require.NoError(t, err)
	assert.Equal(t, "2", is.ID, "it outlives the others")
}

func journal(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	entries := []store.Entry{
		{Time: monday, Kind: store.EntryFeedback, Token: "tok_a", By: "ann", Body: "benign", Attributes: json.RawMessage(`{"facet":"country"}`)},
		{Time: monday, Kind: store.EntryApproval},
	}
	require.NoError(t, s.Append(t.Context(), entries))
	assert.Equal(t, []uint64{1, 2}, []uint64{entries[0].Sequence, entries[1].Sequence})
	require.NoError(t, s.Append(t.Context(), []store.Entry{{Time: monday, Kind: store.EntryAudit}}))
	require.NoError(t, s.SetCursor(t.Context(), "receiver", 2))
	require.NoError(t, s.Close())
	s = open(t, folder)
	defer func() { assert.NoError(t, s.Close()) }()
	got, err := s.Journal(t.Context(), 0, 2)
	require.NoError(t, err)
	assert.Equal(t, entries, got)
	at, err := s.Cursor(t.Context(), "receiver")
	require.NoError(t, err)
	assert.Equal(t, uint64(2), at)
	got, err = s.Journal(t.Context(), at, 10)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, uint64(3), got[0].Sequence)
	at, err = s.Cursor(t.Context(), "another")
	require.NoError(t, err)
	assert.Zero(t, at)
	require.NoError(t, s.Maintain(t.Context(), monday.AddDate(3, 0, 0)))
	next := []store.Entry{{Time: monday.AddDate(3, 0, 0), Kind: store.EntryAudit}}
	require.NoError(t, s.Append(t.Context(), next))
	assert.Equal(t, uint64(4), next[0].Sequence, "a sequence is not given twice")
	got, err = s.Journal(t.Context(), 0, 10)
	require.NoError(t, err)
	assert.Len(t, got, 1, "what is past its retention is gone")
}

func erasure(t *testing.T, open Open) {
	for _, tt := range []struct {
		name string
		what store.Erasure
		gone []string
	}{
		{"tokens", store.Erasure{Tokens: []string{"tok_1"}}, []string{"tok_1"}},
		{"owner", store.Erasure{Owner: "owner-2"}, []string{"tok_2"}},
		{"environment", store.Erasure{Environment: "holter-demo"}, []string{"tok_3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			s := open(t, folder)
			for i := 1; i <= 3; i++ {
				id, owner, environment := fmt.Sprintf("tok_%d", i), fmt.Sprintf("owner-%d", i), "production"
				if i == 3 {
					environment = "holter-demo"
				}
				service, route := "service-"+environment, "GET /"+environment
				subject := store.Subject{Token: id, Owner: owner, Team: "team"}
				batch := store.Batch{Sightings: []store.Sighting{{Token: store.Token{
					ID: id, OwnerID: owner, Hint: fmt.Sprintf("sk_…%d", i), Environment: environment, LastUse: store.Use{At: monday.AddDate(0, 0, 1)},
				}}}}
				for day := range 2 {
					at := minuteOf(monday.AddDate(0, 0, day))
					batch.Facts = append(batch.Facts,
						store.Fact{Minute: at, Kind: store.Outcomes, Subject: subject, First: "success", Value: int64(i * 10)},
						store.Fact{Minute: at, Kind: store.Releases, Subject: subject, First: service, Second: "1", Value: 1},
						store.Fact{Minute: at, Kind: store.Routes, Subject: subject, First: route, Value: 1},
						store.Fact{Minute: at, Kind: store.Coverage, First: service, Second: "with", Value: 1},
						store.Fact{Minute: at, Kind: store.RouteDurations, First: route, Second: "success", Value: 1, Histogram: &store.Histogram{Counts: []uint64{1}}},
					)
				}
				require.NoError(t, s.Write(t.Context(), batch))
				require.NoError(t, s.PutEvents(t.Context(), []store.Event{
					{ID: "event-" + id, Kind: store.EventAnomaly, Token: id, Owner: owner, Time: monday},
					{ID: "baseline-" + id, Kind: store.EventBaseline, Token: id, Owner: owner, Time: monday},
				}))
				require.NoError(t, s.Append(t.Context(), []store.Entry{{Kind: store.EntryFeedback, Token: id, Time: monday, Body: "of " + id}}))
				require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 2)))
			}
			require.NoError(t, s.PutEvents(t.Context(), []store.Event{{
				ID: "all", Kind: store.EventAnomaly, Time: monday, Body: "tok_1, tok_2 and tok_3 changed together", Attributes: json.RawMessage(`{"tokens":["tok_1","tok_2","tok_3"],"owners":["owner-1","owner-2"]}`),
			}}))
			// As when something of it was used under another owner, and is late.
			require.NoError(t, s.Write(t.Context(), store.Batch{Facts: []store.Fact{requests(monday, "tok_1", "owner-2", 10), requests(monday, "tok_4", "owner-4", 20)}}))
			before := total(t, s, store.Query{})
			assert.Equal(t, 150.0, before)

			what := tt.what
			what.By, what.At = "ann", monday.AddDate(0, 0, 3)
			erased, err := s.Erase(t.Context(), what)
			require.NoError(t, err)
			assert.Equal(t, tt.gone, erased.Tokens)
			assert.Positive(t, erased.Facts)
			assert.Equal(t, int64(2), erased.Events)
			assert.Equal(t, int64(1), erased.Entries)
			for range 2 {
				want := map[string]float64{"tokens": 150 - 20 - 10, "owner": 150 - 40 - 10, "environment": 150 - 60}[tt.name]
				for _, step := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour} {
					assert.Equal(t, want, total(t, s, store.Query{From: monday, To: monday.AddDate(0, 0, 4), Step: step}))
				}
				page, err := s.Tokens(t.Context(), store.TokenQuery{Filter: store.TokenFilter{IDs: tt.gone}})
				require.NoError(t, err)
				assert.Empty(t, page.Tokens)
				_, err = s.Baseline(t.Context(), store.Scope{}, tt.gone[0], "")
				assert.ErrorIs(t, err, store.ErrNotFound)
				found, err := s.Events(t.Context(), store.EventQuery{})
				require.NoError(t, err)
				assert.Len(t, found.Events, 5)
				text, err := json.Marshal(found.Events)
				require.NoError(t, err)
				entries, err := s.Journal(t.Context(), 0, 100)
				require.NoError(t, err)
				require.Len(t, entries, 3)
				audit := entries[2]
				assert.Equal(t, []string{store.EntryAudit, "ann"}, []string{audit.Kind, audit.By})
				journal, err := json.Marshal(entries)
				require.NoError(t, err)
				for _, word := range append(tt.gone, tt.what.Owner) {
					if word != "" {
						assert.NotContains(t, string(text), word)
						assert.NotContains(t, string(journal), word)
					}
				}
				services := map[string]bool{}
				for _, kind := range []store.Kind{store.Coverage, store.RouteDurations} {
					for u, err := range s.Facts(t.Context(), store.FactQuery{Kind: kind, From: monday, To: monday.AddDate(0, 0, 4), Level: time.Hour}) {
						require.NoError(t, err)
						services[u.First] = true
					}
				}
				assert.Equal(t, tt.name != "environment", services["service-holter-demo"])
				assert.Equal(t, tt.name != "environment", services["GET /holter-demo"])
				assert.True(t, services["service-production"])
				require.NoError(t, s.Close())
				s = open(t, folder)
			}
			require.NoError(t, s.Close())
		})
	}
}
