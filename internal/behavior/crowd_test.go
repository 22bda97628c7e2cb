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

// deploy is the traffic of many tokens, each of which uses thirty endpoints for weeks, until one morning nine of them have other names.
func deploy(tokens, days int, version string) (obs []Observation) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for d := range days {
		for n := range 30 {
			for k := range tokens {
				o := Observation{
					Token: fmt.Sprintf("k%03d", k), Service: "shop", Version: "1", Method: "GET", Country: "DE", Network: "AS3320", Client: "sdk/1",
					Route:        fmt.Sprintf("/v1/things/%d", n),
					Time:         start.AddDate(0, 0, d).Add(time.Duration(n)*10*time.Minute + time.Duration(k)*time.Second).UnixNano(),
					RequestBytes: -1, ResponseBytes: 2000,
				}
				if d == days-1 {
					o.Version = version
					if n%10 < 3 {
						o.Route = fmt.Sprintf("/v2/things/%d", n)
					}
				}
				obs = append(obs, o)
			}
		}
	}
	return obs
}

// A deploy that renames 30 % of everybody's endpoints is one event at most; a release explains it altogether.
func TestADeployIsOneEvent(t *testing.T) {
	const tokens = 500
	for version, most := range map[string]int{"1": 1, "2": 0} {
		t.Run("version "+version, func(t *testing.T) {
			e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
			obs := deploy(tokens, 12, version)
			last := obs[len(obs)-1]
			last.Time += 26 * int64(time.Hour)
			var alone, shifts int
			for _, event := range e.Apply(append(obs, last)) {
				if event.Detector == anomaly.PopulationShift {
					shifts++
				} else {
					alone++
				}
			}
			require.LessOrEqual(t, shifts, most)
			require.LessOrEqual(t, alone, most*crowdAlone, "the first few raise events of their own")
		})
	}
}
