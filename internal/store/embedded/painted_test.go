//go:build unix

package embedded

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/console"
	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// root is the repository's.
const root = "../../.."

// BenchmarkPainted asks the questions of BenchmarkStore on the page, in Chromium, while 20,000 rows a second come in: from the click to the painted chart. It
// needs what integration/setup.sh installs. HOLTER_BENCH_FOLDER is a store that was made before, and is kept.
func BenchmarkPainted(b *testing.B) {
	node, err := exec.LookPath("node")
	if err != nil {
		b.Skip("node is missing: run integration/setup.sh")
	}
	script, err := filepath.Abs(filepath.Join(root, "integration", "node"))
	require.NoError(b, err)
	if _, err := os.Stat(filepath.Join(script, "node_modules", "playwright-core")); err != nil {
		b.Skip("playwright-core is missing: run integration/setup.sh")
	}
	span, questions := 90*24*time.Hour, 300
	if os.Getenv("HOLTER_PROVE") == "" {
		span, questions = 108*time.Hour, 60
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
			load(b, s, p, start, span, 10)
		}
		c, err := console.New(console.Settings{
			Store: s, Gate: (&access.Gate{Login: access.LoginNone}).Open(), Assets: os.DirFS(filepath.Join(root, "extension", "tokenconsoleextension", "assets")),
			Limits: console.Limits{MaxRange: 800 * 24 * time.Hour, Timeout: 20 * time.Second, Streams: 4, Export: 1000, Entries: 1000},
			Now:    func() time.Time { return start.Add(span) },
		})
		require.NoError(b, err)
		c.Run()
		server := httptest.NewServer(c)

		ctx, cancel := context.WithCancel(b.Context())
		var (
			group   sync.WaitGroup
			written atomic.Int64
		)
		group.Go(func() { comeIn(ctx, b, s, start.Add(span), &written) })
		begin := time.Now()
		painted := look(b, node, script, server.URL, clicks(p, span, questions))
		b.ReportMetric(float64(written.Load())/time.Since(begin).Seconds(), "rows/s-meanwhile")
		cancel()
		group.Wait()
		for _, part := range []struct {
			unit string
			of   func(paint) float64
		}{{"ms-painted", func(p paint) float64 { return p.Painted }}, {"ms-api", func(p paint) float64 { return p.Answered }}, {"ms-drawn", func(p paint) float64 { return p.Drawn }}} {
			slices.SortFunc(painted, func(a, b paint) int { return int(1000 * (part.of(a) - part.of(b))) })
			for name, at := range map[string]float64{"p50-": .5, "p95-": .95} {
				b.ReportMetric(part.of(painted[int(at*float64(len(painted)-1))]), name+part.unit)
			}
		}
		c.Close()
		server.CloseClientConnections()
		server.Close()
		require.NoError(b, s.Close())
	}
}

// paint is how long one look took, in milliseconds since the click: to the API's answer, until it was drawn, and until that was on the screen.
type paint struct {
	Answered float64 `json:"answered"`
	Drawn    float64 `json:"drawn"`
	Painted  float64 `json:"painted"`
	URL      string  `json:"url"`
}

// clicks are questions as addresses of the page.
func clicks(p *population, span time.Duration, n int) (all []string) {
	random := rand.New(rand.NewPCG(13, 21))
	for range n {
		_, q := p.question(random, start, start.Add(span))
		at := url.Values{"from": {q.From.UTC().Format(time.RFC3339)}, "to": {q.To.UTC().Format(time.RFC3339)}, "measure": {string(q.Measure)}}
		for name, values := range map[string][]string{"token": q.Filter.IDs, "owner": q.Filter.Owners, "tag": q.Filter.Tags, "group": {string(q.Group)}} {
			if len(values) > 0 && values[0] != "" {
				at[name] = values
			}
		}
		all = append(all, "/explore?"+at.Encode())
	}
	return all
}

// look has a browser open one address after another.
func look(b *testing.B, node, folder, page string, addresses []string) []paint {
	b.Helper()
	list, err := json.Marshal(addresses)
	require.NoError(b, err)
	file := filepath.Join(b.TempDir(), "addresses.json")
	require.NoError(b, os.WriteFile(file, list, 0o600))
	cmd := exec.CommandContext(b.Context(), node, "painted.mjs", page, file)
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	text, err := cmd.Output()
	require.NoError(b, err)
	var painted []paint
	require.NoError(b, json.Unmarshal(text, &painted))
	require.Len(b, painted, len(addresses))
	slices.SortFunc(painted, func(a, b paint) int { return int(1000 * (b.Painted - a.Painted)) })
	for _, slow := range painted[:min(5, len(painted))] {
		b.Logf("%6.0f ms to the answer, %.0f drawn, %.0f painted: %s", slow.Answered, slow.Drawn, slow.Painted, slow.URL)
	}
	return painted
}
