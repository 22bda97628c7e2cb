package behavior

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is new is not learned while an incident is open; it is when nobody has said anything for long enough, or that it is benign.
func TestNothingNewIsLearnedInAnIncident(t *testing.T) {
	e := New(testConfig())
	e.Apply(life(0, 40, "DE", "okhttp/4"))
	s := e.shards[shardOf("k")]
	known := func() float32 { return s.borrow(s.find("k", hash("k"))).countries.Weight("IR") }
	days := 40
	live := func(country string) bool {
		events := e.Apply(life(days, 1, country, "okhttp/4"))
		days++
		return len(events) > 0
	}
	for !live("KP") {
		require.Less(t, days, 50, "he is noticed")
	}
	opened := days
	for days < opened+incidentDays {
		require.Zero(t, known(), "day %d", days)
		live("IR")
	}
	for range 3 {
		live("IR")
	}
	require.Positive(t, known(), "it has closed by itself")
	for days < opened+incidentDays+learningDays-1 {
		before := known()
		live("IR")
		require.Greater(t, known(), before*0.99, "alerts on the way do not freeze it again")
	}
}

func TestBenignFeedbackClosesTheIncident(t *testing.T) {
	e := New(testConfig())
	e.Apply(life(0, 40, "DE", "okhttp/4"))
	days := 40
	for ; len(e.Apply(life(days, 1, "KP", "okhttp/4"))) == 0; days++ {
		require.Less(t, days, 50, "he is noticed")
	}
	require.NoError(t, e.Advise(Feedback{Token: "k", Time: morning.UnixNano() + int64(days)*day, Verdict: Benign, TTL: 90 * 24 * time.Hour}))
	for d := days + 1; d < days+5; d++ {
		e.Apply(life(d, 1, "KP", "okhttp/4"))
	}
	require.GreaterOrEqual(t, e.shards[shardOf("k")].advised["k"].life.countries.Weight("KP"), float32(3))
}
