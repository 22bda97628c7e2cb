package integration

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Killed in the middle of a request and started again, over and over, Holter raises what it would have raised: the webhook
// receiver gets the same distinct anomalies as from one that ran through.
func TestTheSameAnomaliesAfterKill9(t *testing.T) {
	calls := turbulentWeeks()
	undisturbed := anomaliesOf(t, calls, nil)
	require.NotEmpty(t, undisturbed, "the input raises nothing: the test would prove nothing")
	batches := (len(calls) + batchSize - 1) / batchSize
	random := rand.New(rand.NewPCG(7, 7))
	kills, often := map[int]bool{batches - 1: true}, 4
	if prove {
		often = batches
	}
	for len(kills) < often {
		kills[random.IntN(batches)] = true
	}
	require.Equal(t, undisturbed, anomaliesOf(t, calls, kills))
}

// turbulentWeeks is five weeks of six keys: one has expired, three are stolen one after the other.
func turbulentWeeks() []Call {
	var calls []Call
	for n := range 6 {
		calls = append(calls, history(keyNumber(n), 35, 8)...)
	}
	for n := range 3 {
		calls = append(calls, theft(keyNumber(n), start.AddDate(0, 0, 30+n).Add(nightHours), 30)...)
	}
	slices.SortStableFunc(calls, func(a, b Call) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return calls
}

const nightHours = 2 * time.Hour // two in the morning

// anomaliesOf sends the calls, kills the collector during the requests named, and returns the distinct ids at the webhook.
func anomaliesOf(t *testing.T, calls []Call, kills map[int]bool) []string {
	t.Helper()
	tokens := []Token{expired(keyNumber(5))}
	for n := range 5 {
		tokens = append(tokens, known(keyNumber(n)))
	}
	c, webhook := watched(t, newBackend(t), tokens...)
	c.Start()
	client := newClient(t, c.GRPC())
	for n := 0; len(calls) > 0; n++ {
		size := min(batchSize, len(calls))
		batch := traces(calls[:size]...)
		calls = calls[size:]
		acknowledged := make(chan error, 1)
		go func() { acknowledged <- client.Traces(batch) }()
		if kills[n] {
			time.Sleep(time.Duration(n%7) * 3 * time.Millisecond) // another moment of the request's life each time
			c.Kill9()
			c.Start()
		}
		err := <-acknowledged
		// A client sends again what was not acknowledged, as SDKs do.
		if err != nil {
			require.True(t, kills[n], err)
			require.NoError(t, client.Traces(batch))
		}
	}
	// The last call is of the expired key, the next day: when its webhook is there, nothing earlier is still to come.
	last := normal(keyNumber(5))
	last.At = start.AddDate(0, 0, 60)
	send(t, client, last)
	day := last.At.Format("2006-01-02")
	ids := map[string]string{}
	waitFor(t, "the last webhook", func() bool {
		for _, delivery := range webhook.Deliveries() {
			if delivery.Field(t, "timestamp").(string)[:10] == day {
				return true
			}
		}
		return false
	})
	c.Stop()
	for _, delivery := range webhook.Deliveries() {
		require.True(t, delivery.Verified, delivery.Error)
		ids[delivery.Field(t, "data", "id").(string)] = delivery.Field(t, "data", "detector").(string)
	}
	counts := map[string]int{}
	distinct := make([]string, 0, len(ids))
	for id, detector := range ids {
		counts[detector]++
		distinct = append(distinct, id)
	}
	slices.Sort(distinct)
	t.Logf("%d webhooks, distinct anomalies: %v", len(webhook.Deliveries()), counts)
	return distinct
}
