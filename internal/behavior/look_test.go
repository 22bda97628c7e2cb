package behavior

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

func TestRungsAreEightToADoubling(t *testing.T) {
	for n := range uint32(lookedAt + 1) {
		require.True(t, rung(n), n)
	}
	for _, from := range []uint32{16, 64, 1 << 12, 1 << 20} {
		rungs := 0
		for n := from; n < 2*from; n++ {
			if rung(n) {
				rungs++
			}
		}
		require.Equal(t, 8, rungs, "from %d on", from)
	}
}

// busyKey has used a key a hundred times a day, on three endpoints of a service.
func busyKey(t *testing.T, days int) (e *Engine, at func(n int) Observation) {
	at = func(n int) Observation {
		d, i := n/100, n%100
		return Observation{
			Token: "k", Time: time.Date(2026, 3, 2+d, 8, 0, 0, 0, time.UTC).UnixNano() + int64(i)*int64(5*time.Minute), Service: "shop", Method: "GET",
			Route: fmt.Sprintf("/v1/%d", i%3), Country: "DE", Network: "AS3320", Client: "okhttp", RequestBytes: -1, ResponseBytes: int64(1000 + i*7%500),
		}
	}
	e = New(testConfig())
	for n := range 100 * days {
		require.Empty(t, e.Apply([]Observation{at(n)}))
	}
	return e, at
}

func TestWhatIsNewIsLookedAtAtTheRequest(t *testing.T) {
	e, at := busyKey(t, 20)
	usual := func() *Observation { o := at(20*100 + 70); return &o }
	for n := range 70 {
		e.Apply([]Observation{at(20*100 + n)})
	}
	known := e.shards[shardOf("k")].borrow(e.shards[shardOf("k")].slots[0].next)
	for name, test := range map[string]struct {
		change func(*Observation)
		look   bool
	}{
		"the same again": {func(*Observation) {}, false},
		"a country":      {func(o *Observation) { o.Country = "NL" }, true},
		"a network":      {func(o *Observation) { o.Network = "AS14061" }, true},
		"a client":       {func(o *Observation) { o.Client = "curl" }, true},
		"a service":      {func(o *Observation) { o.Service = "bank" }, true},
		"an endpoint":    {func(o *Observation) { o.Route = "/v1/exports" }, true},
		"an hour":        {func(o *Observation) { o.Time += 2 * 3600e9 }, true},
		"an error":       {func(o *Observation) { o.Outcome = AuthError }, true},
		"a large answer": {func(o *Observation) { o.ResponseBytes = 1e6 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			o, life := usual(), token{}
			require.NoError(t, life.unpack(known.pack(nil, nil), nil))
			test.change(o)
			life.observe(o, &e.population, new(tally))
			require.EqualValues(t, 71, life.block.n)
			require.Equal(t, test.look, life.block.look)
		})
	}
}

// A restart moves no look: a burst of a thousand requests raises its event at the same one.
func TestLooksAreTheSameAfterRestarts(t *testing.T) {
	burst := func(at func(int) Observation) (obs []Observation) {
		for i := range 1000 {
			o := at(20 * 100)
			o.Time += int64(i) * int64(3*time.Second)
			obs = append(obs, o)
		}
		return obs
	}
	e, at := busyKey(t, 20)
	whole := e.Apply(burst(at))
	require.NotEmpty(t, whole)
	require.Equal(t, anomaly.RequestBurst, whole[0].Detector)

	e, at = busyKey(t, 20)
	disk := store{}
	var events []anomaly.Event
	for part := range slices.Chunk(burst(at), 7) {
		disk.save(e.Snapshot())
		e = New(testConfig())
		require.NoError(t, e.Restore(disk.load))
		events = append(events, e.Apply(part)...)
	}
	require.Equal(t, whole, events)
}
