package replay

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
)

func setup(t *testing.T) (*sim.Fleet, *otlpsend.Sender, *atomic.Int64) {
	t.Helper()
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	t.Cleanup(server.Close)
	f, err := sim.New(sim.Config{Seed: 1, Tokens: 10, Days: 1, Start: time.Date(2026, 4, 27, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	s, err := otlpsend.New(otlpsend.Config{Endpoint: strings.TrimPrefix(server.URL, "http://"), Protocol: "http", Insecure: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return f, s, &posts
}

func TestPlaysEverything(t *testing.T) {
	f, s, _ := setup(t)
	seen, last := 0, Progress{}
	require.NoError(t, Run(t.Context(), f, s, Pace{}, func(*sim.Request) { seen++ }, func(p Progress) { last = p }))
	assert.Positive(t, seen)
	assert.Equal(t, seen, last.Requests)
	assert.InDelta(t, 1, last.Done, .1)
}

func TestSpeedStretchesTheDay(t *testing.T) {
	f, s, posts := setup(t)
	began := time.Now()
	require.NoError(t, Run(t.Context(), f, s, Pace{Speed: 24 * 3600}, nil, nil)) // a day a second
	assert.InDelta(t, 1, time.Since(began).Seconds(), .5)
	assert.GreaterOrEqual(t, posts.Load(), int64(3), "cut into several batches on the way")
}

func TestHistoryIsSentAtOnce(t *testing.T) {
	f, s, _ := setup(t)
	began := time.Now()
	noon := f.Start().Add(12 * time.Hour)
	require.NoError(t, Run(t.Context(), f, s, Pace{Speed: 24 * 3600, From: noon}, nil, nil))
	assert.InDelta(t, .5, time.Since(began).Seconds(), .3, "half a day, a day a second")
}

func TestRateBoundsTheLoad(t *testing.T) {
	f, s, _ := setup(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, Run(ctx, f, s, Pace{Rate: 1}, nil, nil), context.DeadlineExceeded)
	assert.LessOrEqual(t, s.Stats.Batches, 1)
}

func TestEndsWithTheContext(t *testing.T) {
	f, s, _ := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Run(ctx, f, s, Pace{Speed: 1}, nil, nil), context.Canceled)
}
