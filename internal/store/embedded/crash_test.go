package embedded

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

const crashFolder = "HOLTER_STORE_CRASH_FOLDER"

// TestMain is the child that is killed, too: it writes, seals, merges and says what it has written.
func TestMain(m *testing.M) {
	if folder := os.Getenv(crashFolder); folder != "" {
		if err := writeUntilKilled(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// crashBatch is the same whoever makes it: so many facts in several hours, each of value 1.
func crashBatch(sequence uint64) store.Batch {
	random := rand.New(rand.NewPCG(sequence, 0))
	b := store.Batch{Engine: "engine", Pipe: "metrics", Sequence: sequence}
	for range 40 {
		token := random.IntN(30)
		b.Facts = append(b.Facts, store.Fact{
			Minute: start.Unix()/60 + random.Int64N(12*60), Kind: store.Outcomes, First: "success", Value: 1,
			Subject: store.Subject{Token: fmt.Sprintf("tok_%d_%d", token, sequence/200), Owner: fmt.Sprintf("owner-%d", token%3)},
		})
	}
	return b
}

func writeUntilKilled(folder string) error {
	ctx := context.Background()
	s, err := Open(Options{Folder: folder, Rows: 500, Sync: 10 * time.Millisecond})
	if err != nil {
		return err
	}
	var from uint64
	if _, err := fmt.Sscan(os.Getenv("HOLTER_STORE_CRASH_FROM"), &from); err != nil {
		return err
	}
	go func() {
		for hour := 0; ; hour++ {
			if err := s.Maintain(ctx, start.Add(time.Duration(hour%48)*time.Hour)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}()
	for sequence := from; ; sequence++ {
		// The one before again, as a sender does who got no answer.
		for _, n := range []uint64{sequence, sequence - min(sequence, 1)} {
			if err := s.Write(ctx, crashBatch(n)); err != nil {
				return err
			}
		}
		if err := s.Append(ctx, []store.Entry{{Time: start, Kind: store.EntryAudit, Body: strconv.FormatUint(sequence, 10)}}); err != nil {
			return err
		}
		fmt.Println(sequence)
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	rounds := 6
	if os.Getenv("HOLTER_PROVE") != "" {
		rounds = 100
	}
	folder := t.TempDir()
	random := rand.New(rand.NewPCG(3, 3))
	next := uint64(0)
	for range rounds {
		acknowledged := killedAfter(t, folder, next, 20+random.IntN(150), time.Duration(random.IntN(20))*time.Millisecond)
		s, err := Open(Options{Folder: folder})
		require.NoError(t, err)
		next = checkAfterKill(t, s, acknowledged)
		require.NoError(t, s.Close())
	}
}

// killedAfter lets a child write until it has said so many batches and some time went by, and returns the last that it said.
func killedAfter(t *testing.T, folder string, from uint64, batches int, more time.Duration) uint64 {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashFolder+"="+folder, fmt.Sprintf("HOLTER_STORE_CRASH_FROM=%d", from))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(out)
	last := from
	for range batches {
		require.True(t, lines.Scan(), "it ended by itself")
		last, err = strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64)
		require.NoError(t, err)
	}
	time.AfterFunc(more, func() { assert.NoError(t, child.Process.Kill()) })
	for lines.Scan() {
		if n, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil && lines.Err() == nil {
			last = max(last, n)
		}
	}
	_ = child.Wait()
	return last
}

// checkAfterKill counts: what was acknowledged is there, and once; of what was not, each batch is there whole or not at all. It returns what comes next.
func checkAfterKill(t *testing.T, s *Store, acknowledged uint64) uint64 {
	ctx := t.Context()
	// The batch after may have been written without word of it.
	written := acknowledged
	if s.sequences.has(pipe{"engine", "metrics"}, acknowledged+1) {
		written++
	}
	want, tokens := 0.0, map[string]int64{}
	for n := range written + 1 {
		for _, f := range crashBatch(n).Facts {
			want += float64(f.Value)
			tokens[f.Subject.Token] += f.Value
		}
	}
	for _, step := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour} {
		answer, err := s.Query(ctx, store.Query{From: start, To: start.AddDate(0, 0, 1), Step: step, Measure: store.MeasureRequests})
		require.NoError(t, err)
		require.Equal(t, want, answer.Series[0].Total, "step %v after batch %d", step, written)
	}
	got := map[string]int64{}
	q := store.TokenQuery{Limit: 1000}
	for {
		page, err := s.Tokens(ctx, q)
		require.NoError(t, err)
		for _, token := range page.Tokens {
			got[token.ID] = token.Requests
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	require.Equal(t, tokens, got)
	entries, err := s.Journal(ctx, acknowledged, 100)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	require.Equal(t, strconv.FormatUint(acknowledged, 10), entries[0].Body)
	status, err := s.Status(ctx)
	require.NoError(t, err)
	require.Empty(t, status.Trouble)
	if len(entries) == 1 && written > acknowledged { // so that the next child's entries are at the same places
		require.NoError(t, s.Append(ctx, []store.Entry{{Time: start, Kind: store.EntryAudit, Body: strconv.FormatUint(written, 10)}}))
	}
	return written + 1
}
