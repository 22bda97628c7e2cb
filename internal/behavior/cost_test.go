package behavior

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

// A key that spends a few dollars a day spends three hundred. Another one that spends as much every day is left alone.
func TestSpendSpike(t *testing.T) {
	cfg := testConfig()
	cfg.Currency = "USD"
	e := New(cfg)
	spending := func(from, days int, each float64) (events []anomaly.Event) {
		for _, o := range life(from, days, "DE", "okhttp/4") {
			events = append(events, e.Apply([]Observation{o})...)
			o.Cost = each
			events = append(events, e.Apply([]Observation{o})...)
		}
		return events
	}
	require.Empty(t, spending(0, 40, 0.4))
	require.Empty(t, spending(40, 2, 0.5), "a little more is nothing")
	events := spending(42, 1, 25)
	require.Len(t, events, 1)
	require.Equal(t, anomaly.SpendSpike, events[0].Detector)
	require.Regexp(t, `it cost at most 6.00 USD in a day \(now \d+\.00\)`, events[0].Sentence)
	s := e.shards[shardOf("k")]
	require.EqualValues(t, 43*12, s.borrow(s.find("k", hash("k"))).requests, "a cost is no request")
}
