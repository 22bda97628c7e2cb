package behavior

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

// told are the events about single tokens, those about one token left out.
func told(events []anomaly.Event, without string) (list []anomaly.Event) {
	for _, e := range events {
		if e.Token.ID != without {
			list = append(list, e)
		}
	}
	return list
}

// replay applies observations, and gives feedback when the time of the first alert about its token has come.
func replay(t *testing.T, e *Engine, obs []Observation, said ...Feedback) (events []anomaly.Event) {
	t.Helper()
	for _, o := range obs {
		for len(said) > 0 && said[0].Time <= o.Time {
			require.NoError(t, e.Advise(said[0]))
			said = said[1:]
		}
		events = append(events, e.Apply([]Observation{o})...)
	}
	require.Empty(t, said)
	return events
}

// Whatever is said of one token, not one event about another changes: not its evidence, not its threshold, not its crowd.
func TestFeedbackChangesNothingForOthers(t *testing.T) {
	for seed := range uint64(2) {
		obs := crowdOf(20+seed, 28, 50, 35)
		whole := New(testConfig()).Apply(slices.Clone(obs))
		k := slices.IndexFunc(whole, func(e anomaly.Event) bool { return e.Token.ID != "" })
		about := whole[k]
		for i, f := range []Feedback{
			{Verdict: Benign},
			{Verdict: Malicious},
			{Verdict: Benign, Facet: "country", Value: "NL"},
			{Verdict: Malicious, Facet: "country", Value: about.Trigger.Country},
			{Verdict: Malicious, Facet: "endpoint", Value: "GET /v1/exports", TTL: 3 * 24 * time.Hour},
			{Verdict: Benign, Facet: "volume"},
		} {
			f.Token, f.Time = about.Token.ID, about.Time+1
			if f.TTL == 0 {
				f.TTL = 90 * 24 * time.Hour
			}
			got := replay(t, New(testConfig()), obs, f)
			require.Equal(t, told(whole, f.Token), told(got, f.Token), "seed %d, feedback %d", seed, i)
		}
	}
}

// life is a key's requests over some days, twelve each.
func life(from, days int, country, client string) (obs []Observation) {
	for d := from; d < from+days; d++ {
		for i := range 12 {
			obs = append(obs, Observation{
				Token: "k", Time: morning.UnixNano() + int64(d)*day + int64(i)*int64(40*time.Minute), Service: "api", Method: "GET", Route: "/orders",
				Country: country, Network: "AS3320", Client: client, RequestBytes: 100, ResponseBytes: 2000,
			})
		}
	}
	return obs
}

// A traveller's days in another country: what is vouched for raises nothing, and only that.
func TestBenignFeedbackVouchesForOneValue(t *testing.T) {
	obs := slices.Concat(life(0, 40, "DE", "okhttp/4"), life(40, 20, "KP", "okhttp/4"), life(60, 5, "KP", "sqlmap/1"))
	alerts := func(f ...Feedback) (days []int64) {
		for _, e := range replay(t, New(testConfig()), obs, f...) {
			days = append(days, (e.Time-morning.UnixNano())/day)
		}
		return days
	}
	const eve = 39
	said := Feedback{Token: "k", Time: morning.UnixNano() + eve*day, Verdict: Benign, Facet: "country", Value: "KP", TTL: 90 * 24 * time.Hour}
	unheard := alerts()
	require.Less(t, unheard[0], int64(45), "he is noticed")
	with := alerts(said)
	require.NotEmpty(t, with, "another client is another matter")
	require.GreaterOrEqual(t, with[0], int64(60))
	said.TTL = 24 * time.Hour
	require.Equal(t, unheard, alerts(said), "it has ended: as if nothing had been said")
}

func TestMaliciousFeedbackRemembersTheThief(t *testing.T) {
	obs := crowdOf(1, 30, 40, 99)
	e := New(testConfig())
	e.Apply(slices.Clone(obs))
	thief := Feedback{Token: "tok_003", Time: obs[len(obs)-1].Time, Verdict: Malicious, Facet: "client", Value: "curl/8", TTL: 30 * 24 * time.Hour}
	require.NoError(t, e.Advise(thief))
	again := obs[slices.IndexFunc(obs, func(o Observation) bool { return o.Token == "tok_003" })]
	again.Time, again.Client = obs[len(obs)-1].Time+day, "curl/8.1"
	events := e.Apply([]Observation{again})
	require.Len(t, events, 1)
	require.Equal(t, "client", events[0].Evidence[0].Facet)
	life := e.shards[shardOf("tok_003")].advised["tok_003"].life
	again.Time += day
	e.Apply([]Observation{again})
	require.Zero(t, life.clients.Weight("curl"), "a thief's client is never learned")
}

func TestFeedbackCannotMuteRules(t *testing.T) {
	e := New(testConfig())
	e.Apply([]Observation{{Token: "k", Time: morning.UnixNano()}})
	for _, facet := range append(valued(), "") {
		require.NoError(t, e.Advise(Feedback{Token: "k", Time: morning.UnixNano(), Verdict: Benign, Facet: facet, TTL: time.Hour * 1000}))
	}
	for i, status := range []string{"leaked", "revoked"} {
		events := e.Apply([]Observation{{Token: "k", Time: morning.UnixNano() + int64(i+1)*1e9, Status: status}})
		require.Len(t, events, 1, status)
	}
	require.ErrorContains(t, e.Advise(Feedback{Token: "k", TTL: 1, Facet: "leaked_credential"}), "use one of")
}

func TestFeedbackSurvivesRestarts(t *testing.T) {
	obs := crowdOf(3, 30, 60, 35)
	at := obs[len(obs)*2/3].Time
	said := []Feedback{
		{Token: "tok_007", Time: at, Verdict: Benign, Facet: "country", Value: "NL", TTL: 5 * 24 * time.Hour, By: "ann"},
		{Token: "tok_014", Time: at, Verdict: Malicious, TTL: 9 * 24 * time.Hour},
		{Token: "tok_021", Time: at, Verdict: Malicious, Facet: "hour", Value: "03:00 UTC", TTL: 90 * 24 * time.Hour},
	}
	whole := replay(t, New(testConfig()), obs, said...)
	disk := store{}
	var events []anomaly.Event
	for part := range slices.Chunk(obs, len(obs)/23) {
		e := New(testConfig())
		require.NoError(t, e.Restore(disk.load))
		n := len(said)
		for i := range said {
			if said[i].Time > part[len(part)-1].Time {
				n = i
				break
			}
		}
		events = append(events, replay(t, e, part, said[:n]...)...)
		said = said[n:]
		disk.save(e.Snapshot())
	}
	require.Equal(t, whole, events)
	require.Contains(t, disk, lifeKey("tok_021"))
	require.NotContains(t, disk, lifeKey("tok_007"), "it has ended")
}

func TestFeedbackIsBounded(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.MaxFeedback = 1
	e := New(cfg)
	require.ErrorContains(t, e.Advise(Feedback{Token: "k", TTL: time.Hour}), "no baseline")
	e.Apply([]Observation{{Token: "k", Time: morning.UnixNano()}, {Token: "l", Time: morning.UnixNano()}})
	for i := range opinionsKept + 3 {
		f := Feedback{Token: "k", Time: morning.UnixNano(), Facet: "network", Value: fmt.Sprint("AS", i), TTL: time.Duration(i+1) * time.Hour}
		require.NoError(t, e.Advise(f))
		require.NoError(t, e.Advise(f), "twice is once")
	}
	a := e.shards[shardOf("k")].advised["k"]
	require.Len(t, a.said, opinionsKept)
	require.Equal(t, "AS3", a.said[0].value, "those that end first went")
	require.EqualValues(t, 3, e.Stats().Displaced)
	require.Equal(t, 1, e.Stats().Advised)
	require.ErrorContains(t, e.Advise(Feedback{Token: "l", TTL: time.Hour}), "limits::max_feedback")
	for want, f := range map[string]Feedback{
		"time to live": {Token: "k"}, "api_token.id": {TTL: 1}, "hour of the day": {Token: "k", TTL: 1, Facet: "hour", Value: "noon"},
	} {
		require.ErrorContains(t, e.Advise(f), want)
	}
}

// morning is when these stories begin.
var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
