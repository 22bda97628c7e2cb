package embedded

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// load writes so much time of a population, in batches of so many minutes, and returns how many facts these were and how long the store took.
func load(tb testing.TB, s *Store, p *population, from time.Time, span time.Duration, minutes int) (facts int, took time.Duration) {
	batch := store.Batch{Engine: "engine", Pipe: from.String()}
	for at := from; at.Before(from.Add(span)); {
		batch.Facts = batch.Facts[:0]
		for range minutes {
			batch.Facts = p.minute(batch.Facts, at)
			at = at.Add(time.Minute)
		}
		batch.Sequence++
		begin := time.Now()
		require.NoError(tb, s.Write(tb.Context(), batch))
		if at.Unix()%3600 < int64(minutes)*60 {
			require.NoError(tb, s.Maintain(tb.Context(), at))
		}
		took += time.Since(begin)
		facts += len(batch.Facts)
	}
	begin := time.Now()
	for range 3 {
		require.NoError(tb, s.Maintain(tb.Context(), from.Add(span+time.Hour)))
	}
	return facts, took + time.Since(begin)
}

var longest = store.Retention{Minutes: 100 * 24 * time.Hour}

// A fact takes no more than six bytes in files, whatever the level. The database does not grow with them.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("writes half a million facts")
	}
	t.Parallel()
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder, Retention: longest})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	facts, _ := load(t, s, newPopulation(5000), start, 24*time.Hour, 10)
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
		folder := os.Getenv("HOLTER_BENCH_FOLDER")
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
			facts, took := load(b, s, p, start, span, 10)
			b.ReportMetric(float64(facts), "facts")
			b.ReportMetric(float64(facts)/took.Seconds(), "facts/s")
			status, err = s.Status(b.Context())
			require.NoError(b, err)
		}
		b.ReportMetric(float64(status.Bytes)/float64(status.Facts), "bytes/fact")
		ask(b, s, p, span)
		require.NoError(b, s.Close())
	}
}

// ask asks while 20,000 rows a second come in.
func ask(b *testing.B, s *Store, p *population, span time.Duration) {
	ctx, cancel := context.WithCancel(b.Context())
	var (
		group   sync.WaitGroup
		written int
	)
	begin := time.Now()
	group.Go(func() {
		at := start.Add(span)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		more := newPopulation(5000)
		for sequence := uint64(0); ; sequence++ {
			var facts []store.Fact
			for len(facts) < 2000 {
				facts = more.minute(facts, at)
				at = at.Add(time.Minute)
			}
			assert.NoError(b, s.Write(context.WithoutCancel(ctx), store.Batch{Engine: "during", Pipe: begin.String(), Sequence: sequence, Facts: facts}))
			written += len(facts)
			if sequence%12 == 0 {
				assert.NoError(b, s.Maintain(context.WithoutCancel(ctx), at))
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	random := rand.New(rand.NewPCG(13, 21))
	type took struct {
		name string
		wall time.Duration
		read int64
	}
	var all []took
	cpu := cpuTime()
	for range 1000 {
		name, q := p.question(random, start, start.Add(span))
		s.forgetDirectories()
		begin := time.Now()
		answer, err := s.Query(b.Context(), q)
		require.NoError(b, err)
		all = append(all, took{name, time.Since(begin), answer.Facts})
	}
	cpu = cpuTime() - cpu
	seconds := time.Since(begin).Seconds()
	cancel()
	group.Wait()
	sort.Slice(all, func(i, j int) bool { return all[i].wall < all[j].wall })
	quantile := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].wall) / 1e6 }
	b.ReportMetric(quantile(.5), "p50-ms")
	b.ReportMetric(quantile(.95), "p95-ms")
	b.ReportMetric(quantile(.99), "p99-ms")
	b.ReportMetric(float64(written)/seconds, "rows/s-meanwhile")
	b.ReportMetric(float64(cpu)/1e6/float64(len(all)), "cpu-ms/query")
	for _, one := range slices.Backward(all[len(all)-12:]) {
		b.Logf("%8.1f ms %9d facts  %s", float64(one.wall)/1e6, one.read, one.name)
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
