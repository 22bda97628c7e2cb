package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// registryFile is the owners file that token_identity reads.
type registryFile struct {
	Owners []*Owner        `yaml:"owners"`
	Tokens []registryToken `yaml:"tokens"`
}

type registryToken struct {
	ID        string            `yaml:"id"`
	Owner     string            `yaml:"owner"`
	SHA256    string            `yaml:"sha256,omitempty"`
	Prefix    string            `yaml:"prefix,omitempty"`
	LastFour  string            `yaml:"last_four,omitempty"`
	Claims    map[string]string `yaml:"claims,omitempty"`
	ExpiresAt string            `yaml:"expires_at,omitempty"`
	Status    string            `yaml:"status"`
	Tags      map[string]string `yaml:"tags,omitempty"`
}

// WriteOwners writes the registry of all owners and tokens. Like a real one it holds no secret: keys are joined by their
// hash, or by prefix and last four characters, and JWTs by their claims.
func (f *Fleet) WriteOwners(w io.Writer, heading string) error {
	file := registryFile{Owners: f.owners}
	for _, t := range append(f.upstream[:len(f.upstream):len(f.upstream)], f.tokens...) {
		file.Tokens = append(file.Tokens, f.entry(t))
	}
	if _, err := fmt.Fprintf(w, "# %s\n", heading); err != nil {
		return err
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(file); err != nil {
		return fmt.Errorf("write the owners file: %w", err)
	}
	return enc.Close()
}

func (f *Fleet) entry(t *Token) registryToken {
	e := registryToken{ID: t.ID, Owner: t.Owner.ID, Status: "active", Tags: map[string]string{"environment": "production"}}
	if t.Population != "" {
		e.Tags["kind"] = string(t.Population)
	}
	c := t.Credential
	switch {
	case c.Format == JWT:
		e.Claims = map[string]string{"iss": c.Issuer, "client_id": c.Client, "sub": c.Subject}
	case t.index%3 == 2:
		e.Prefix, e.LastFour = c.Key[:len(c.prefix())+3], c.Key[len(c.Key)-4:]
	default:
		sum := sha256.Sum256([]byte(c.Key))
		e.SHA256 = hex.EncodeToString(sum[:])
	}
	if t.seed%4 == 0 {
		e.ExpiresAt = f.end.AddDate(0, 1+int(t.seed>>8%11), 0).Format("2006-01-02T15:04:05Z07:00")
	}
	return e
}
