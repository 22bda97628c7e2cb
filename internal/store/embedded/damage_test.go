package embedded

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func someFacts(random *rand.Rand, n int) []store.Fact {
	var facts []store.Fact
	for range n {
		facts = append(facts, store.Fact{
			Minute: start.Unix()/60 + random.Int64N(6*60), Kind: store.Outcomes, First: "success", Value: 1,
			Subject: store.Subject{Token: "tok_" + string(rune('a'+random.IntN(20))), Owner: "owner"},
		})
	}
	return facts
}

func countAll(t *testing.T, s *Store, step time.Duration) float64 {
	t.Helper()
	answer, err := s.Query(t.Context(), store.Query{From: start, To: start.AddDate(0, 0, 1), Step: step, Measure: store.MeasureRequests})
	require.NoError(t, err)
	if len(answer.Series) == 0 {
		return 0
	}
	return answer.Series[0].Total
}

// A file that is not as it was written is set aside and named; the others answer.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	for name, damage := range map[string]func(path string, content []byte) error{
		"a bit": func(path string, content []byte) error {
			content[random.IntN(len(content)-len(chunkHeader))+len(chunkHeader)] ^= 1 << random.IntN(8)
			return os.WriteFile(path, content, 0o600)
		},
		"the end": func(path string, content []byte) error {
			return os.Truncate(path, int64(random.IntN(len(content))))
		},
		"all":   func(path string, _ []byte) error { return os.Remove(path) },
		"zeros": func(path string, content []byte) error { return os.WriteFile(path, make([]byte, len(content)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s, err := Open(Options{Folder: folder})
			require.NoError(t, err)
			require.NoError(t, s.Write(t.Context(), store.Batch{Facts: someFacts(random, 600)}))
			require.NoError(t, s.Maintain(t.Context(), start.AddDate(0, 0, 1)))
			require.Equal(t, 600.0, countAll(t, s, time.Minute))
			require.NoError(t, s.Close())
			files, err := filepath.Glob(filepath.Join(folder, "minutes", "*.facts"))
			require.NoError(t, err)
			require.Len(t, files, 6)
			content, err := os.ReadFile(files[2])
			require.NoError(t, err)
			require.NoError(t, damage(files[2], content))

			s, err = Open(Options{Folder: folder})
			require.NoError(t, err)
			n := countAll(t, s, time.Minute)
			assert.Less(t, n, 600.0)
			assert.Greater(t, n, 400.0)
			assert.Equal(t, 600.0, countAll(t, s, time.Hour))
			status, err := s.Status(t.Context())
			require.NoError(t, err)
			assert.Contains(t, status.Trouble, "minutes/"+filepath.Base(files[2]))
			require.NoError(t, s.Maintain(t.Context(), start.AddDate(0, 0, 1)))
			for range 5 {
				require.NoError(t, s.Write(t.Context(), store.Batch{Facts: someFacts(random, 1)}))
			}
			require.NoError(t, s.Maintain(t.Context(), start.AddDate(0, 0, 1)))
			_, err = s.Erase(t.Context(), store.Erasure{Tokens: []string{"tok_zz"}, At: start})
			require.NoError(t, err)
			// As many as were erased are missing from here on: none.
			assert.Equal(t, n+5, countAll(t, s, time.Minute))
			_, err = s.Erase(t.Context(), store.Erasure{Owner: "owner", At: start})
			require.NoError(t, err)
			assert.Zero(t, countAll(t, s, time.Hour))
			require.NoError(t, s.Close())
			s, err = Open(Options{Folder: folder})
			require.NoError(t, err)
			status, err = s.Status(t.Context())
			require.NoError(t, err)
			assert.NotEmpty(t, status.Trouble, "it is still missing")
			require.NoError(t, s.Close())
		})
	}
}

// fullFile is on a disk without room.
type fullFile struct{}

func (fullFile) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
}
func (fullFile) Sync() error  { return nil }
func (fullFile) Close() error { return nil }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder, Rows: 2000})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(6, 6))
	written := 0.0
	write := func(n int) error {
		err := s.Write(t.Context(), store.Batch{Facts: someFacts(random, n)})
		if err == nil {
			written += float64(n)
		}
		return err
	}
	isFull := func() bool {
		status, err := s.Status(t.Context())
		require.NoError(t, err)
		return status.Full
	}
	require.NoError(t, write(1000))
	assert.False(t, isFull())

	// No room for anything, while nobody writes.
	free, known := room(folder)
	assert.True(t, known)
	assert.NotZero(t, free)
	for left, is := range map[uint64]bool{0: true, 100_000: true, 1 << 20: false} {
		s.room = func(string) (uint64, bool) { return left, true }
		assert.Equal(t, is, isFull(), left)
	}
	s.room = func(string) (uint64, bool) { return 0, false }
	assert.False(t, isFull(), "where it is not known only a write tells")
	s.room = room

	// No room for files: memory fills up, then nothing is taken any more.
	s.create = func(string) (output, error) { return fullFile{}, nil }
	assert.ErrorIs(t, s.Maintain(t.Context(), start.AddDate(0, 0, 1)), store.ErrFull)
	assert.True(t, isFull())
	for range 20 {
		if err = write(1000); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, store.ErrFull)
	assert.Equal(t, written, countAll(t, s, time.Minute))
	s.create = create
	require.NoError(t, write(10))
	require.NoError(t, s.Maintain(t.Context(), start.AddDate(0, 0, 1)))
	assert.False(t, isFull())
	assert.Equal(t, written, countAll(t, s, time.Minute))

	// No room for the database.
	var pages int
	require.NoError(t, s.db.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err = s.db.Exec("PRAGMA max_page_count = " + "1")
	require.NoError(t, err)
	for range 50 {
		if err = write(5000); err != nil {
			break
		}
		if err = s.Append(t.Context(), []store.Entry{{Time: start, Body: string(bytes.Repeat([]byte("x"), 100000))}}); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, store.ErrFull)
	assert.True(t, isFull())
	assert.ErrorIs(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Time: start, Body: string(bytes.Repeat([]byte("x"), 1000000))}}), store.ErrFull)
	assert.Equal(t, written, countAll(t, s, time.Minute))
	_, err = s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	_, err = s.db.Exec("PRAGMA max_page_count = 1000000")
	require.NoError(t, err)
	require.NoError(t, write(100))
	assert.False(t, isFull())
	require.NoError(t, s.Close())
	s, err = Open(Options{Folder: folder})
	require.NoError(t, err)
	assert.Equal(t, written, countAll(t, s, time.Minute))
	require.NoError(t, s.Close())
}

// Of what is erased no byte is left in any file.
func TestErasedBytes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder})
	require.NoError(t, err)
	words := []string{"tok_erasemeplease", "sk_live_…4711", "carol@example.com", "Carol Brown", "/private/carol", "CarolBrowser", "carol-svc"}
	only := words[4:] // what nobody else called, and how
	for i := range 40 {
		at := start.Add(time.Duration(i) * time.Hour)
		require.NoError(t, s.Write(t.Context(), store.Batch{
			Facts: []store.Fact{
				{Minute: at.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: words[0], Owner: words[2]}, First: "success", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: "tok_other", Owner: "dave"}, First: "success", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Routes, Subject: store.Subject{Token: words[0], Owner: words[2]}, First: "GET " + only[0], Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Routes, Subject: store.Subject{Token: words[0], Owner: words[2]}, First: "GET /shared", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Routes, Subject: store.Subject{Token: "tok_other", Owner: "dave"}, First: "GET /shared", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Clients, Subject: store.Subject{Token: words[0], Owner: words[2]}, First: only[1], Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Releases, Subject: store.Subject{Token: words[0], Owner: words[2]}, First: only[2], Second: "9.9", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.RouteDurations, First: "GET " + only[0], Second: "success", Value: 1},
				{Minute: at.Unix() / 60, Kind: store.Coverage, First: only[2], Second: "with", Value: 1},
			},
			Sightings: []store.Sighting{{Token: store.Token{ID: words[0], Hint: words[1], OwnerID: words[2], OwnerName: words[3], LastUse: store.Use{At: at}}}},
		}))
		require.NoError(t, s.PutEvents(t.Context(), []store.Event{
			{ID: "own", Time: at, Kind: store.EventBaseline, Token: words[0], Owner: words[2], Body: words[0]},
			{ID: "others", Time: at, Kind: store.EventAnomaly, Body: words[3] + " and dave", Attributes: []byte(`{"owners":["carol@example.com","dave"],"hint":"sk_live_…4711"}`)},
		}))
		require.NoError(t, s.Append(t.Context(), []store.Entry{{Time: at, Kind: store.EntryFeedback, Token: words[0]}, {Time: at, Kind: store.EntryAudit, Token: "tok_other", Body: "asked about " + words[2] + "."}}))
		require.NoError(t, s.Maintain(t.Context(), at))
	}
	found := func(word string) (files []string) {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte(word)) {
				files = append(files, path)
			}
			return err
		}))
		return files
	}
	for _, word := range append(words, "dave") {
		assert.NotEmpty(t, found(word), "%s is there to be erased", word)
	}
	erased, err := s.Erase(t.Context(), store.Erasure{Owner: words[2], By: "ann", At: start})
	require.NoError(t, err)
	assert.Equal(t, []string{words[0]}, erased.Tokens)
	notes, err := s.Untold(t.Context())
	require.NoError(t, err)
	require.Len(t, notes, 1)
	require.NoError(t, s.Told(t.Context(), notes[0].Sequence))
	for range 2 {
		for _, word := range words {
			assert.Empty(t, found(word), word)
		}
		assert.NotEmpty(t, found("dave"))
		assert.NotEmpty(t, found("/shared"))
		assert.Equal(t, 24.0, countAll(t, s, time.Minute))
		page, err := s.Events(t.Context(), store.EventQuery{})
		require.NoError(t, err)
		require.Len(t, page.Events, 1)
		assert.Equal(t, "[erased] and dave", page.Events[0].Body)
		assert.JSONEq(t, `{"owners":["[erased]","dave"],"hint":"[erased]"}`, string(page.Events[0].Attributes))
		require.NoError(t, s.Close())
		s, err = Open(Options{Folder: folder})
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
}

func TestOneProcessAtATime(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder})
	require.NoError(t, err)
	_, err = Open(Options{Folder: folder})
	require.ErrorIs(t, err, store.ErrInUse)
	require.ErrorContains(t, err, "is in use")
	require.NoError(t, s.Close())
	s, err = Open(Options{Folder: folder})
	require.NoError(t, err)
	_, err = s.db.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = Open(Options{Folder: folder})
	require.ErrorContains(t, err, "version 99")
}

func TestRedact(t *testing.T) {
	r := newRedactor(map[string]bool{"payments": true, "a@b.c": true, "tok_1": true, "sk_…1": true, "": true, "Ann Lee": true})
	for text, want := range map[string]string{
		"":                            "",
		"payments":                    "[erased]",
		"payments-api, of payments.":  "payments-api, of [erased].",
		`{"owner":"payments"}`:        `{"owner":"[erased]"}`,
		"xa@b.c a@b.c a@b.com":        "xa@b.c [erased] a@b.com",
		"tok_1 tok_12 (tok_1) sk_…1é": "[erased] tok_12 ([erased]) sk_…1é",
		"Ann Lee, Joann Lee":          "[erased], Joann Lee",
	} {
		assert.Equal(t, want, r.redact(text))
	}
}
