package behavior

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStateOfVersion1IsRead continues from what a build of version 1 wrote: two tokens, four requests on each of twelve days.
func TestStateOfVersion1IsRead(t *testing.T) {
	text, err := os.ReadFile("testdata/state_version1.json")
	require.NoError(t, err)
	var state map[string][]byte
	require.NoError(t, json.Unmarshal(text, &state))
	e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	require.NoError(t, e.Restore(func(key string) ([]byte, error) { return state[key], nil }))
	require.Equal(t, 2, e.Stats().Tokens)
	for k := range 2 {
		id := fmt.Sprintf("k%d", k)
		known := e.shards[shardOf(id)].tokens[id]
		require.NotNil(t, known, id)
		require.EqualValues(t, 48, known.requests)
		require.EqualValues(t, 11, known.days, "the twelfth is open")
		require.True(t, known.mature())
		require.Positive(t, known.countries.Weight("DE"))
		require.InDelta(t, 2000, known.size.Typical(), 200)
		require.Nil(t, known.suspect)
		require.Zero(t, known.evidence)
	}
	events := e.Apply([]Observation{{
		Token: "k0", Time: time.Date(2026, 3, 14, 3, 0, 0, 0, time.UTC).UnixNano(), Service: "vault", Method: "GET", Route: "/secrets",
		Country: "KP", Network: "AS131279", Client: "sqlmap/1", RequestBytes: 100, ResponseBytes: 9e6,
	}})
	require.Len(t, events, 1, "the baseline is in force")

	again := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	written := map[string][]byte{}
	for _, r := range e.Snapshot() {
		written[r.Key] = r.Value
	}
	require.NoError(t, again.Restore(func(key string) ([]byte, error) {
		if v, ok := written[key]; ok {
			return v, nil
		}
		return state[key], nil
	}), "pages of both versions stand side by side")
	require.Equal(t, 2, again.Stats().Tokens)
}
