package behavior

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

var tenAWeek = Budget{FalseAlerts: 10, Per: 7 * 24 * time.Hour}

// calmDay0 is when calm lives begin.
var calmDay0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// calm is the life of tokens of one service on some days, each with a network of its own.
func calm(tokens, from, to int) (obs []Observation) {
	for d := from; d < to; d++ {
		for n := range 24 {
			for k := range tokens {
				obs = append(obs, Observation{
					Token: fmt.Sprintf("k%03d", k), Service: "shop", Version: "1", Method: "GET", Country: "DE", Network: fmt.Sprint("AS", k), Client: "sdk/1",
					Route: fmt.Sprintf("/v1/things/%d", (k+n)%5), Time: calmDay0.AddDate(0, 0, d).Add(time.Duration(n)*15*time.Minute + time.Duration(k)*time.Second).UnixNano(),
					RequestBytes: -1, ResponseBytes: 2000, HTTPStatus: 200, Trace: [16]byte{1, byte(d), byte(n), byte(k)},
				})
			}
		}
	}
	return obs
}

// stolen are some requests of a thief with the k-th token, from an hour of a day on.
func stolen(k, d, hour, n int) (obs []Observation) {
	start := calmDay0.AddDate(0, 0, d).Add(time.Duration(hour-9) * time.Hour)
	for i := range n {
		obs = append(obs, Observation{
			Token: fmt.Sprintf("k%03d", k), Service: "shop", Version: "1", Method: "GET", Country: "BR", Network: "AS666", Client: "curl/8",
			Route: "/v1/exports", Time: start.Add(time.Duration(i) * time.Minute).UnixNano(), RequestBytes: -1, ResponseBytes: 200_000, Trace: [16]byte{9, byte(k), byte(i)},
		})
	}
	return obs
}

// Who steals many keys at once must not hide the thefts that follow.
func TestNobodyIsLostInACrowd(t *testing.T) {
	for _, crowd := range []int{0, 3, 7} {
		e := New(Config{Budget: tenAWeek})
		e.Apply(calm(60, 0, 30))
		var events []anomaly.Event
		for k := range crowd {
			events = append(events, e.Apply(stolen(k, 30, 10, 5))...)
		}
		for hour := 13; hour < 23; hour++ {
			if hour == 17 { // and a restart in between
				disk := store{}
				disk.save(e.Snapshot())
				e = New(Config{Budget: tenAWeek})
				require.NoError(t, e.Restore(disk.load))
			}
			events = append(events, e.Apply(stolen(20+hour, 30, hour, 5))...)
		}
		events = append(events, e.Apply(calm(60, 31, 32))...)
		told, ids := map[string]int{}, map[string]bool{}
		for _, event := range events {
			assert.False(t, ids[event.ID], "an event of its own")
			ids[event.ID] = true
			for _, token := range append(event.Tokens, event.Token.ID) {
				told[token]++
			}
		}
		for hour := 13; hour < 23; hour++ {
			assert.Positive(t, told[fmt.Sprintf("k%03d", 20+hour)], "stolen at %d:00 after %d others", hour, crowd)
		}
	}
}

// Anybody can make user agents up.
func TestMadeUpClientsTakeNoRoom(t *testing.T) {
	e := New(Config{Budget: tenAWeek})
	e.Apply(calm(60, 0, 10))
	var obs []Observation
	for i := range 20_000 {
		agent := fmt.Sprintf("%0200d", i)
		if i >= 10_000 {
			agent = "evil/1" // beyond what a day of a token teaches
		}
		obs = append(obs, Observation{
			Token: "k000", Service: "shop", Version: "1", Method: "GET", Route: "/v1/things/1", Country: "DE", Network: "AS0", Client: agent,
			Time: calmDay0.AddDate(0, 0, 10).Add(time.Duration(i) * time.Second).UnixNano(), RequestBytes: -1, ResponseBytes: -1, Outcome: AuthError,
		})
	}
	e.Apply(obs)
	noted := 0
	for i := range e.population.tallies {
		noted += len(e.population.tallies[i].common[ofClient].days)
	}
	assert.LessOrEqual(t, noted, valuesNoted)
	for _, c := range e.shards[shardOf("k000")].look(e, "k000").block.seen[client] {
		assert.LessOrEqual(t, len(c.value), familyMost)
	}
	e.Apply(calm(60, 11, 12))
	assert.Greater(t, e.population.peers.frequency(ofClient, "sdk"), 0.8)
	assert.Less(t, e.population.peers.frequency(ofClient, "evil"), 0.01)
}

func TestValuesThatManyMakeUpAreBounded(t *testing.T) {
	var all table[string]
	for i := range 3 * notedMost {
		all.note(fmt.Sprint(i % (2 * notedMost)))
	}
	assert.Len(t, all.days, notedMost)
	assert.EqualValues(t, 2*notedMost, all.total, "the first half, twice")
	all.trim(peersKept)
	assert.LessOrEqual(t, len(all.days), peersKept)
}

// A service's own key makes millions of requests a day.
func TestBusyHoursAreLearnedAsTheyAre(t *testing.T) {
	e := New(Config{Budget: tenAWeek})
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for d := range 3 {
		for hour := range 24 {
			n := 2_000
			if hour >= 8 && hour < 10 {
				n = 1<<16 + 100
			}
			obs := make([]Observation, n)
			for i := range obs {
				obs[i] = Observation{
					Token: "k", Service: "shop", Version: "1", Method: "GET", Route: "/v1/things", Country: "DE", Network: "AS1", Client: "sdk/1",
					Time: start.AddDate(0, 0, d).Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Hour/time.Duration(n)).UnixNano(), RequestBytes: -1, ResponseBytes: 2000,
				}
			}
			e.Apply(obs)
		}
	}
	hours := e.Life("k", false).Hours
	assert.InDelta(t, (1<<16+100)/2_000., hours[8]/hours[3], 1)
	disk := store{}
	disk.save(e.Snapshot())
	again := New(Config{Budget: tenAWeek})
	require.NoError(t, again.Restore(disk.load))
	assert.Equal(t, e.shards[shardOf("k")].look(e, "k").block.hours, again.shards[shardOf("k")].look(again, "k").block.hours)
}

// What a release explains is no sign of a deploy without one, after a restart either.
func TestExplainedEndpointsSurviveARestart(t *testing.T) {
	for _, restart := range []bool{false, true} {
		e := New(Config{Budget: tenAWeek})
		e.Apply(calm(60, 0, 30))
		call := func(version, route string, minute int) (obs []Observation) {
			for k := range 60 {
				o := calm(60, 30, 31)[k]
				o.Version, o.Route = version, route
				o.Time += int64(minute)*60e9 + 3600e9
				o.Trace[0] = byte(minute)
				obs = append(obs, o)
			}
			return obs
		}
		events := e.Apply(append(call("2", "/v2/a", 2), call("2", "/v2/b", 3)...))
		if restart {
			disk := store{}
			disk.save(e.Snapshot())
			e = New(Config{Budget: tenAWeek})
			require.NoError(t, e.Restore(disk.load))
		}
		events = append(events, e.Apply(call("1", "/v1/c", 30))...) // the old version runs on
		events = append(events, e.Apply(calm(60, 31, 32))...)
		assert.Empty(t, events, "restart %v", restart)
	}
}

// One facet with nearly all of the evidence names the event, unless that detector is off, or what it shows is half of the token's life.
func TestNamesOfJointEvidence(t *testing.T) {
	joint := slices.IndexFunc(detectors[:], func(d detector) bool { return d.name == anomaly.IdentityShift })
	name := func(with string, off bool) anomaly.Detector {
		var token token
		for range 40 {
			token.clients.Learn("okhttp", 1, clientsKept)
			token.clients.Learn("curl", 1, clientsKept)
		}
		token.block.peakIs[client] = with
		var x [facetCount]float64
		x[client], x[clientHabit], x[clientShift] = 6, 6, 6
		cfg := Config{Disabled: map[anomaly.Detector]bool{anomaly.NewClient: off}}
		return token.explain(&Observation{Token: "k"}, finding{joint, 6, 5}, &x, &cfg, new(owners)).Detector
	}
	assert.Equal(t, anomaly.NewClient, name("sqlmap", false))
	assert.Equal(t, anomaly.IdentityShift, name("sqlmap", true))
	assert.Equal(t, anomaly.IdentityShift, name("curl", false))
}

// A family of clients may have a space in its name.
func TestFeedbackNamesClientsAsEvidenceDoes(t *testing.T) {
	for _, agent := range []string{"curl/8", "Acme Sync/2.3", "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36"} {
		for _, named := range []string{agent, Family(agent)} {
			e := New(Config{Budget: tenAWeek})
			e.Apply(calm(10, 0, 30))
			obs := stolen(3, 30, 10, 10)
			for i := range obs {
				obs[i].Client = agent
			}
			require.NoError(t, e.Advise(Feedback{Token: "k003", Time: obs[0].Time - 1, Verdict: Benign, Facet: "client", Value: named, TTL: 240 * time.Hour}))
			for _, event := range e.Apply(obs) {
				for _, v := range event.Evidence {
					assert.NotEqual(t, "client", v.Facet, "%s: %s", named, event.Sentence)
				}
			}
		}
	}
}

// A token that never cost anything, and then a thief's language model.
func TestTheFirstSpendingTells(t *testing.T) {
	for cost, want := range map[float64]int{2: 0, 20: 0, 10_000: 1} {
		e := New(Config{Budget: tenAWeek, Currency: "USD"})
		obs := calm(20, 0, 61)
		var all []Observation
		for _, o := range obs {
			all = append(all, o)
			if o.Token == "k000" && o.Time >= calmDay0.AddDate(0, 0, 60).UnixNano() {
				o.Cost = cost / 24
				all = append(all, o)
			}
		}
		events := e.Apply(all)
		require.Len(t, events, want, "%v USD", cost)
		for _, event := range events {
			assert.Equal(t, anomaly.SpendSpike, event.Detector)
			assert.Contains(t, event.Sentence, "it cost nothing in a day (now ")
		}
	}
}

// What a token did while an incident was open it has not learned; it is not new afterwards all the same.
func TestNoFirstTimeAfterAnIncident(t *testing.T) {
	e := New(Config{Budget: tenAWeek})
	e.Apply(calm(60, 0, 30))
	require.NoError(t, e.Follow(Response{Token: "k003", Incident: IncidentOpen}))
	for d := 30; d < 36; d++ {
		own := stolen(3, d, 13, 2)
		for i := range own {
			own[i].Country, own[i].Network, own[i].Client, own[i].ResponseBytes = "DE", "AS3", "sdk/1", 2000
		}
		e.Apply(append(calm(60, d, d+1), own...))
	}
	e.Apply(calm(60, 36, 37))
	events := append(e.Apply(stolen(3, 36, 23, 5)), e.Apply(stolen(3, 37, 0, 5))...)
	require.NotEmpty(t, events)
	for _, event := range events {
		assert.NotContains(t, event.Sentence, "first time")
	}
}

// A token that fails nearly always and then less is no attack.
func TestFewerFailuresAreNoAttack(t *testing.T) {
	for _, every := range []int{2, 3, 4} {
		e := New(Config{Budget: tenAWeek})
		obs := calm(60, 0, 40)
		n := 0
		for i := range obs {
			if o := &obs[i]; o.Token == "k000" {
				if n++; n <= 35*24 && n%24 != 5 || n > 35*24 && n%every != 0 {
					o.Outcome, o.HTTPStatus = ClientError, 404
				}
			}
		}
		for _, event := range e.Apply(obs) {
			for _, v := range event.Evidence {
				assert.NotEqual(t, "errors", v.Facet, event.Sentence)
			}
		}
	}
}

// bookkeepers work office hours in their time zone; every fourth closes the books on an evening of each month.
func bookkeepers(east float64, on, perDay, batch int) []Observation {
	r := rand.New(rand.NewPCG(7, 7))
	var obs []Observation
	for d := range 85 {
		local := time.Date(2026, 1, 8+d, 0, 0, 0, 0, time.UTC)
		for k := range 80 {
			add := func(hour float64) {
				obs = append(obs, Observation{
					Token: fmt.Sprintf("k%03d", k), Service: "books", Version: "1", Method: "GET", Country: "US", Network: fmt.Sprint("AS", k), Client: "sdk/1",
					Route: fmt.Sprintf("/v1/things/%d", r.IntN(5)), Time: local.Add(time.Duration((hour - east) * float64(time.Hour))).UnixNano(), RequestBytes: -1, ResponseBytes: 2000,
				})
			}
			for range perDay/2 + r.IntN(perDay) {
				add(8 + 9*r.Float64())
			}
			if local.Day() == on && k%4 == 0 {
				for range batch {
					add(21 + r.Float64()/2)
				}
			}
		}
	}
	slices.SortStableFunc(obs, func(a, b Observation) int { return int((a.Time - b.Time) / 1e6) })
	return obs
}

// Books are closed by the calendar on the wall, and a batch is small before it is large.
func TestBookkeepersCloseTheirBooksInPeace(t *testing.T) {
	told := func(obs []Observation) (tokens int) {
		for _, event := range New(Config{Budget: tenAWeek}).Apply(obs) {
			tokens += max(1, len(event.Tokens))
		}
		return tokens
	}
	for _, perDay := range []int{2, 6, 12, 25, 100} {
		assert.Zero(t, told(bookkeepers(0, 2, perDay, 10*max(3, perDay/3))), "%d requests a day", perDay)
	}
	for zone, east := range map[string]float64{"Tokyo": 9, "London": 0, "New York": -5, "Los Angeles": -8} {
		for _, on := range []int{1, 2, 3} {
			assert.Zero(t, told(bookkeepers(east, on, 3, 150)), "%s, on the evening of the %d.", zone, on)
		}
	}
	assert.Positive(t, told(bookkeepers(0, 14, 12, 40)), "in the middle of the month")
}

// What a sentence says of hours must not contradict itself.
func TestHoursInSentences(t *testing.T) {
	var token token
	for day := range 40 {
		for hour := 8; hour < 17; hour++ {
			if weekday := day % 7; weekday < 5 {
				token.hours.Learn(hour, 1)
			}
		}
	}
	monday := int32(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	say := func(day int32, bin uint8) string {
		token.block.day, token.block.peakBin = day, bin
		observed, expected := token.compareHours()
		return strings.Join([]string{expected, observed}, " / ")
	}
	assert.Equal(t, "08:00–17:00 UTC / 03:00 UTC", say(monday, 3))
	assert.Equal(t, "08:00–17:00 UTC / mostly 10:00 UTC", say(monday, 10))
	assert.Equal(t, "08:00–17:00 UTC, hardly on weekends / Sunday 10:00 UTC", say(monday+6, 34))
}
