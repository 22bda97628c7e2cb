package behavior

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An endpoint follows another one although the token was packed or restored in between.
func TestOrdersOutliveARestart(t *testing.T) {
	at := func(d, hour, minute int, route string) Observation {
		return Observation{
			Token: "k", Time: time.Date(2026, 3, 2+d, hour, minute, 0, 0, time.UTC).UnixNano(), Service: "shop", Method: "GET", Route: route,
			RequestBytes: -1, ResponseBytes: -1,
		}
	}
	e := New(testConfig())
	for d := range 8 {
		e.Apply([]Observation{at(d, 8, 0, "/list"), at(d, 12, 0, "/item"), at(d, 16, 0, "/export")})
	}
	e.Apply([]Observation{at(8, 8, 0, "/list")})
	disk := store{}
	disk.save(e.Snapshot())
	e = New(testConfig())
	require.NoError(t, e.Restore(disk.load))
	e.Apply([]Observation{at(8, 8, 5, "/export")})
	s := e.shards[shardOf("k")]
	known := s.borrow(s.slots[0].next)
	require.Equal(t, "k", known.id)
	require.Len(t, known.block.orders, 1)
}
