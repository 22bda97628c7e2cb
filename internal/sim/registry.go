package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

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
	User      string            `yaml:"user,omitempty"`
	Claims    map[string]string `yaml:"claims,omitempty"`
	ExpiresAt string            `yaml:"expires_at,omitempty"`
	Status    string            `yaml:"status"`
	Scopes    []string          `yaml:"scopes,omitempty,flow"`
	Tags      map[string]string `yaml:"tags,omitempty"`
}

// WriteOwners writes the registry of all owners and tokens. Like a real one it holds no secret: keys are joined by their
// hash, or by prefix and last four characters, JWTs by their claims, and users by their names.
func (f *Fleet) WriteOwners(w io.Writer, by string) error {
	file := registryFile{Owners: f.owners}
	for _, t := range append(f.upstream[:len(f.upstream):len(f.upstream)], f.tokens...) {
		if t.terms == nil || !t.terms.unregistered {
			file.Tokens = append(file.Tokens, f.entry(t))
		}
	}
	if _, err := fmt.Fprintf(w, "%s %s, seed %d: these keys open nothing.\n", Heading, by, f.seed); err != nil {
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
	case c.Format == Basic:
		e.User = c.User
	case t.index%3 == 2:
		e.Prefix, e.LastFour = c.Key[:len(c.prefix())+3], c.Key[len(c.Key)-4:]
	default:
		sum := sha256.Sum256([]byte(c.Key))
		e.SHA256 = hex.EncodeToString(sum[:])
	}
	if t.terms != nil {
		t.terms.write(&e)
		return e
	}
	if t.seed%4 == 0 {
		e.ExpiresAt = f.end.AddDate(0, 1+int(t.seed>>8%11), 0).Format("2006-01-02T15:04:05Z07:00")
	}
	return e
}

func (t *terms) write(e *registryToken) {
	e.Scopes = t.scopes
	if t.status != "" {
		e.Status = t.status
	}
	if !t.expires.IsZero() {
		e.ExpiresAt = t.expires.Format(time.RFC3339)
	}
	for name, value := range t.tags {
		if value != "" {
			e.Tags[name] = value
		}
	}
}

// Heading begins the first line of every owners file that was drawn, so that it is never taken for one that somebody wrote.
const Heading = "# Drawn by holter"

// SaveOwners writes the registry to a file. It does not touch a file that it has not written itself.
func (f *Fleet) SaveOwners(path, by string) error {
	if old, err := os.ReadFile(path); err == nil && !bytes.HasPrefix(old, []byte(Heading)) {
		return fmt.Errorf("%s exists and was not drawn by holter: move it away, or choose another place", path)
	}
	var b bytes.Buffer
	if err := f.WriteOwners(&b, by); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the owners file: %w", err)
	}
	return nil
}
