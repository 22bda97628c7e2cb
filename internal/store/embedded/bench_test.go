//go:build unix

package embedded

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// load writes so much time of a population, in batches of so many minutes, and returns how many facts these were, how long the store took, and how
// much of the processor.
func load(tb testing.TB, s *Store, p *population, from time.Time, span time.Duration, minutes int) (facts int, took, cpu time.Duration) {
	batch := store.Batch{Engine: "engine", Pipe: from.String()}
	for at := from; at.Before(from.Add(span)); {
		batch.Facts = batch.Facts[:0]
		for range minutes {
			batch.Facts = p.minute(batch.Facts, at)
			at = at.Add(time.Minute)
		}
		batch.Sequence++
		begin, beginCPU := time.Now(), cpuTime()
		require.NoError(tb, s.Write(tb.Context(), batch))
		if at.Unix()%3600 < int64(minutes)*60 {
			require.NoError(tb, s.Maintain(tb.Context(), at))
		}
		took += time.Since(begin)
		cpu += cpuTime() - beginCPU
		facts += len(batch.Facts)
	}
	begin := time.Now()
	for range 3 {
		require.NoError(tb, s.Maintain(tb.Context(), from.Add(span+time.Hour)))
	}
	return facts, took + time.Since(begin), cpu
}

var longest = store.Retention{Minutes: 100 * 24 * time.Hour, Hours: 100 * 24 * time.Hour}

// A fact takes no more than six bytes in files, whatever the level. The database does not grow with them.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many facts")
	}
	t.Parallel()
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder, Retention: longest})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	facts, _, _ := load(t, s, newPopulation(5000), start, 6*time.Hour, 10)
	status, err := s.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, int64(facts), status.Facts)
	size := int64(0)
	for l := range levels {
		for _, b := range s.buckets[l] {
			for _, c := range b.chunks {
				size += c.size
			}
		}
	}
	t.Logf("%d facts, %.2f bytes each in files, %.2f with the database", facts, float64(size)/float64(facts), float64(status.Bytes)/float64(facts))
	assert.Less(t, float64(size)/float64(facts), 6.0)
}

// BenchmarkStore loads 90 days of 5,000 tokens, 50,000,000 facts by the minute (a twentieth without HOLTER_PROVE), then asks what a console asks while more come in.
// Directories of files are forgotten before each question: nothing is held but the index of files, the dictionary and the tokens.
func BenchmarkStore(b *testing.B) {
	span := 90 * 24 * time.Hour
	if os.Getenv("HOLTER_PROVE") == "" {
		span = 108 * time.Hour
	}
	for range b.N {
		folder := os.Getenv("HOLTER_BENCH_FOLDER") // that of a run before is asked again
		if folder == "" {
			folder = b.TempDir()
		}
		s, err := Open(Options{Folder: folder, Retention: longest})
		require.NoError(b, err)
		p := newPopulation(5000)
		status, err := s.Status(b.Context())
		require.NoError(b, err)
		if status.Facts == 0 {
			require.NoError(b, s.Write(b.Context(), store.Batch{Sightings: p.sightings(start)}))
			facts, took, cpu := load(b, s, p, start, span, 10)
			b.ReportMetric(float64(facts), "facts")
			b.ReportMetric(float64(facts)/took.Seconds(), "facts/s")
			b.ReportMetric(float64(facts)/cpu.Seconds(), "facts/cpu-s")
			status, err = s.Status(b.Context())
			require.NoError(b, err)
		}
		b.ReportMetric(float64(status.Bytes)/float64(status.Facts), "bytes/fact")
		ask(b, s, p, span, false)
		ask(b, s, p, span, true)
		require.NoError(b, s.Close())
	}
}

// ask asks 1,000 questions; alone, to tell how much work one is, or while 20,000 rows a second come in.
func ask(b *testing.B, s *Store, p *population, span time.Duration, busy bool) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var (
		group   sync.WaitGroup
		written atomic.Int64
	)
	if busy {
		group.Go(func() { comeIn(ctx, b, s, start.Add(span), &written) })
	}
	type took struct {
		name      string
		wall, cpu time.Duration
		read      int64
	}
	random := rand.New(rand.NewPCG(13, 21))
	var all []took
	begin := time.Now()
	for range 1000 {
		name, q := p.question(random, start, start.Add(span))
		s.forgetDirectories()
		begin, cpu := time.Now(), cpuTime()
		answer, err := s.Query(b.Context(), q)
		require.NoError(b, err)
		all = append(all, took{name, time.Since(begin), cpuTime() - cpu, answer.Facts})
	}
	seconds := time.Since(begin).Seconds()
	cancel()
	group.Wait()
	report := func(unit string, of func(took) time.Duration) {
		slices.SortFunc(all, func(a, b took) int { return cmp.Compare(of(a), of(b)) })
		for _, q := range []struct {
			name string
			at   float64
		}{{"p50-", .5}, {"p95-", .95}, {"p99-", .99}} {
			b.ReportMetric(float64(of(all[int(q.at*float64(len(all)-1))]))/1e6, q.name+unit)
		}
	}
	if busy {
		report("ms", func(t took) time.Duration { return t.wall })
		b.ReportMetric(float64(written.Load())/seconds, "rows/s-meanwhile")
		return
	}
	report("alone-ms", func(t took) time.Duration { return t.wall })
	report("cpu-ms", func(t took) time.Duration { return t.cpu })
	for _, one := range slices.Backward(all[len(all)-8:]) {
		b.Logf("%8.1f ms of CPU, %9d facts: %s", float64(one.cpu)/1e6, one.read, one.name)
	}
}

// comeIn writes 20,000 rows a second, and so makes an hour of the population a second.
func comeIn(ctx context.Context, b *testing.B, s *Store, at time.Time, written *atomic.Int64) {
	p := newPopulation(5000)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	pipe := time.Now().String()
	for sequence := uint64(0); ; sequence++ {
		var facts []store.Fact
		for len(facts) < 2000 {
			facts = p.minute(facts, at)
			at = at.Add(time.Minute)
		}
		assert.NoError(b, s.Write(context.WithoutCancel(ctx), store.Batch{Engine: "during", Pipe: pipe, Sequence: sequence, Facts: facts}))
		written.Add(int64(len(facts)))
		if sequence%12 == 0 {
			assert.NoError(b, s.Maintain(context.WithoutCancel(ctx), at))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// forgetDirectories lets go of what is only held to be read faster.
func (s *Store) forgetDirectories() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for l := range s.buckets {
		for _, b := range s.buckets[l] {
			for _, c := range b.chunks {
				c.load.Lock()
				c.places = nil
				c.load.Unlock()
			}
		}
	}
}
