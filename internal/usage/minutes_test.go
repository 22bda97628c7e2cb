package usage

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
)

func wide() Options {
	return Options{Delta: true, MaxTokens: 100, MaxRoutes: 30, MaxOrigins: 30, MaxReleases: 30, MaxClients: 30, MaxShared: 30, MaxCells: 1e6}
}

func countedAt(at int64) Role { return Role{Request: true, Served: true, At: at} }

// Whatever the limits and the order of arrival, the series of every metric add up to what was recorded, in minutes that are whole.
func TestMinutesAddUp(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 2))
		options := small(true)
		options.MaxCells = 10 + random.IntN(2000)
		m := NewMinutes(options)
		var sums ledgers
		var n, spent, covered, units float64
		for range 20 {
			from := random.Int64N(30 * 86400e9)
			for range random.IntN(300) {
				obs := request(fmt.Sprint("t", int(random.ExpFloat64()*4)))
				obs.Time = from + random.Int64N(1+random.Int64N(86400e9))
				obs.Route = fmt.Sprint("/", random.IntN(8))
				obs.Client = fmt.Sprint("client ", random.IntN(4))
				obs.Outcome = behavior.Outcome(random.IntN(5))
				obs.Duration = random.Int64N(5e9)
				m.Record(obs, countedAt(obs.Time))
				m.Cover(obs.Time, obs.Service, Coverage{With: 1})
				m.Charge(obs, &Charge{Unit: Unit{Name: "pages"}, Amount: 3, At: obs.Time})
				n++
				spent += float64(obs.Duration) / 1e9
				covered++
				units += 3
			}
			for b := range m.Batches(0) {
				require.LessOrEqual(t, len(b.Tokens), portion)
				require.Zero(t, b.Start%minute)
				require.Equal(t, b.Start+minute, b.End)
				sums.put(b)
				for _, u := range b.Tokens {
					require.Equal(t, b.Start, u.Start)
					units -= float64(u.Units.Amounts.Rest)
					for _, n := range u.Units.Amounts.Counts {
						units -= float64(n)
					}
				}
				for _, c := range b.Cover {
					covered -= float64(c.With)
				}
			}
		}
		for name, l := range map[string]*ledger{
			"requests": &sums.requests, "durations": &sums.durations, "routes": &sums.routes, "origins": &sums.origins,
			"releases": &sums.releases, "clients": &sums.clients, "route durations": &sums.stress,
		} {
			require.Equal(t, n, l.total(), "%s, seed %d", name, seed)
		}
		require.Zero(t, covered)
		require.Zero(t, units)
		require.Equal(t, 110*n, sums.bytes.total())
		require.InEpsilon(t, spent, sums.seconds.total(), 1e-9)
	}
}

// What is played back, in whatever order, is counted in its minute, as the truth has it.
func TestMinutesAreThoseOfTheRequests(t *testing.T) {
	type cell struct {
		token  string
		minute int64
	}
	random := rand.New(rand.NewPCG(7, 2))
	m := NewMinutes(wide())
	truth, found := map[cell]uint64{}, map[cell]uint64{}
	for range 5 {
		for range 4_000 {
			obs := request(fmt.Sprint("t", random.IntN(40)))
			obs.OwnerID = fmt.Sprint("owner ", random.IntN(2))
			obs.Time = random.Int64N(30 * 86400e9)
			m.Record(obs, countedAt(obs.Time))
			truth[cell{obs.Token, obs.Time / minute}]++
		}
		for b := range m.Batches(0) {
			for _, u := range b.Tokens {
				found[cell{u.ID, u.Start / minute}] += u.total()
			}
		}
	}
	assert.Equal(t, truth, found)
	assert.Zero(t, m.Overflowed())
}

func TestAMinuteIsToldInPortions(t *testing.T) {
	options := wide()
	options.MaxTokens = 10_000
	m := NewMinutes(options)
	for i := range 2*portion + 1 {
		m.Record(request(fmt.Sprint("t", i)), countedAt(5))
	}
	var sizes []int
	var stress uint64
	for b := range m.Batches(0) {
		sizes = append(sizes, len(b.Tokens))
		for _, r := range b.Routes {
			stress += r.Duration.Count
		}
	}
	assert.Equal(t, []int{portion, portion, 1}, sizes)
	assert.Equal(t, uint64(2*portion+1), stress)
	for range m.Batches(0) {
		assert.Fail(t, "nothing is told twice")
	}
}

func TestMinutesAreBounded(t *testing.T) {
	options := wide()
	options.MaxCells = 50
	m := NewMinutes(options)
	for i := range int64(1000) {
		obs := request(fmt.Sprint("t", i%7))
		m.Record(obs, countedAt(i*minute))
		if i == 3 {
			assert.False(t, m.Crowded())
		}
	}
	assert.True(t, m.Crowded())
	assert.LessOrEqual(t, m.cells, options.MaxCells)
	assert.LessOrEqual(t, len(m.open), 10)
	var n uint64
	for b := range m.Batches(0) {
		for _, u := range b.Tokens {
			n += u.total()
		}
	}
	assert.Equal(t, uint64(1000), n)
	assert.Equal(t, uint64(990), m.Overflowed())
	assert.False(t, m.Crowded())
}

func BenchmarkMinutes(b *testing.B) {
	const count = 10_000
	m := NewMinutes(Options{Delta: true, MaxTokens: count, MaxRoutes: 50, MaxOrigins: 20, MaxReleases: 20, MaxClients: 20, MaxShared: 1000, MaxCells: 1e6})
	requests := make([]*behavior.Observation, count)
	for i := range requests {
		requests[i] = request(fmt.Sprintf("tok_%026d", i))
	}
	b.ReportAllocs()
	var i int
	for b.Loop() {
		m.Record(requests[i%count], countedAt(int64(i)*10e6))
		if i++; i%(2*count) == 0 {
			for range m.Batches(0) { // what is emitted is measured elsewhere
			}
		}
	}
}
