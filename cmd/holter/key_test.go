package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/seal"
)

// private says that a file is there for its owner alone, and that what was said does not hold the key.
func private(t *testing.T, path, said string) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if key := strings.TrimSpace(strings.SplitN(line, "#", 2)[0]); key != "" {
			assert.NotContains(t, said, key)
		}
	}
}

func TestKeysAreMade(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }

	out, err := holter(t, "key", "new", "identity", at("identity.key"))
	require.NoError(t, err)
	private(t, at("identity.key"), out)
	key, err := identity.ReadKey(at("identity.key"))
	require.NoError(t, err)
	assert.Contains(t, out, identity.KeyID(key))
	assert.Contains(t, out, "identity_file: ")
	ids, err := holter(t, "key", "id", at("identity.key"))
	require.NoError(t, err)
	assert.Equal(t, identity.KeyID(key)+"\n", ids)

	_, err = holter(t, "key", "new", "identity", at("identity.key"))
	require.ErrorContains(t, err, "is there already: keys are never written over")
	again, err := identity.ReadKey(at("identity.key"))
	require.NoError(t, err)
	assert.Equal(t, key, again)

	out, err = holter(t, "key", "new", "seal", at("seal.key"))
	require.NoError(t, err)
	private(t, at("seal.key"), out)
	public, err := seal.ReadPublicKey(at("seal.key.pub"))
	require.NoError(t, err)
	for _, name := range []string{"seal.key", "seal.key.pub"} {
		ids, err := holter(t, "key", "id", at(name))
		require.NoError(t, err)
		assert.Equal(t, public.ID()+"\n", ids)
	}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 3, "nothing else is left behind")

	out, err = holter(t, "key", "new", "fingerprint", "--print")
	require.NoError(t, err)
	printed, _, _ := strings.Cut(out, "\n")
	_, err = identity.ParseKey(printed)
	require.NoError(t, err, "asked for, it is printed")
}

func TestFingerprintKeysAreRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fingerprint.key")
	_, err := holter(t, "key", "rotate", path)
	require.ErrorContains(t, err, "holter key new fingerprint "+path+" makes it")
	_, err = holter(t, "key", "new", "fingerprint", path)
	require.NoError(t, err)
	var before [][]byte
	for n := 1; n <= 3; n++ {
		keys, err := identity.ReadKeyring(path)
		require.NoError(t, err)
		require.Len(t, keys, n)
		if n > 1 {
			assert.Equal(t, before, keys[1:], "the former ones are kept, in their order")
		}
		before = keys
		out, err := holter(t, "key", "rotate", path)
		require.NoError(t, err)
		private(t, path, out)
		assert.Contains(t, out, identity.KeyID(keys[0])+" is still looked up")
	}
	ids, err := holter(t, "key", "id", path)
	require.NoError(t, err)
	assert.Len(t, strings.Fields(ids), 4)

	identityPath := filepath.Join(t.TempDir(), "identity.key")
	_, err = holter(t, "key", "new", "identity", identityPath)
	require.NoError(t, err)
	_, err = holter(t, "key", "rotate", identityPath)
	require.ErrorContains(t, err, "is an identity key: it never changes")
}

func TestKeyErrorsSayWhatToDoNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"key", "mint"}, "holter key --help lists what there is"},
		{[]string{"key", "new"}, "say which key: holter key new identity|fingerprint|seal FILE"},
		{[]string{"key", "new", "private", path}, "say which key"},
		{[]string{"key", "new", "identity"}, "name one file, or --print: holter key new identity holter-identity.key"},
		{[]string{"key", "new", "identity", path, "--print"}, "name one file, or --print"},
		{[]string{"key", "new", "seal", filepath.Join(path, "k")}, "no such file or directory"},
		{[]string{"key", "rotate"}, "name one file: holter key rotate FILE"},
		{[]string{"key", "id", path}, "no such file"},
	} {
		_, err := holter(t, c.args...)
		require.ErrorContains(t, err, c.want, strings.Join(c.args, " "))
	}
}
