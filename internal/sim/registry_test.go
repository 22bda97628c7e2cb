package sim

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

func TestTheRegistryKnowsEveryToken(t *testing.T) {
	f := fleet(t, Config{Seed: 3, Tokens: 300})
	var b bytes.Buffer
	require.NoError(t, f.WriteOwners(&b, "test"))
	known, err := registry.Parse(&b)
	require.NoError(t, err)
	assert.Equal(t, 302, known.Len(), "the clients' tokens and two of the services' own")
	formats := map[Format]int{}
	for _, token := range append(f.upstream, f.tokens...) {
		c := token.Credential
		formats[c.Format]++
		found := known.Find(seen(&c))
		require.NotNil(t, found, "%s, %s", token.ID, c.Format)
		assert.Equal(t, token.ID, found.ID)
		assert.Equal(t, token.Owner.ID, found.Owner.ID)
		status, violations := found.At(f.End())
		assert.Equal(t, registry.Active, status)
		assert.Empty(t, violations)
	}
	for _, format := range []Format{HomeGrown, Secret, Personal, JWT, Query, Basic} {
		assert.Positive(t, formats[format], "format %s", format)
	}
}

// seen is a credential as token_identity sees it.
func seen(c *Credential) credential.Credential {
	switch c.Format {
	case JWT:
		return credential.Credential{Claims: &credential.Claims{Issuer: c.Issuer, ClientID: c.Client, Subject: c.Subject}}
	case Basic:
		return credential.Credential{Kind: credential.Basic, User: c.User}
	default:
		return credential.Credential{Raw: c.Key}
	}
}

func TestTheRegistryHoldsNoSecret(t *testing.T) {
	f := fleet(t, Config{Seed: 3, Tokens: 100})
	var b bytes.Buffer
	require.NoError(t, f.WriteOwners(&b, "test"))
	for _, token := range f.tokens {
		if k := token.Credential.Key; k != "" {
			assert.NotContains(t, b.String(), k)
			assert.NotContains(t, b.String(), base64.StdEncoding.EncodeToString([]byte(k)))
		}
	}
}

func TestSavedOwnersReplaceOnlyDrawnOnes(t *testing.T) {
	f, path := fleet(t, Config{Seed: 3, Tokens: 5}), filepath.Join(t.TempDir(), "owners.yaml")
	require.NoError(t, f.SaveOwners(path, "test"))
	require.NoError(t, f.SaveOwners(path, "test"), "its own file is replaced")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(b), Heading))
	require.NoError(t, os.WriteFile(path, []byte("owners: []"), 0o600))
	require.ErrorContains(t, f.SaveOwners(path, "test"), "was not drawn by holter")
}
