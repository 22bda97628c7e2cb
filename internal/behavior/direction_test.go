package behavior

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key that is used at our door and elsewhere has two baselines, and a thief at the door is no news of the other one.
func TestDirectionsAreApart(t *testing.T) {
	in := slices.Concat(life(0, 40, "DE", "okhttp/4"), life(40, 3, "KP", "sqlmap/1"))
	both := slices.Clone(in)
	for _, o := range life(0, 43, "", "Go-http-client/2") {
		o.Outbound, o.Service, o.Route, o.Time = true, "shop", "/charge", o.Time+1
		both = append(both, o)
	}
	slices.SortStableFunc(both, func(a, b Observation) int { return int((a.Time - b.Time) / 1e9) })
	alone := New(testConfig()).Apply(slices.Clone(in))
	require.NotEmpty(t, alone)
	e := New(testConfig())
	require.Equal(t, alone[0].Time, e.Apply(both)[0].Time)
	require.Equal(t, 2, e.Stats().Tokens)
	for _, o := range both {
		require.Equal(t, "k", o.Token, "ids are given back")
	}
	require.NoError(t, e.Advise(Feedback{Token: "k", TTL: 1e9, Outbound: true}))
	require.NotNil(t, e.shards[shardOf("k>")].advised["k>"])

	thief := both[len(both)-1]
	thief.Outbound, thief.Time, thief.Service, thief.Route, thief.ResponseBytes = true, thief.Time+day, "vault", "/secrets", 9e8
	var events []string
	for i := range 40 {
		thief.Time += int64(i) * 1e9
		for _, event := range e.Apply([]Observation{thief}) {
			events = append(events, event.Token.ID)
			require.True(t, event.Token.Outbound)
		}
	}
	require.NotContains(t, events, "k>")
}
