package main

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/store/errand"
)

// aStore is a folder with two tokens of two owners in it.
func aStore(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "store")
	s, err := embedded.Open(embedded.Options{Folder: folder})
	require.NoError(t, err)
	at := time.Date(2026, 3, 25, 3, 0, 0, 0, time.UTC)
	for _, token := range []struct{ id, owner string }{{"tok_a", "acme"}, {"tok_b", "bolt"}} {
		require.NoError(t, s.Write(t.Context(), store.Batch{
			Facts: []store.Fact{
				{Minute: at.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: token.id, Owner: token.owner}, First: "success", Value: 7},
				{Minute: at.Unix() / 60, Kind: store.Routes, Subject: store.Subject{Token: token.id, Owner: token.owner}, First: "GET /v1/orders", Value: 7},
			},
			Sightings: []store.Sighting{{Token: store.Token{ID: token.id, OwnerID: token.owner, OwnerName: token.owner + " Inc.", LastUse: store.Use{At: at}}}},
		}))
	}
	require.NoError(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Time: at, Kind: store.EventAnomaly, Token: "tok_a", Owner: "acme", Body: "Look at this."}}))
	require.NoError(t, s.Append(t.Context(), []store.Entry{{Time: at, Kind: store.EntryFeedback, Token: "tok_b", By: "ada"}}))
	require.NoError(t, s.Close())
	return folder
}

// opened has another process's part: the store is open, and errands are done.
func opened(t *testing.T, folder string) {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: folder})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for ctx.Err() == nil {
			_ = errand.Do(ctx, folder, s, time.Now())
			time.Sleep(time.Millisecond)
		}
	})
	t.Cleanup(func() { cancel(); serving.Wait(); require.NoError(t, s.Close()) })
}

func TestStoreCommands(t *testing.T) {
	for name, open := range map[string]bool{"of a collector that is stopped": false, "beside one that runs": true} {
		t.Run(name, func(t *testing.T) {
			folder := aStore(t)
			if open {
				opened(t, folder)
			}
			run := func(args ...string) string {
				t.Helper()
				out, err := holter(t, append([]string{"store", "--directory", folder}, args...)...)
				require.NoError(t, err)
				return out
			}
			assert.Regexp(t, `(?m)^tokens +2$`, run("status"))

			out := run("export", "--what", "tokens", "--owner", "acme")
			assert.Equal(t, 1, strings.Count(out, "\n"))
			assert.Contains(t, out, `"id":"tok_a"`)
			rows, err := csv.NewReader(strings.NewReader(run("export", "--what", "usage", "--format", "csv", "--level", "minute", "--token", "tok_b"))).ReadAll()
			require.NoError(t, err)
			assert.Equal(t, [][]string{
				factNames,
				{"2026-03-25T03:00:00Z", "outcome", "tok_b", "bolt", "", "success", "", "7"},
				{"2026-03-25T03:00:00Z", "route", "tok_b", "bolt", "", "GET /v1/orders", "", "7"},
			}, rows)
			assert.Contains(t, run("export", "--what", "events", "--format", "csv"), "Look at this.")
			assert.Empty(t, run("export", "--what", "events", "--to", "2026-03-25"))
			assert.Contains(t, run("export", "--what", "journal", "--owner", "bolt"), `"by":"ada"`)
			assert.Empty(t, run("export", "--what", "journal", "--owner", "acme"))
			file := filepath.Join(t.TempDir(), "tokens.csv")
			run("export", "--format", "csv", "--output", file)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, 3, strings.Count(string(text), "\n"))

			tar := filepath.Join(t.TempDir(), "backup.tar")
			run("backup", tar)
			_, err = holter(t, "store", "--directory", folder, "backup", tar)
			require.ErrorContains(t, err, "is there already")
			restored := filepath.Join(t.TempDir(), "restored")
			require.NoError(t, os.Mkdir(restored, 0o700))
			in, err := os.Open(tar)
			require.NoError(t, err)
			require.NoError(t, untar(in, restored))
			require.NoError(t, in.Close())

			out = run("erase", "--owner", "acme")
			assert.Contains(t, out, "1 tokens would be erased")
			assert.Contains(t, out, "Add --yes")
			assert.Equal(t, 2, strings.Count(run("export"), "\n"))
			assert.Contains(t, run("erase", "--owner", "acme", "--by", "ada", "--yes"), "erased: 1 tokens, ")
			assert.NotContains(t, run("export"), "acme")
			assert.Empty(t, run("export", "--what", "events"))

			out, err = holter(t, "store", "--directory", restored, "export")
			require.NoError(t, err)
			assert.Equal(t, 2, strings.Count(out, "\n"), "the backup is as it was")
		})
	}
}

func TestStoreErrorsSayWhatToDoNext(t *testing.T) {
	folder := aStore(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"vacuum"}, "holter store --help lists what there is"},
		{[]string{"status", "--directory", "/nowhere"}, "/nowhere is no store: name the folder of token_store::directory with --directory"},
		{[]string{"backup"}, "name one file"},
		{[]string{"erase"}, "one of --token, --owner and --environment"},
		{[]string{"erase", "--owner", "a", "--token", "b"}, "one of --token, --owner and --environment"},
		{[]string{"export", "--what", "all"}, "choose tokens, usage, events or journal"},
		{[]string{"export", "--format", "xml"}, "choose jsonl or csv"},
		{[]string{"export", "--level", "week"}, "choose minute, hour or day"},
		{[]string{"export", "--from", "yesterday"}, "write a date such as 2026-03-01"},
	} {
		_, err := holter(t, append([]string{"store", "--directory", folder}, c.args...)...)
		require.ErrorContains(t, err, c.want, strings.Join(c.args, " "))
	}
	t.Setenv("HOLTER_DATA", filepath.Dir(folder))
	out, err := holter(t, "store", "status")
	require.NoError(t, err)
	assert.Contains(t, out, "newest minute")
}
