package behavior

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

// outage is the traffic of many tokens that use the same few endpoints for weeks, until one morning everything fails.
func outage(tokens, days int) (obs []Observation) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for d := range days {
		for n := range 12 {
			for k := range tokens {
				o := Observation{
					Token: fmt.Sprintf("k%03d", k), Service: "shop", Version: "1", Method: "GET", Country: "DE", Network: "AS3320", Client: "sdk/1",
					Route:        fmt.Sprintf("/v1/things/%d", (k+n)%5),
					Time:         start.AddDate(0, 0, d).Add(time.Duration(n)*10*time.Minute + time.Duration(k)*time.Second).UnixNano(),
					RequestBytes: -1, ResponseBytes: -1,
				}
				if d == days-1 {
					o.Outcome = ServerError
				}
				obs = append(obs, o)
			}
		}
	}
	return obs
}

func TestAnOutageIsOneEvent(t *testing.T) {
	const tokens = 500
	e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	obs := outage(tokens, 30)
	last := obs[len(obs)-1]
	last.Time += 26 * int64(time.Hour)
	events := e.Apply(append(obs, last))
	var alone int
	var shifts []anomaly.Event
	for _, event := range events {
		if event.Detector == anomaly.PopulationShift {
			shifts = append(shifts, event)
		} else {
			alone++
		}
	}
	require.Len(t, shifts, 1)
	require.LessOrEqual(t, alone, crowdAlone, "the first few raise events of their own")
	shift := shifts[0]
	require.Greater(t, len(shift.Tokens), tokens/2)
	require.Empty(t, shift.Token.ID)
	require.Contains(t, shift.Sentence, "tokens at once: API token meets errors it never met, on shop since 09:")
}

func TestACrowdOutlivesARestart(t *testing.T) {
	obs := outage(100, 30)
	whole := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	end := obs[len(obs)-1]
	end.Time += 26 * int64(time.Hour)
	obs = append(obs, end)
	want := whole.Apply(append([]Observation(nil), obs...))

	half := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	cut := len(obs) - 500
	got := half.Apply(obs[:cut])
	state := map[string][]byte{}
	for _, r := range half.Snapshot() {
		state[r.Key] = r.Value
	}
	again := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
	require.NoError(t, again.Restore(func(key string) ([]byte, error) { return state[key], nil }))
	require.Equal(t, want, append(got, again.Apply(obs[cut:])...))
	require.NotEmpty(t, want)
}
