package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/holterhq/holter/internal/behavior"
)

// scale is a million tokens under `make prove`, a twentieth of it else.
func scale() int {
	if os.Getenv("HOLTER_PROVE") != "" {
		return 1_000_000
	}
	return 50_000
}

// fleet draws requests of tokens that have an owner, a network and a client each, and use three of a dozen routes.
type fleet struct {
	tokens                                   int
	ids                                      string // all in a row, to take little memory
	owners, networks, clients, routes, hints []string
	random                                   *rand.Rand
}

const fleetID = "tok_%026d"

func newFleet(tokens int) *fleet {
	f := &fleet{tokens: tokens, random: rand.New(rand.NewPCG(1, 1))}
	var ids strings.Builder
	ids.Grow(tokens * len(fmt.Sprintf(fleetID, 0)))
	for k := range tokens {
		fmt.Fprintf(&ids, fleetID, k)
		if k%20 == 0 {
			f.owners = append(f.owners, fmt.Sprintf("customer-%d", k/20))
		}
	}
	f.ids = ids.String()
	for i := range 10_000 {
		f.hints = append(f.hints, fmt.Sprintf("sk_live_…%04d", i))
	}
	for i := range 500 {
		f.networks = append(f.networks, fmt.Sprintf("AS%d", 1000+i))
		f.clients = append(f.clients, fmt.Sprintf("client-%d/1.0", i%40))
		f.routes = append(f.routes, fmt.Sprintf("/v1/things-%d/{id}", i%12))
	}
	return f
}

var fleetCountries = [...]string{"DE", "FR", "US", "NL", "JP"}

// request is one of token k.
func (f *fleet) request(k int, at int64) behavior.Observation {
	size := len(f.ids) / f.tokens
	return behavior.Observation{
		Token: f.ids[k*size : (k+1)*size], Time: at, Hint: f.hints[k%10_000], Type: "api_key", OwnerID: f.owners[k/20], OwnerName: f.owners[k/20], OwnerTeam: "payments",
		Trace: [16]byte{1}, Span: [8]byte{1}, Service: "shop", Version: "1.4.2", Environment: "production", Method: "GET",
		Route: f.routes[(k+f.random.IntN(3))%12], Country: fleetCountries[k%5], Network: f.networks[k%500], Client: f.clients[k%40], HTTPStatus: 200,
		RequestBytes: f.random.Int64N(300), ResponseBytes: 1000 + f.random.Int64N(3000), Duration: 1e6,
	}
}

var fleetStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano()

const aDay = int64(24 * time.Hour)

// live lets every token make some requests on each of some days.
func (f *fleet) live(e *behavior.Engine, from, days, requests int) {
	obs := make([]behavior.Observation, 0, 1000)
	for d := from; d < from+days; d++ {
		for q := range requests {
			for k := range f.tokens {
				hour := (6 + k%8 + 2*q) % 24
				obs = append(obs, f.request(k, fleetStart+int64(d)*aDay+int64(hour)*3600e9))
				if len(obs) == cap(obs) {
					e.Apply(obs)
					obs = obs[:0]
				}
			}
		}
	}
	e.Apply(obs)
}

var fleetBudget = behavior.Budget{FalseAlerts: 10, Per: 7 * 24 * time.Hour}

func (f *fleet) engine() *behavior.Engine {
	return behavior.New(behavior.Config{
		Budget: fleetBudget,
		Limits: behavior.Limits{MaxTokens: f.tokens + f.tokens/4}, // shards are not filled evenly
	})
}

// pages is how many bytes the baselines in a snapshot take.
func pages(records []behavior.Record) (bytes int) {
	for _, r := range records {
		if strings.HasPrefix(r.Key, "page/") {
			bytes += len(r.Value)
		}
	}
	return bytes
}

// resident is the process's memory, by its name in /proc: as it is (VmRSS), or at its peak (VmHWM).
func resident(t testing.TB, name string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s: /proc, where the process's memory is to be seen, is Linux's\n", t.Name())
		t.Skip("the process's memory is not to be seen here")
	}
	_, after, _ := strings.Cut(string(status), name+":")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(t, err)
	return kib << 10
}

// fixed is the memory that does not depend on how many tokens there are, which counts among few.
const fixed = 16 << 20

// TestMemoryOfAToken measures by how much the process grows, garbage included.
func TestMemoryOfAToken(t *testing.T) {
	f := newFleet(scale())
	debug.FreeOSMemory()
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0), "the peak is measured from here on")
	before := resident(t, "VmRSS")
	e := f.engine()
	f.live(e, 0, 10, 3)
	grown := resident(t, "VmHWM") - before
	require.Equal(t, f.tokens, e.Stats().Tokens)
	packed := pages(e.Snapshot())
	runtime.KeepAlive(f)
	t.Logf("%d tokens: %d bytes of baseline each, the process grew by %d each", f.tokens, packed/f.tokens, grown/f.tokens)
	require.LessOrEqual(t, packed/f.tokens, 1024)
	require.LessOrEqual(t, (grown-fixed)/f.tokens, 2048)
}

// BenchmarkTokens is the cost of a request among many tokens: each as likely as any other, and some much busier than others. The tokens are
// too young to be judged, which costs the same however many there are.
func BenchmarkTokens(b *testing.B) {
	for _, tokens := range []int{10_000, 1_000_000} {
		f := newFleet(tokens)
		e := behavior.New(behavior.Config{Budget: fleetBudget})
		f.live(e, 0, 2, 1)
		zipf := rand.NewZipf(f.random, 1.1, 10, uint64(tokens-1))
		at := fleetStart + aDay + 23*3600e9
		for name, pick := range map[string]func() int{
			"even": func() int { return f.random.IntN(tokens) },
			"busy": func() int { return int(zipf.Uint64() * 7919 % uint64(tokens)) },
		} {
			b.Run(fmt.Sprintf("%s/tokens=%d", name, tokens), func(b *testing.B) {
				measure(b, e, func(i int) behavior.Observation { return f.request(pick(), at+int64(i)*1e6) })
			})
		}
	}
}

// BenchmarkCores is the cost of a request with one goroutine and with as many as there are processors.
func BenchmarkCores(b *testing.B) {
	f := newFleet(20_000)
	for _, shards := range []int{1, runtime.GOMAXPROCS(0)} {
		e := behavior.New(behavior.Config{Budget: fleetBudget, Shards: shards})
		f.live(e, 0, 6, 4)
		b.Run(fmt.Sprintf("goroutines=%d", shards), func(b *testing.B) {
			measure(b, e, func(i int) behavior.Observation {
				return f.request(f.random.IntN(f.tokens), fleetStart+6*aDay+int64(i)*1e6)
			})
		})
	}
}

// measure gives requests to an engine, a thousand at a time; drawing them is not counted.
func measure(b *testing.B, e *behavior.Engine, draw func(i int) behavior.Observation) {
	obs := make([]behavior.Observation, 1000)
	var m meter
	var n int
	for n < b.N {
		for i := range obs {
			obs[i] = draw(n + i)
		}
		m.start()
		e.Apply(obs)
		m.stop()
		n += len(obs)
	}
	b.ReportMetric(float64(m.wall.Nanoseconds())/float64(n), "ns/request")
	b.ReportMetric(float64(m.cpu.Nanoseconds())/float64(n), "cpu-ns/request")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRestore reads the state of many tokens: from memory, and from the database of a file_storage that was closed and is opened
// for it.
func BenchmarkRestore(b *testing.B) {
	f := newFleet(scale())
	disk, bytes := f.state()
	restored := func(b *testing.B, get func(key string) ([]byte, error)) {
		e := f.engine()
		require.NoError(b, e.Restore(get))
		require.Equal(b, f.tokens, e.Stats().Tokens)
	}
	report := func(b *testing.B) {
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(f.tokens)*1e6, "s/1,000,000tokens")
		b.ReportMetric(float64(bytes)/float64(f.tokens), "B/token")
	}
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			restored(b, func(key string) ([]byte, error) { return disk[key], nil })
		}
		report(b)
	})
	b.Run("file_storage", func(b *testing.B) {
		folder := b.TempDir()
		write(b, folder, disk)
		for b.Loop() {
			inStorage(b, folder, func(client storage.Client) {
				restored(b, func(key string) ([]byte, error) { return client.Get(b.Context(), key) })
			})
		}
		report(b)
	})
}

// state is what an engine keeps of two days, and how many bytes that takes.
func (f *fleet) state() (state map[string][]byte, bytes int) {
	e := f.engine()
	f.live(e, 0, 2, 1)
	state = make(map[string][]byte)
	for _, r := range e.Snapshot() {
		state[r.Key] = r.Value
		bytes += len(r.Value)
	}
	return state, bytes
}

// write puts a state into a file_storage, some records at a time.
func write(b *testing.B, folder string, state map[string][]byte) {
	inStorage(b, folder, func(client storage.Client) {
		const atOnce = 1000
		var some []*storage.Operation
		for key, value := range state {
			if some = append(some, storage.SetOperation(key, value)); len(some) == atOnce {
				require.NoError(b, client.Batch(b.Context(), some...))
				some = some[:0]
			}
		}
		require.NoError(b, client.Batch(b.Context(), some...))
	})
}

// inStorage opens the database of a file_storage, does some work in it and closes it.
func inStorage(b *testing.B, folder string, work func(storage.Client)) {
	e := fileStorage(b, folder)
	require.NoError(b, e.Start(b.Context(), componenttest.NewNopHost()))
	client, err := e.(storage.Extension).GetClient(b.Context(), component.KindConnector, component.MustNewID("token_behavior"), "")
	require.NoError(b, err)
	work(client)
	require.NoError(b, client.Close(b.Context()))
	require.NoError(b, e.Shutdown(b.Context()))
}
