package behavior

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What builds of older versions wrote is continued from: two tokens, four requests on each of twelve days.
func TestStateOfOlderVersionsIsRead(t *testing.T) {
	for version := 1; version < stateVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) { testUpgrade(t, version) })
	}
}

func testUpgrade(t *testing.T, version int) {
	text, err := os.ReadFile(fmt.Sprintf("testdata/state_version%d.json", version))
	require.NoError(t, err)
	var state map[string][]byte
	require.NoError(t, json.Unmarshal(text, &state))
	e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	require.NoError(t, e.Restore(func(key string) ([]byte, error) { return state[key], nil }))
	require.Equal(t, 2, e.Stats().Tokens)
	for k := range 2 {
		id := fmt.Sprintf("k%d", k)
		s := e.shards[shardOf(id)]
		known := s.borrow(s.find(id, hash(id)))
		require.NotNil(t, known, id)
		require.EqualValues(t, 48, known.requests)
		require.EqualValues(t, 11, known.days, "the twelfth is open")
		require.True(t, known.mature())
		require.Positive(t, known.countries.Weight("DE"))
		require.InDelta(t, 2000, known.size.Typical(), 200)
		require.Equal(t, version > 1, known.suspect != nil)
		if version == 1 {
			require.Zero(t, known.evidence)
		}
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
