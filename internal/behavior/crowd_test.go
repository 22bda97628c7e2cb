package behavior

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// deploy is the traffic of many tokens, each of which uses thirty endpoints for weeks, until one morning, and from then on, nine of them
// have other names. Weekends are quieter, and every token has endpoints that it uses on some days only.
func deploy(tokens, days int, before, version string) (obs []Observation) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for d := range days + 3 {
		for n := range 30 {
			for k := range tokens {
				if (n*7+d*3+k)%11 == 0 || (d%7 > 4 && n%2 == 0) {
					continue
				}
				o := Observation{
					Token: fmt.Sprintf("k%03d", k), Service: "shop", Version: before, Method: "GET", Country: "DE", Network: "AS3320", Client: "sdk/1",
					Route:        fmt.Sprintf("/v1/things/%d", n),
					Time:         start.AddDate(0, 0, d).Add(time.Duration(n)*10*time.Minute + time.Duration(k)*time.Second).UnixNano(),
					RequestBytes: -1, ResponseBytes: 2000,
				}
				if d >= days {
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

// A deploy that renames 30 % of everybody's endpoints is one event with the list of them, unless a new version explains it.
func TestADeployIsOneEvent(t *testing.T) {
	const tokens = 500
	for name, c := range map[string]struct {
		before, version string
		events          int
	}{
		"without versions": {"", "", 1},
		"a new version":    {"1", "2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
			events := e.Apply(deploy(tokens, 14, c.before, c.version))
			require.Len(t, events, c.events)
			for _, shift := range events {
				require.Equal(t, anomaly.PopulationShift, shift.Detector)
				require.Len(t, shift.Tokens, tokens)
				require.Len(t, slices.Compact(slices.Sorted(slices.Values(shift.Tokens))), tokens, "each once")
				require.Empty(t, shift.Token.ID)
				require.Contains(t, shift.Sentence, "500 tokens at once: API token used on endpoints that nobody used before, on shop since 09:")
				require.Contains(t, shift.Evidence[0].Observed, "GET /v2/things/")
			}
		})
	}
}

// What few do, or what each does by itself, is no deploy.
func TestAFewNewEndpointsAreNoDeploy(t *testing.T) {
	for name, change := range map[string]func(o *Observation, k int){
		"few tokens": func(o *Observation, k int) {
			if k >= signTokens-1 {
				o.Route = strings.Replace(o.Route, "/v2/", "/v1/", 1)
			}
		},
		"one endpoint": func(o *Observation, _ int) {
			if strings.HasPrefix(o.Route, "/v2/") {
				o.Route = "/v2/things"
			}
		},
		"ids in routes": func(o *Observation, k int) { o.Route += fmt.Sprint("/", k, "/", o.Time/day) },
	} {
		t.Run(name, func(t *testing.T) {
			obs := deploy(60, 14, "", "")
			for i := range obs {
				k, err := strconv.Atoi(obs[i].Token[1:])
				require.NoError(t, err)
				change(&obs[i], k)
			}
			e := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
			for _, event := range e.Apply(obs) {
				require.NotEqual(t, anomaly.PopulationShift, event.Detector)
			}
		})
	}
}

func TestSignsOutliveARestart(t *testing.T) {
	obs := deploy(60, 14, "", "")
	want := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}}).Apply(slices.Clone(obs))
	require.NotEmpty(t, want)
	first := slices.IndexFunc(obs, func(o Observation) bool { return strings.HasPrefix(o.Route, "/v2/") })
	for _, cut := range []int{first + 1, first + 90, first + 150, first + 600} {
		half := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
		got := half.Apply(slices.Clone(obs[:cut]))
		state := map[string][]byte{}
		for _, r := range half.Snapshot() {
			state[r.Key] = r.Value
		}
		again := New(Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}})
		require.NoError(t, again.Restore(func(key string) ([]byte, error) { return state[key], nil }))
		require.Equal(t, want, append(got, again.Apply(slices.Clone(obs[cut:]))...), cut)
	}
}
