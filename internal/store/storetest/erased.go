package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// latecomers has things come that are older than the erasure of whom they tell, as out of a queue: they are dropped. What is newer is of a token
// that nobody knew, and of others everything counts.
func latecomers(t *testing.T, open Open) {
	for name, what := range map[string]store.Erasure{
		"tokens": {Tokens: []string{"tok_a", "tok_b"}}, "owner": {Owner: "acme"}, "environment": {Environment: "holter-demo"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := open(t, folder)
			at := monday.Add(10*time.Hour + 30*time.Second)
			batch := func(at time.Time) store.Batch {
				return store.Batch{
					Facts: []store.Fact{requests(at, "tok_a", "acme", 1), requests(at, "tok_c", "other", 10), requests(at, "tok_b", "acme", 100)},
					Sightings: []store.Sighting{
						{Token: store.Token{ID: "tok_a", OwnerID: "acme", Hint: "sk_…a", Environment: "holter-demo", LastUse: store.Use{At: at}}},
						{Token: store.Token{ID: "tok_c", OwnerID: "other", Hint: "sk_…c", LastUse: store.Use{At: at}}},
					},
				}
			}
			event := func(id, token, owner string, at time.Time) store.Event {
				return store.Event{ID: id, Kind: store.EventAnomaly, Token: token, Owner: owner, Time: at}
			}
			require.NoError(t, s.Write(t.Context(), batch(at)))
			what.By, what.At = "ann", at
			_, err := s.Erase(t.Context(), what)
			require.NoError(t, err)

			require.NoError(t, s.Write(t.Context(), batch(at.Add(-time.Hour)))) // was on its way
			require.NoError(t, s.PutEvents(t.Context(), []store.Event{event("1", "tok_a", "acme", at.Add(-time.Hour)), event("2", "tok_c", "other", at)}))
			tokens := func() (ids []string) {
				page, err := s.Tokens(t.Context(), store.TokenQuery{Sort: "id"})
				require.NoError(t, err)
				for _, token := range page.Tokens {
					ids = append(ids, token.ID)
				}
				return ids
			}
			status := func() store.Status {
				status, err := s.Status(t.Context())
				require.NoError(t, err)
				return status
			}
			if name == "environment" { // it may be played again
				assert.Equal(t, []string{"tok_a", "tok_b", "tok_c"}, tokens())
				assert.Zero(t, status().Late)
				require.NoError(t, s.Close())
				return
			}
			assert.Equal(t, []string{"tok_c"}, tokens())
			assert.Equal(t, 20.0, total(t, s, store.Query{}))
			assert.Equal(t, int64(4), status().Late)

			require.NoError(t, s.Close())
			s = open(t, folder)
			require.NoError(t, s.Write(t.Context(), batch(at.Add(time.Minute)))) // is new
			require.NoError(t, s.PutEvents(t.Context(), []store.Event{event("3", "tok_a", "acme", at.Add(time.Minute))}))
			assert.Equal(t, []string{"tok_a", "tok_b", "tok_c"}, tokens())
			require.NoError(t, s.Close())
			s = open(t, folder)
			require.NoError(t, s.Write(t.Context(), batch(at.Add(-2*time.Hour)))) // is still late
			assert.Equal(t, 20.0+111+10, total(t, s, store.Query{}))
			found, err := s.Events(t.Context(), store.EventQuery{})
			require.NoError(t, err)
			assert.Len(t, found.Events, 2)
			require.NoError(t, s.Close())
		})
	}
}

func untold(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	notes := func() []store.Forgetting {
		all, err := s.Untold(t.Context())
		require.NoError(t, err)
		return all
	}
	assert.Empty(t, notes())
	require.NoError(t, s.Write(t.Context(), store.Batch{Sightings: []store.Sighting{{Token: store.Token{
		ID: "tok_a", OwnerID: "acme", OwnerName: "Acme Ltd", Hint: "sk_…a", RegistryID: "r1", LastUse: store.Use{At: monday},
	}}}}))
	require.NoError(t, s.Write(t.Context(), store.Batch{Sightings: []store.Sighting{
		{Token: store.Token{ID: "tok_a2", OwnerID: "acme", Hint: "sk_…2", LastUse: store.Use{At: monday}}},
		{Token: store.Token{ID: "tok_z", OwnerID: "zeta", Hint: "sk_…2", LastUse: store.Use{At: monday}}}, // whose hint is the same
	}}))
	_, err := s.Erase(t.Context(), store.Erasure{Owner: "acme", By: "ann", At: monday})
	require.NoError(t, err)
	_, err = s.Erase(t.Context(), store.Erasure{Tokens: []string{"tok_b"}, By: "ann", At: monday})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	s = open(t, folder)
	all := notes()
	require.Len(t, all, 2)
	assert.Equal(t, store.Forgetting{Sequence: all[0].Sequence, Tokens: []string{"tok_a", "tok_a2"}, Words: []string{"Acme Ltd", "acme", "r1", "sk_…a"}}, all[0])
	assert.Equal(t, []string{"tok_b"}, all[1].Tokens)
	require.NoError(t, s.Told(t.Context(), all[0].Sequence))
	assert.Equal(t, all[1:], notes())
	require.NoError(t, s.Told(t.Context(), all[1].Sequence))
	require.NoError(t, s.Close())
	s = open(t, folder)
	assert.Empty(t, notes())
	_, err = s.Erase(t.Context(), store.Erasure{Tokens: []string{"tok_c"}, By: "ann", At: monday})
	require.NoError(t, err)
	assert.Greater(t, notes()[0].Sequence, all[1].Sequence, "sequences grow")
	require.NoError(t, s.Close())
}
