package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseKey(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xff}, 16)
	for _, encoded := range []string{
		base64.StdEncoding.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key), "  " + base64.StdEncoding.EncodeToString(key) + "\n",
	} {
		got, err := ParseKey(encoded)
		require.NoError(t, err)
		assert.Equal(t, key, got)
	}
	_, err := ParseKey("not base64!")
	require.EqualError(t, err, "not base64: write the output of `openssl rand -base64 32`")
	_, err = ParseKey(base64.StdEncoding.EncodeToString(key[:16]))
	assert.EqualError(t, err, "16 bytes are too few: a key has at least 32, as `openssl rand -base64 32` makes")
}

func TestReadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	_, err := ReadKey(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	key := NewKey()
	require.NoError(t, os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600))
	got, err := ReadKey(path)
	require.NoError(t, err)
	assert.Equal(t, key, got)
	require.NoError(t, os.WriteFile(path, []byte("short"), 0o600))
	_, err = ReadKey(path)
	assert.ErrorContains(t, err, path)
	assert.NotContains(t, err.Error(), "short")
}

func TestParseKeyring(t *testing.T) {
	first, second := NewKey(), NewKey()
	keys, err := ParseKeyring([]byte("# made in spring\n" + EncodeKey(first) + " # signs\n\n" + EncodeKey(second)))
	require.NoError(t, err)
	assert.Equal(t, [][]byte{first, second}, keys)
	for text, want := range map[string]string{
		"# nothing":              "no key in it: write the output of",
		EncodeKey(first) + "\nx": "line 2: not base64",
		EncodeKey(first) + "\n" + EncodeKey(second) + "\n" + EncodeKey(first): "line 3: key " + KeyID(first) + " stands there twice",
	} {
		_, err := ParseKeyring([]byte(text))
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), EncodeKey(first))
	}
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte(EncodeKey(first)+"\n"+EncodeKey(second)), 0o600))
	_, err = ReadKey(path)
	assert.ErrorContains(t, err, "2 keys: an identity key has no former ones")
}

func FuzzParseKeyring(f *testing.F) {
	f.Add([]byte("# c\nYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWI=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := ParseKeyring(text)
		if err != nil {
			return
		}
		var again []byte
		for _, key := range keys {
			again = append(again, EncodeKey(key)+"\n"...)
		}
		read, err := ParseKeyring(again)
		require.NoError(t, err)
		assert.Equal(t, keys, read)
	})
}

// memory is a store that can be told to fail.
type memory struct {
	values map[string][]byte
	getErr error
	setErr error
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) { return m.values[key], m.getErr }

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	if m.setErr == nil {
		m.values[key] = value
	}
	return m.setErr
}

func TestStoredKey(t *testing.T) {
	store := &memory{values: make(map[string][]byte)}
	first, made, err := StoredKey(t.Context(), store)
	require.NoError(t, err)
	assert.True(t, made)
	again, made, err := StoredKey(t.Context(), store)
	require.NoError(t, err)
	assert.False(t, made)
	assert.Equal(t, first, again)

	store.getErr = errors.New("disk is gone")
	_, _, err = StoredKey(t.Context(), store)
	require.ErrorContains(t, err, "disk is gone")
	store.getErr = nil
	again, _, err = StoredKey(t.Context(), store)
	require.NoError(t, err)
	assert.Equal(t, first, again, "a store that fails once does not cost the key")

	_, _, err = StoredKey(t.Context(), &memory{values: map[string][]byte{storedKey: {1, 2}}})
	require.ErrorContains(t, err, "2 bytes")
	_, _, err = StoredKey(t.Context(), &memory{values: map[string][]byte{}, setErr: errors.New("full")})
	assert.ErrorContains(t, err, "full")
}

func TestFingerprintKeyIsDerived(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 32)
	assert.Len(t, FingerprintKey(key), KeyLength)
	assert.Equal(t, FingerprintKey(bytes.Clone(key)), FingerprintKey(key))
	assert.NotEqual(t, key, FingerprintKey(key))
}
