package registry

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write puts a text into a file with a time of its own, as a later edit has.
func write(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	when := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(path, when, when))
}

func TestFileFollowsItsChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	f := NewFile(path, time.Second, false)
	_, err := f.Check(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Nil(t, f.Snapshot())

	write(t, path, "tokens: [{id: a, user: u}]", 5*time.Hour)
	changed, err := f.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, 1, f.Snapshot().Len())
	good := f.Snapshot()

	changed, err = f.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, changed, "nothing has changed")

	write(t, path, "tokens: [{id: a", 4*time.Hour)
	_, err = f.Check(t.Context())
	require.ErrorContains(t, err, "not YAML")
	assert.Same(t, good, f.Snapshot(), "the last good one stays")
	_, again := f.Check(t.Context())
	assert.Equal(t, err, again, "the error stays as long as the file does")

	require.NoError(t, os.Remove(path))
	_, err = f.Check(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Same(t, good, f.Snapshot())

	next := path + ".next" // editors and deployments replace a file by renaming
	write(t, next, "tokens: [{id: a, user: u}, {id: b, user: v}]", 4*time.Hour)
	require.NoError(t, os.Rename(next, path))
	changed, err = f.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, 2, f.Snapshot().Len())
}

func TestReplacedByOneOfTheSameSizeAndTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	write(t, path, "tokens: [{id: a, user: u}]", 0)
	when := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, when, when))
	f := NewFile(path, time.Second, false)
	_, err := f.Check(t.Context())
	require.NoError(t, err)
	first := f.Snapshot()

	next := path + ".next"
	write(t, next, "tokens: [{id: b, user: u}]", 0)
	require.NoError(t, os.Chtimes(next, when, when))
	require.NoError(t, os.Rename(next, path))
	changed, err := f.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.NotSame(t, first, f.Snapshot())
}

func TestAnOptionalFileMayBeMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	f := NewFile(path, time.Second, true)
	changed, err := f.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Nil(t, f.Snapshot())
	write(t, path, "tokens: [{id: a, user: u}]", 0)
	changed, err = f.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	require.NoError(t, os.Remove(path))
	_, err = f.Check(t.Context())
	assert.ErrorIs(t, err, os.ErrNotExist, "once it was there, its loss is told")
}
