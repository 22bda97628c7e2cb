package tokenbehaviorconnector

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/otelattr"
)

func byMinute(c *Config) {
	c.Outputs = map[pipeline.ID]Output{warehouse: {Temporality: temporalityDelta, ByMinute: true}}
}

// tokenMinute is where a request is counted; unix minute.
type tokenMinute struct {
	token  string
	minute int64
}

// ledger is what a store makes of batches: each is taken once, by engine, pipe and sequence.
type ledger struct {
	t     *testing.T
	taken map[string]bool
	found map[tokenMinute]int64
}

func newLedger(t *testing.T) *ledger {
	return &ledger{t: t, taken: make(map[string]bool), found: make(map[tokenMinute]int64)}
}

func (l *ledger) take(from *metricsSink) {
	once := new(metricsSink)
	for _, md := range from.AllMetrics() {
		attrs := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes()
		pipe, ok := attrs.Get(otelattr.BatchPipe)
		require.True(l.t, ok)
		require.Equal(l.t, warehouse.String(), pipe.Str())
		if key := fmt.Sprint(attrs.AsRaw()); !l.taken[key] {
			l.taken[key] = true
			_ = once.ConsumeMetrics(l.t.Context(), md)
		}
	}
	once.points(otelattr.MetricRequests, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
		require.Zero(l.t, p.StartTimestamp()%pcommon.Timestamp(time.Minute))
		require.Equal(l.t, p.StartTimestamp()+pcommon.Timestamp(time.Minute), p.Timestamp())
		id, _ := attrs.Get(otelattr.TokenID)
		l.found[tokenMinute{id.Str(), p.StartTimestamp().AsTime().Unix() / 60}] += p.IntValue()
	})
}

func (l *ledger) total() (n int64) {
	for _, count := range l.found {
		n += count
	}
	return n
}

// played are n calls of the last 30 days, in no order.
func played(random *rand.Rand, from, n int, truth map[tokenMinute]int64) []call {
	calls := make([]call, n)
	for i := range calls {
		c := wanderer(random, from+i)
		c.at = morning.Add(time.Duration(random.Int64N(int64(30 * 24 * time.Hour))))
		truth[tokenMinute{c.token, c.at.Unix() / 60}]++
		calls[i] = c
	}
	return calls
}

// A month that is played back is counted in its minutes, over restarts, kills and batches that come again.
func TestAMonthThatIsPlayedBackIsCountedInItsMinutes(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(41, seed))
		dir, books, truth := folder(t), newLedger(t), make(map[tokenMinute]int64)
		tight := func(c *Config) {
			byMinute(c)
			c.Limits.MaxTokenMinutes = 2_000 // of up to 3,600: batches are cut for want of room
		}
		number := 0
		for range 4 {
			h := newHouse(t, tight).onDisk(dir).start()
			for range 3 {
				calls := played(random, number, 100+random.IntN(200), truth)
				number += len(calls)
				h.send(spans(calls...))
				switch random.IntN(3) {
				case 0:
					h.runtime().worker.ask(t.Context(), h.runtime().worker.flush)
				case 1:
					h.runtime().worker.ask(t.Context(), h.runtime().worker.save)
				}
				h.send(spans(calls[:len(calls)/2]...)) // again
			}
			killed := random.IntN(2) == 0
			if killed {
				left := h.killed(t, dir)
				books.take(h.warehouse)
				h.stop()
				dir = left
				continue
			}
			h.stop()
			books.take(h.warehouse)
		}
		h := newHouse(t, tight).onDisk(dir).start()
		h.stop()
		books.take(h.warehouse)
		assert.Equal(t, truth, books.found, "seed %d", seed)
	}
}

// While the store refuses, minutes are counted on; what has no room is counted together, and nothing is lost.
func TestAStoreThatRefusesLosesNothing(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		byMinute(c)
		c.Limits.MaxTokenMinutes = 500
	})
	h.warehouse.set(errors.New("not now"))
	h.start()
	random, truth, number := rand.New(rand.NewPCG(42, 1)), make(map[tokenMinute]int64), 0
	for range 100 {
		h.send(spans(played(random, number, 100, truth)...))
		number += 100
	}
	pipe := h.runtime().metrics.views[1].pipes[0]
	h.runtime().worker.ask(t.Context(), func() { assert.Less(t, pipe.courier.len(), deltaBatches) })
	h.warehouse.set(nil)
	h.stop()
	books := newLedger(t)
	books.take(h.warehouse)
	assert.Equal(t, int64(number), books.total())
	assert.Less(t, len(books.found), len(truth), "some are counted together")
}
