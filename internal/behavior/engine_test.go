package behavior

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// crowd draws the requests of n tokens over some days: regular lives, and from the given day on thieves for some of them.
func crowdOf(seed uint64, tokens, days, theftDay int) []Observation {
	r := rand.New(rand.NewPCG(seed, 1))
	countries, clients := []string{"DE", "FR", "US", "JP", "BR"}, []string{"okhttp/4", "python-requests/2", "Go-http-client/2", "axios/1"}
	var obs []Observation
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano()
	for k := range tokens {
		home, client, from, rate := countries[r.IntN(5)], clients[r.IntN(4)], r.IntN(12), 5+r.IntN(30)
		for d := range days {
			stolen := d >= theftDay && k%7 == 0
			for range rate/2 + r.IntN(rate) {
				o := Observation{
					Token: fmt.Sprintf("tok_%03d", k), Time: start + int64(d)*day + int64(float64(from)*3600e9+r.Float64()*8*3600e9),
					Service: "api", Version: "1", Method: "GET", Route: fmt.Sprintf("/v1/r%d", (k+r.IntN(3))%12), Country: home,
					Network: fmt.Sprintf("AS%d", k), Client: client, ResponseBytes: int64(1000 + r.IntN(3000)), HTTPStatus: 200,
				}
				if stolen && r.IntN(2) == 0 {
					o.Country, o.Network, o.Client, o.Route = "NL", "AS14061", "curl/8", "/v1/exports"
					o.Time += 10 * 3600e9
				}
				obs = append(obs, o)
			}
		}
	}
	slices.SortStableFunc(obs, func(a, b Observation) int { return int((a.Time - b.Time) / 1e6) })
	for i := range obs {
		obs[i].Trace = [16]byte{1, byte(i >> 16), byte(i >> 8), byte(i)}
		obs[i].Span = [8]byte{1, byte(i >> 16), byte(i >> 8), byte(i)}
	}
	return obs
}

func testConfig() Config {
	return Config{Budget: Budget{FalseAlerts: 10, Per: 7 * 24 * time.Hour}}
}

func TestThievesAreFoundAndTheOthersLeftAlone(t *testing.T) {
	events := New(testConfig()).Apply(crowdOf(1, 70, 40, 35))
	stolen, calm := map[string]bool{}, 0
	for _, e := range events {
		if e.Detector == anomaly.PopulationShift {
			require.NotEmpty(t, e.Tokens)
			continue
		}
		var k int
		_, err := fmt.Sscanf(e.Token.ID, "tok_%d", &k)
		require.NoError(t, err)
		if k%7 == 0 && e.Time >= time.Date(2026, 4, 6, 0, 0, 0, 0, time.UTC).UnixNano() {
			stolen[e.Token.ID] = true
		} else {
			calm++
		}
		require.Greater(t, e.Score, e.Limit-1e-9)
		require.NotEmpty(t, e.Evidence)
		require.NotEmpty(t, e.Sentence)
	}
	require.Len(t, stolen, 10, "every stolen key is noticed")
	require.LessOrEqual(t, calm, 10*40/7, "the budget holds")
}

func TestSameEventsHoweverItIsSplit(t *testing.T) {
	obs := crowdOf(2, 30, 40, 35)
	whole := New(testConfig()).Apply(slices.Clone(obs))
	require.NotEmpty(t, whole)
	for _, size := range []int{1, 7, 1000} {
		e := New(testConfig())
		var events []anomaly.Event
		for part := range slices.Chunk(slices.Clone(obs), size) {
			events = append(events, e.Apply(part)...)
		}
		require.Equal(t, whole, events, "in parts of %d", size)
	}
	cfg := testConfig()
	cfg.Shards = 4
	require.Equal(t, whole, New(cfg).Apply(slices.Clone(obs)), "with goroutines")
}

// store is what a storage extension keeps.
type store map[string][]byte

func (s store) save(records []Record) {
	for _, r := range records {
		if r.Value == nil {
			delete(s, r.Key)
			continue
		}
		s[r.Key] = slices.Clone(r.Value)
	}
}

func (s store) load(key string) ([]byte, error) { return s[key], nil }

func TestSameEventsAfterRestarts(t *testing.T) {
	obs := owned(crowdOf(3, 30, 40, 35))
	whole := New(testConfig()).Apply(slices.Clone(obs))
	disk := store{}
	var events []anomaly.Event
	for part := range slices.Chunk(slices.Clone(obs), len(obs)/23) {
		e := New(testConfig())
		require.NoError(t, e.Restore(disk.load))
		events = append(events, e.Apply(part)...)
		disk.save(e.Snapshot())
	}
	require.Equal(t, whole, events)
}

func TestTokensThatLeaveMemoryComeBack(t *testing.T) {
	obs := crowdOf(4, 48, 40, 35)
	whole := New(testConfig()).Apply(slices.Clone(obs))
	disk := store{}
	cfg := testConfig()
	cfg.Limits.MaxTokens, cfg.Load = 16, disk.load // one a shard
	e := New(cfg)
	var events []anomaly.Event
	for i, part := range slices.Collect(slices.Chunk(slices.Clone(obs), 500)) {
		events = append(events, e.Apply(part)...)
		disk.save(e.Snapshot())
		if i%10 == 9 {
			e = New(cfg)
			require.NoError(t, e.Restore(disk.load))
		}
	}
	require.Equal(t, whole, events)
	require.Equal(t, 16, e.Stats().Tokens)
}

func TestPackedTokensGoOnAsIfTheyWereNot(t *testing.T) {
	obs := crowdOf(4, 48, 40, 35)
	whole := New(testConfig()).Apply(slices.Clone(obs))
	disk := store{}
	e := New(testConfig())
	var events []anomaly.Event
	for i, part := range slices.Collect(slices.Chunk(slices.Clone(obs), 500)) {
		for _, s := range e.shards {
			s.mostLives = 1 + i%2
		}
		events = append(events, e.Apply(part)...)
		disk.save(e.Snapshot())
		if i%10 == 9 {
			e = New(testConfig())
			require.NoError(t, e.Restore(disk.load))
		}
	}
	require.Equal(t, whole, events)
}

func TestSnapshotsWriteWhatChanged(t *testing.T) {
	obs := crowdOf(4, 3000, 1, 99)
	e, disk := New(testConfig()), store{}
	e.Apply(obs)
	written := func() (bytes int) {
		records := e.Snapshot()
		disk.save(records)
		for _, r := range records {
			if strings.HasPrefix(r.Key, "page/") {
				bytes += len(r.Value)
			}
		}
		return bytes
	}
	all := written()
	require.Greater(t, all, 3000*300)
	require.Zero(t, written(), "nothing has changed")
	var most int
	for i := range 300 {
		e.Apply(slices.Clone(obs[len(obs)-10+i%10 : len(obs)-9+i%10]))
		most = max(most, written())
	}
	require.Less(t, most, all/100, "one token")
	again := New(testConfig())
	require.NoError(t, again.Restore(disk.load))
	require.Equal(t, e.Stats().Tokens, again.Stats().Tokens)
	for i, s := range e.shards {
		for n := s.slots[0].next; n != 0; n = s.slots[n].next {
			pack := s.packed(n)
			id := string(idOf(pack))
			require.Equal(t, pack, again.shards[i].packed(again.shards[i].find(id, hash(id))))
		}
	}
	require.Less(t, len(disk), 3000, "what was added is taken together")
}

func TestWithoutStorageMemoryIsBoundedToo(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.MaxTokens = 16
	e := New(cfg)
	e.Apply(crowdOf(9, 48, 10, 99))
	require.Equal(t, 16, e.Stats().Tokens)
	for _, s := range e.shards {
		require.Empty(t, s.away)
	}
}

func TestOneWildClockChangesNothingElse(t *testing.T) {
	obs := crowdOf(5, 20, 40, 35)
	whole := New(testConfig()).Apply(slices.Clone(obs))
	wild := obs[len(obs)/2]
	wild.Time = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	with := slices.Insert(slices.Clone(obs), len(obs)/2, wild)
	e := New(testConfig())
	require.Equal(t, whole, e.Apply(with))
	require.EqualValues(t, 1, e.Stats().Skewed)
}

func TestAPanicCostsOneTokenOneRequest(t *testing.T) {
	obs := crowdOf(8, 30, 40, 35)
	bad := obs[len(obs)/3]
	var want []anomaly.Event
	for _, e := range New(testConfig()).Apply(slices.Clone(obs)) {
		if e.Token.ID != bad.Token {
			want = append(want, e)
		}
	}
	cfg := testConfig()
	cfg.Shards = 2
	cfg.Probe = func(o *Observation) {
		if o.Trace == bad.Trace {
			panic("provoked")
		}
	}
	e := New(cfg)
	var got []anomaly.Event
	for _, event := range e.Apply(obs) {
		if event.Token.ID != bad.Token {
			got = append(got, event)
		}
	}
	require.EqualValues(t, 1, e.Stats().Panics)
	require.Contains(t, e.Stats().Fault, "provoked")
	require.Len(t, got, len(want))
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	e := New(testConfig())
	e.Apply(crowdOf(6, 5, 10, 99))
	disk := store{}
	disk.save(e.Snapshot())
	for key := range disk {
		broken := store{}
		for k, v := range disk {
			broken[k] = v
		}
		broken[key] = disk[key][:len(disk[key])/2]
		require.ErrorContains(t, New(testConfig()).Restore(broken.load), key)
		broken[key] = append([]byte{99}, disk[key]...)
		require.ErrorContains(t, New(testConfig()).Restore(broken.load), "version 99")
	}
}

func TestConfigSaysWhatWouldBeRight(t *testing.T) {
	for want, c := range map[string]Config{
		"alert_budget::false_alerts": {Budget: Budget{FalseAlerts: 0, Per: time.Hour}},
		"per_token_days":             {Budget: Budget{FalseAlerts: 1}},
		"limits::max_tokens":         {Budget: Budget{FalseAlerts: 1, Per: time.Hour}, Limits: Limits{MaxTokens: -1}},
	} {
		require.ErrorContains(t, c.Validate(), want)
	}
	require.NoError(t, testConfig().Validate())
}

func TestDisabledDetectorsAreSilent(t *testing.T) {
	cfg := testConfig()
	cfg.Disabled = map[anomaly.Detector]bool{}
	for _, d := range detectors {
		cfg.Disabled[d.name] = true
	}
	require.Empty(t, New(cfg).Apply(crowdOf(1, 28, 40, 35)))
}

func FuzzDecodeToken(f *testing.F) {
	e := New(testConfig())
	e.Apply(crowdOf(7, 3, 30, 25))
	for _, s := range e.shards {
		for n := s.slots[0].next; n != 0; n = s.slots[n].next {
			f.Add(s.packed(n))
		}
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		var one, other token
		var words baseline.Words
		if one.unpack(state, &words) != nil {
			return
		}
		pack := one.pack(nil, &words)
		require.NoError(t, other.unpack(pack, &words))
		require.Equal(t, pack, other.pack(nil, &words))
		require.Equal(t, one.id, string(idOf(pack)))
	})
}

// What all tokens and those of each owner do is state as well: the engine refuses it, or goes on with it.
func FuzzDecodePopulation(f *testing.F) {
	e, disk := New(testConfig()), store{}
	e.Apply(owned(crowdOf(7, 6, 20, 18)))
	disk.save(e.Snapshot())
	f.Add(disk[populationKey], disk[ownersKey])
	obs := owned(crowdOf(8, 3, 2, 99))
	for i := range obs {
		obs[i].Time += 25 * day
	}
	f.Fuzz(func(t *testing.T, population, owners []byte) {
		state := store{populationKey: population, ownersKey: owners}
		e := New(testConfig())
		if e.Restore(state.load) != nil {
			return
		}
		e.Apply(slices.Clone(obs))
		e.Snapshot()
	})
}

func BenchmarkApply(b *testing.B) {
	for _, tokens := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) {
			days := max(1, 200_000/(tokens*18))
			obs := crowdOf(1, tokens, days, 1<<30)
			e := New(testConfig())
			e.Apply(slices.Clone(obs))
			shift := int64(0)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				b.StopTimer()
				shift += int64(days) * day
				next := slices.Clone(obs)
				for i := range next {
					next[i].Time += shift
				}
				b.StartTimer()
				for part := range slices.Chunk(next, 1000) {
					if n += len(part); n > b.N {
						break
					}
					e.Apply(part)
				}
			}
		})
	}
}

// BenchmarkPack is what it costs to work with a token that is not live.
func BenchmarkPack(b *testing.B) {
	e := New(testConfig())
	e.Apply(crowdOf(1, 100, 10, 99))
	s := e.shards[0]
	var t token
	var pack []byte
	require.NoError(b, t.unpack(s.packed(s.slots[0].next), &s.words))
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			pack = t.pack(pack, &s.words)
		}
	})
	b.Run("unpack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if t.unpack(pack, &s.words) != nil {
				b.Fatal()
			}
		}
	})
}

// An event names the traces of a few requests of the day that were unlike the token, so that people can look at more than the last straw.
func TestEventsNameExamples(t *testing.T) {
	e := New(testConfig())
	events := e.Apply(crowdOf(3, 30, 40, 35))
	named := 0
	for i := range events {
		event := &events[i]
		require.LessOrEqual(t, len(event.Examples), unlikeKept)
		require.NotContains(t, event.Examples, event.Trace)
		if event.Detector == anomaly.PopulationShift {
			require.Empty(t, event.Examples)
		} else if len(event.Examples) > 0 {
			named++
		}
	}
	require.Positive(t, named)

	var b block
	for _, trace := range []byte{1, 1, 0, 2, 3, 4} {
		b.note([16]byte{trace})
	}
	require.Equal(t, [][16]byte{{1}, {3}}, b.examples([16]byte{2}))
}
