package embedded

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// While some write and others seal, merge, back up and erase, whoever asks sees no fact twice, and none missing that was acknowledged before.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s, err := Open(Options{Folder: t.TempDir(), Rows: 500})
	require.NoError(t, err)
	var (
		writers, others sync.WaitGroup
		acknowledged    atomic.Int64
		begun           atomic.Int64
		done            = make(chan struct{})
	)
	for i := range uint64(3) {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(i, 9))
			for range 30 {
				begun.Add(50)
				assert.NoError(t, s.Write(t.Context(), store.Batch{Facts: someFacts(random, 50), Sightings: []store.Sighting{{Token: store.Token{ID: "tok_a", Hint: "a"}}}}))
				acknowledged.Add(50)
				assert.NoError(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Time: start, Token: "tok_a"}}))
				assert.NoError(t, s.Append(t.Context(), []store.Entry{{Time: start}}))
			}
		})
	}
	again := func(do func()) {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					do()
				}
			}
		})
	}
	hour := 0
	again(func() {
		hour++
		assert.NoError(t, s.Maintain(t.Context(), start.Add(time.Duration(hour%24)*time.Hour)))
	})
	for _, step := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour} {
		again(func() {
			before := acknowledged.Load()
			n := int64(countAll(t, s, step))
			assert.GreaterOrEqual(t, n, before)
			assert.LessOrEqual(t, n, begun.Load())
		})
	}
	again(func() {
		_, err := s.Erase(t.Context(), store.Erasure{Tokens: []string{"tok_nobody"}, At: start})
		assert.NoError(t, err)
		assert.NoError(t, s.Backup(t.Context(), io.Discard))
	})
	again(func() {
		_, err := s.Tokens(t.Context(), store.TokenQuery{Sort: "-requests"})
		assert.NoError(t, err)
		_, err = s.Events(t.Context(), store.EventQuery{Filter: store.TokenFilter{Text: "a"}})
		assert.NoError(t, err)
		for _, err := range s.Facts(t.Context(), store.FactQuery{Kind: store.Outcomes, From: start, To: start.AddDate(0, 0, 1), Level: time.Minute}) {
			assert.NoError(t, err)
		}
	})
	writers.Wait()
	close(done)
	others.Wait()
	assert.Equal(t, float64(acknowledged.Load()), countAll(t, s, 0))
	require.NoError(t, s.Close())
	assert.Empty(t, leftovers(t, s.folder))
}

// leftovers are files in a closed store's folder that it does not know.
func leftovers(t *testing.T, folder string) []string {
	before := filesIn(t, folder)
	s, err := Open(Options{Folder: folder})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	after := filesIn(t, folder)
	var gone []string
	for name := range before {
		if !after[name] {
			gone = append(gone, name)
		}
	}
	return gone
}

func filesIn(t *testing.T, folder string) map[string]bool {
	all := map[string]bool{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[path] = true
		}
		return err
	}))
	return all
}
