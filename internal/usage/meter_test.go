package usage

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
)

const minute = int64(60e9)

func small(delta bool) Options {
	return Options{Delta: delta, MaxTokens: 5, MaxRoutes: 3, MaxOrigins: 2, MaxReleases: 2, MaxClients: 2, MaxShared: 6, IdleAfter: 3e9 * 60}
}

func request(token string) *behavior.Observation {
	return &behavior.Observation{
		Token: token, Method: "GET", Route: "/v1/orders", Service: "shop", Version: "1", Country: "DE", Network: "AS3320",
		RequestBytes: 10, ResponseBytes: 100, Duration: 50e6, Trace: [16]byte{1}, Span: [8]byte{2},
	}
}

var counted = Role{Request: true, Served: true}

// ledger adds up what the series of every metric say, the way a backend does: delta values are added, cumulative ones
// replaced as long as the start is the same, and an ended series keeps its last value.
type ledger struct {
	values map[string]float64
	ended  float64
	starts map[string]int64
}

func (l *ledger) put(b *Batch, series string, start int64, value float64) {
	if l.values == nil {
		l.values, l.starts = map[string]float64{}, map[string]int64{}
	}
	if b.Delta {
		l.values[series] += value
		return
	}
	if previous, ok := l.starts[series]; ok && previous != start {
		l.ended += l.values[series]
	}
	l.values[series], l.starts[series] = value, start
}

func (l *ledger) total() float64 {
	total := l.ended
	for _, v := range l.values {
		total += v
	}
	return total
}

type ledgers struct {
	requests, durations, seconds, bytes, routes, origins, releases, clients, stress ledger
}

func (l *ledgers) put(b *Batch) {
	for _, u := range b.Tokens {
		name := fmt.Sprint(u.Token)
		var requests uint64
		for _, n := range u.Outcomes {
			requests += n
		}
		l.requests.put(b, name, u.Start, float64(requests))
		l.durations.put(b, name, u.Start, float64(u.Duration.Count))
		l.seconds.put(b, name, u.Start, u.Duration.Sum)
		l.bytes.put(b, name, u.Start, float64(u.Received+u.Sent))
		putSeries(&l.routes, b, u, u.Routes)
		putSeries(&l.origins, b, u, u.Origins)
		putSeries(&l.releases, b, u, u.Releases)
		putSeries(&l.clients, b, u, u.Clients)
	}
	for _, r := range b.Routes {
		l.stress.put(b, fmt.Sprint(r.Route, r.Outcome, r.Overflow), b.Start, float64(r.Duration.Count))
	}
}

func putSeries[K comparable](l *ledger, b *Batch, u TokenUsage, s Series[K]) {
	for i, k := range s.Keys {
		l.put(b, fmt.Sprint(u.Token, k), u.Start, float64(s.Counts[i]))
	}
	l.put(b, fmt.Sprint(u.Token, "rest"), u.Start, float64(s.Rest))
}

// Whatever the limits, the series of every metric add up to what was recorded.
func TestSeriesAddUp(t *testing.T) {
	for _, delta := range []bool{false, true} {
		for seed := range uint64(20) {
			random := rand.New(rand.NewPCG(seed, 1))
			m := New(small(delta), 0)
			var sums ledgers
			var n, spent float64
			for interval := int64(1); interval <= 30; interval++ {
				for range random.IntN(200) {
					obs := request(fmt.Sprint("t", int(random.ExpFloat64()*4)+int(interval/6)))
					obs.Route = fmt.Sprint("/", random.IntN(8))
					obs.Country = fmt.Sprint("C", random.IntN(4))
					obs.Version = fmt.Sprint(random.IntN(4))
					obs.Client = fmt.Sprint("client ", random.IntN(4))
					obs.Outcome = behavior.Outcome(random.IntN(5))
					obs.Duration = random.Int64N(5e9)
					m.Record(obs, counted)
					n++
					spent += float64(obs.Duration) / 1e9
				}
				b := m.Collect(interval * minute)
				require.LessOrEqual(t, len(b.Tokens), 5+1)
				sums.put(b)
			}
			for name, l := range map[string]*ledger{
				"requests": &sums.requests, "durations": &sums.durations, "routes": &sums.routes, "origins": &sums.origins,
				"releases": &sums.releases, "clients": &sums.clients, "route durations": &sums.stress,
			} {
				require.Equal(t, n, l.total(), "%s, delta %v, seed %d", name, delta, seed)
			}
			require.Equal(t, 110*n, sums.bytes.total())
			require.InEpsilon(t, spent, sums.seconds.total(), 1e-9)
		}
	}
}

func TestHeavyTokensTakeThePlaces(t *testing.T) {
	for _, delta := range []bool{true, false} {
		m := New(small(delta), 0)
		for i := range 5 {
			m.Record(request(fmt.Sprint("light", i)), counted)
		}
		var b *Batch
		for interval := int64(1); interval < 9; interval++ {
			for range 50 {
				m.Record(request("heavy"), counted)
			}
			b = m.Collect(interval * minute)
			if interval == 2 && !delta {
				assert.NotContains(t, tokens(b), "heavy", "a cumulative series goes on until its token rests")
			}
		}
		assert.Contains(t, tokens(b), "heavy", "delta %v", delta)
	}
}

func TestAnOwnerThatBecomesKnownStartsNewSeries(t *testing.T) {
	m := New(small(false), 0)
	m.Record(request("a"), counted)
	m.Collect(minute)
	known := request("a")
	known.OwnerID = "acme"
	m.Record(known, counted)
	b := m.Collect(2 * minute)
	require.Len(t, b.Tokens, 2)
	assert.Equal(t, int64(0), b.Tokens[0].Start)
	assert.Equal(t, minute, b.Tokens[1].Start)
	assert.Equal(t, uint64(1), b.Tokens[1].Outcomes[behavior.Success])
}

func TestWeightsAddUp(t *testing.T) {
	m := New(small(true), 0)
	for range 1000 {
		obs := request("a")
		obs.Weight = 1 / 0.3
		m.Record(obs, counted)
	}
	b := m.Collect(minute)
	assert.InDelta(t, 3333, b.Tokens[0].total(), 1)
	assert.Equal(t, b.Tokens[0].total(), b.Tokens[0].Duration.Count)
	assert.Equal(t, b.Tokens[0].total(), b.Routes[0].Duration.Count)
}

func TestOutboundHasNoOrigin(t *testing.T) {
	m := New(small(true), 0)
	obs := request("a")
	obs.Outbound = true
	m.Record(obs, Role{Request: true})
	b := m.Collect(minute)
	assert.Empty(t, b.Tokens[0].Origins.Keys)
	assert.Equal(t, uint64(10), b.Tokens[0].Sent, "what we send is what the server receives")
	assert.Empty(t, b.Routes)
}

func TestUnknownMeasuresAreLeftOut(t *testing.T) {
	m := New(small(true), 0)
	obs := request("a")
	obs.Duration, obs.RequestBytes, obs.ResponseBytes = -1, -1, -1
	m.Record(obs, counted)
	b := m.Collect(minute)
	assert.Equal(t, uint64(1), b.Tokens[0].total())
	assert.Zero(t, b.Tokens[0].Duration.Count)
	assert.Zero(t, b.Tokens[0].Received+b.Tokens[0].Sent)
	assert.Empty(t, b.Routes)
}

func TestActiveCountsDistinctTokens(t *testing.T) {
	m := New(small(false), 0)
	for i := range 3000 {
		obs := request(fmt.Sprint("t", i))
		obs.OwnerID = "acme"
		m.Record(obs, counted)
		m.Record(obs, counted)
	}
	b := m.Collect(minute)
	require.Len(t, b.Active, 2)
	assert.Equal(t, Active{OwnerID: "acme", Tokens: 5}, b.Active[0])
	assert.InEpsilon(t, 2995, b.Active[1].Tokens, 0.1)
	assert.Equal(t, []Active{{OwnerID: "acme", Tokens: 0}}, m.Collect(2*minute).Active)
}

func TestABatchStaysAsItWas(t *testing.T) {
	m := New(small(false), 0)
	m.Record(request("a"), counted)
	m.Cover(0, "shop", Coverage{With: 1, Without: 2, Unreadable: 3})
	b := m.Collect(minute)
	want := fmt.Sprint(b)
	for range 10 {
		obs := request("a")
		obs.Route, obs.Duration = "/other", 9e9
		m.Record(obs, counted)
		m.Cover(0, "shop", Coverage{With: 1})
	}
	assert.Equal(t, want, fmt.Sprint(b))
	assert.Equal(t, Exemplar{Trace: [16]byte{1}, Span: [8]byte{2}, Seconds: 0.05}, b.Tokens[0].Slowest)
}

func tokens(b *Batch) []string {
	var ids []string
	for _, u := range b.Tokens {
		ids = append(ids, u.ID)
	}
	return ids
}

func BenchmarkRecord(b *testing.B) {
	for _, count := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint("tokens=", count), func(b *testing.B) {
			options := small(false)
			options.MaxTokens = 10_000
			m := New(options, 0)
			requests := make([]*behavior.Observation, count)
			for i := range requests {
				requests[i] = request(fmt.Sprintf("tok_%026d", i))
			}
			b.ReportAllocs()
			var i int
			for b.Loop() {
				m.Record(requests[i%count], counted)
				i++
			}
		})
	}
}
