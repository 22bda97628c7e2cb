package registry

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

const aKey = "corp_live_J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8"

func TestAppendKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	const before = `# Who calls us.
owners:
  - id: acme # the bank
    name: Acme
tokens:
  # issued by hand
  - {id: key_1, owner: acme, user: ada}
`
	require.NoError(t, os.WriteFile(path, []byte(before), 0o640))
	added := Draft{ID: "decoy_1", Status: Decoy, Tags: map[string]string{"planted": "wiki"}}
	added.Joins(credential.Parse(credential.Plain, aKey))
	require.NoError(t, Append(path, added))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before+fmt.Sprintf(`  - id: decoy_1
    sha256: %x
    prefix: corp_live_
    last_four: 6Fg8
    status: decoy
    tags:
      planted: wiki
`, sha256.Sum256([]byte(aKey))), string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())

	require.ErrorContains(t, Append(path, added), `tokens[2].id: "decoy_1" is the id of tokens[1] already`)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, again, "a refused entry changes nothing")
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing is left beside it")
}

func TestAppendToNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "comment": "# ours\n", "no tokens": "owners: [{id: acme}]\n", "null": "owners:\ntokens:\n", "flow": "{owners: [], tokens: []}\n", "json": `{"tokens":[{"id":"a","user":"u"}]}`,
	} {
		path := filepath.Join(t.TempDir(), "owners.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, Append(path, Draft{ID: "b", User: "ada"}, Draft{ID: "c", User: "grace"}), name)
		file, err := os.Open(path)
		require.NoError(t, err)
		snapshot, err := Parse(file)
		require.NoError(t, err, name)
		require.NoError(t, file.Close())
		assert.Contains(t, snapshot.base.users, "grace", name)
	}
	path := filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, Append(path, Draft{ID: "b", User: "ada"}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a new one is nobody else's")
}

func TestAppendRefusesAFileThatIsNotGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	for text, want := range map[string]string{
		"tokens: 3":    "owners and tokens must be lists",
		"token: []":    "token: unknown key",
		"\tx":          "not YAML",
		"owners: [{}]": "owners[0].id: is missing",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.ErrorContains(t, Append(path, Draft{ID: "b", User: "ada"}), want)
	}
}

func TestJoins(t *testing.T) {
	var e Draft
	e.Joins(credential.Credential{Raw: "ada:secret", Kind: credential.Basic, User: "ada"})
	assert.Equal(t, Draft{User: "ada"}, e)
	e = Draft{}
	e.Joins(credential.Credential{Raw: "x", Kind: credential.JWT, Claims: &credential.Claims{Issuer: "i", ClientID: "c"}})
	assert.Equal(t, Draft{Claims: &DraftClaims{Issuer: "i", ClientID: "c"}}, e)
	e = Draft{}
	e.Joins(credential.Credential{Raw: "short_secret", Kind: credential.APIKey})
	assert.Empty(t, e.Prefix+e.LastFour, "the ends of a short key tell too much")
	assert.NotEmpty(t, e.SHA256)
}
