package behavior

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStanding(t *testing.T) {
	e := New(testConfig())
	_, known := e.Standing("tok_000", false)
	require.False(t, known)

	obs := crowdOf(1, 70, 37, 35)
	split := len(obs) * 3 / 37
	e.Apply(obs[:split])
	young, known := e.Standing("tok_001", false)
	require.True(t, known)
	require.Equal(t, Learning, young.State)
	require.Zero(t, young.Nats)
	require.Positive(t, young.Limit)

	stolen := ""
	for _, event := range e.Apply(obs[split:]) {
		if event.Token.ID != "" {
			stolen = event.Token.ID
		}
	}
	require.NotEmpty(t, stolen)
	thief, _ := e.Standing(stolen, false)
	require.Equal(t, Frozen, thief.State)
	calm, _ := e.Standing("tok_001", false)
	require.Equal(t, Ready, calm.State)
	require.Less(t, calm.Nats, calm.Limit)
	require.Greater(t, thief.Nats, calm.Nats)

	require.NoError(t, e.Advise(Feedback{Token: stolen, Verdict: Benign, Time: obs[len(obs)-1].Time, TTL: 1e18}))
	forgiven, _ := e.Standing(stolen, false)
	require.Equal(t, Ready, forgiven.State)
	require.Less(t, forgiven.Nats, forgiven.Limit)
}
