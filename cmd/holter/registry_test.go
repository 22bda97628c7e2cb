package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

// piped is holter with something on standard input.
func piped(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestDecoysAreRegisteredAndPrintedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	out, err := holter(t, "decoy", "--registry", path, "--count", "2", "--format", "npm_token", "--planted", "the wiki", "--tag", "plan=none")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	for _, line := range lines[:2] {
		id, secret, _ := strings.Cut(line, " ")
		assert.Equal(t, "npm_token", credential.Parse(credential.Plain, secret).Format)
		assert.Contains(t, string(text), "id: "+id)
		assert.Contains(t, string(text), fmt.Sprintf("%x", sha256.Sum256([]byte(secret))))
		assert.NotContains(t, string(text), secret)
	}
	assert.Equal(t, 2, strings.Count(string(text), "planted: the wiki"))
	out, err = holter(t, "registry", "check", path)
	require.NoError(t, err)
	assert.Contains(t, out, "good, 2 tokens")

	out, err = holter(t, "decoy", "--registry", path, "--prefix", "corp_live_")
	require.NoError(t, err)
	assert.Regexp(t, `^decoy_[0-9a-f]{10} corp_live_[0-9A-Za-z]{32}\n`, out)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--format", "morse"}, "choose from github_pat"},
		{[]string{"--count", "0"}, "mint 1 to 1000"},
		{[]string{"--format", "npm_token", "--prefix", "a_"}, "give one of them"},
		{[]string{"--owner", "nobody"}, `"nobody" is not among the owners`},
	} {
		out, err = holter(t, append([]string{"decoy", "--registry", path}, c.args...)...)
		require.ErrorContains(t, err, c.want)
		assert.Empty(t, out, "no key is printed that is not registered")
	}
}

func TestRegistryAddKeepsNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, os.WriteFile(path, []byte("owners: [{id: acme}]\n"), 0o600))
	const key = "corp_live_J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8"
	out, err := piped(t, "Bearer "+key+"\n", "registry", "add", "--registry", path, "--id", "k1", "--owner", "acme", "--expires-at", "2027-01-01", "--scope", "a,b", "--tag", "plan=gold")
	require.NoError(t, err)
	assert.Contains(t, out, "k1 (corp_live_…6Fg8) added")
	_, err = piped(t, "Basic YWRhOmh1bnRlcjIy", "registry", "add", "--registry", path, "--id", "k2")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
	assert.Contains(t, string(text), "user: ada")
	for _, secret := range []string{key, key[10:], "hunter22"} {
		assert.NotContains(t, string(text)+out, secret)
	}

	_, err = piped(t, "\n", "registry", "add", "--registry", path)
	require.ErrorContains(t, err, "no token was given")
	_, err = piped(t, key, "registry", "add", "--registry", path)
	require.ErrorContains(t, err, `is that of token "k1" already`)
	_, err = piped(t, key+"2", "registry", "add", "--registry", path, "--status", "lost")
	require.ErrorContains(t, err, "none of active")
}

func TestRegistryCheckSaysEverythingThatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, os.WriteFile(path, []byte("tokens: [{id: a}, {user: u, status: lost}]\n"), 0o600))
	_, err := holter(t, "registry", "check", path)
	for _, want := range []string{path, "tokens[0]: nothing to join by", "tokens[1].id: is missing", "tokens[1].status"} {
		require.ErrorContains(t, err, want)
	}
	_, err = holter(t, "registry", "check", path+".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = holter(t, "registry", "chek")
	require.ErrorContains(t, err, "holter registry --help")
}
