package errand

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

func open(t *testing.T) (string, store.Store) {
	t.Helper()
	folder := t.TempDir()
	s, err := embedded.Open(embedded.Options{Folder: folder})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return folder, s
}

// serve does errands until the test ends.
func serve(t *testing.T, folder string, s store.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = Do(ctx, folder, s, time.Now())
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

var minute = time.Date(2026, 3, 25, 3, 0, 0, 0, time.UTC)

func use(t *testing.T, s store.Store, token, owner string) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), store.Batch{
		Facts:     []store.Fact{{Minute: minute.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: token, Owner: owner}, First: "success", Value: 1}},
		Sightings: []store.Sighting{{Token: store.Token{ID: token, OwnerID: owner, LastUse: store.Use{At: minute}}}},
	}))
}

func TestAnErasureIsDoneByWhoHasTheStoreOpen(t *testing.T) {
	folder, s := open(t)
	use(t, s, "tok_a", "acme")
	use(t, s, "tok_b", "other")
	serve(t, folder, s)
	answer, err := Ask(t.Context(), folder, Errand{Erase: &store.Erasure{Owner: "acme", By: "ada"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"tok_a"}, answer.Erased.Tokens)
	page, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	assert.Equal(t, 1, page.Total)
	left, err := os.ReadDir(filepath.Join(folder, "errands"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestABackupIsMadeByWhoHasTheStoreOpen(t *testing.T) {
	folder, s := open(t)
	use(t, s, "tok_a", "acme")
	serve(t, folder, s)
	answer, err := Ask(t.Context(), folder, Errand{Backup: true})
	require.NoError(t, err)
	file, err := os.ReadFile(answer.Backup)
	require.NoError(t, err)
	assert.True(t, bytes.Contains(file, []byte("ustar")), "a tar file")
}

func TestNobodyAnswers(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Ask(ctx, folder, Errand{Backup: true})
	require.ErrorIs(t, err, ErrNobody)
	left, err := os.ReadDir(filepath.Join(folder, "errands"))
	require.NoError(t, err)
	assert.Empty(t, left, "it is not done later")
}

func TestErrandsThatCannotBeDone(t *testing.T) {
	folder, s := open(t)
	require.NoError(t, Do(t.Context(), folder, s, time.Now()), "nobody has asked for anything")
	serve(t, folder, s)
	_, err := Ask(t.Context(), folder, Errand{})
	require.ErrorContains(t, err, "asks for nothing that is known here")
	_, err = Ask(t.Context(), folder, Errand{Erase: &store.Erasure{}})
	require.Error(t, err)
	place := filepath.Join(folder, "errands")
	require.NoError(t, os.WriteFile(filepath.Join(place, "x.ask"), []byte("{"), 0o600))
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(place, "x.answer"))
		return err == nil && bytes.Contains(text, []byte("cannot be read"))
	}, time.Minute, time.Millisecond)
	require.NoError(t, Do(t.Context(), folder, s, time.Now().Add(2*staleAfter)))
	left, err := os.ReadDir(place)
	require.NoError(t, err)
	assert.Empty(t, left, "what nobody has taken goes")
}
