package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// Owner and Token are entries of the owners file.
type Owner struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	Type string `yaml:"type,omitempty"`
	Team string `yaml:"team,omitempty"`
}

// Token is what the registry knows of one.
type Token struct {
	ID        string            `yaml:"id"`
	Owner     string            `yaml:"owner"`
	SHA256    string            `yaml:"sha256,omitempty"`
	Claims    map[string]string `yaml:"claims,omitempty"`
	ExpiresAt *time.Time        `yaml:"expires_at,omitempty"`
	Status    string            `yaml:"status,omitempty"`
	Replaces  string            `yaml:"replaces,omitempty"`
}

// known is a key that the registry knows, of Acme.
func known(key string) Token {
	return Token{ID: "key_" + digest(key)[:8], Owner: "acme", SHA256: digest(key)}
}

// expired is one that was good until the day before the tests' time begins.
func expired(key string) Token {
	token, yesterday := known(key), start.AddDate(0, 0, -1)
	token.ExpiresAt = &yesterday
	return token
}

// digest is what a key store keeps of a key, and an owners file says of it.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// writeOwners puts the owners file into the collector's data folder.
func (c *Collector) writeOwners(t testing.TB, owners []Owner, tokens ...Token) {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{"owners": owners, "tokens": tokens})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.File(ownersFile), text, 0o600))
}

// ownersFile holds plain digests of keys, so the hunt leaves it out: the operator wrote it, not Holter.
const ownersFile = "owners.yaml"
