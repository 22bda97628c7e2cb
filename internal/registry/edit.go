package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/credential"
)

// Draft is a token as it is to be added to a registry file.
type Draft struct {
	ID        string            `yaml:"id" json:"id,omitempty"`
	Owner     string            `yaml:"owner,omitempty" json:"owner,omitempty"`
	SHA256    string            `yaml:"sha256,omitempty" json:"sha256,omitempty"`
	Prefix    string            `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	LastFour  string            `yaml:"last_four,omitempty" json:"last_four,omitempty"`
	User      string            `yaml:"user,omitempty" json:"user,omitempty"`
	Claims    *DraftClaims      `yaml:"claims,omitempty" json:"claims,omitempty"`
	ExpiresAt string            `yaml:"expires_at,omitempty" json:"expires_at,omitempty"`
	Status    Status            `yaml:"status,omitempty" json:"status,omitempty"`
	Scopes    []string          `yaml:"scopes,omitempty,flow" json:"scopes,omitempty"`
	Tags      map[string]string `yaml:"tags,omitempty" json:"tags,omitempty"`
}

// DraftClaims are what a token that carries claims is joined by.
type DraftClaims struct {
	Issuer   string `yaml:"iss,omitempty" json:"iss,omitempty"`
	ClientID string `yaml:"client_id,omitempty" json:"client_id,omitempty"`
	Subject  string `yaml:"sub,omitempty" json:"sub,omitempty"`
}

// Joins makes an entry that is joined to this credential: by its digest and its ends, by the user of Basic, or by the claims of
// a JWT, which outlive it.
func (d *Draft) Joins(c credential.Credential) {
	switch {
	case c.Kind == credential.Basic:
		d.User = c.User
		return
	case c.Claims != nil && (c.Claims.ClientID != "" || c.Claims.Subject != ""):
		d.Claims = &DraftClaims{c.Claims.Issuer, c.Claims.ClientID, c.Claims.Subject}
		return
	}
	sum := sha256.Sum256([]byte(c.Raw))
	d.SHA256 = hex.EncodeToString(sum[:])
	d.joinsEnds(c)
}

// joinsUnhashed is Joins without the digest, which must not be kept of a token that nobody has registered.
func (d *Draft) joinsUnhashed(c credential.Credential) {
	d.Joins(c)
	d.SHA256 = ""
}

func (d *Draft) joinsEnds(c credential.Credential) {
	if prefix, last := c.Ends(); len(prefix) >= leastPrefix {
		d.Prefix, d.LastFour = prefix, last
	}
}

// leastPrefix is how many characters a prefix must have to join by.
const leastPrefix = 3

// Append adds tokens to a registry file and leaves everything else in it as it is, comments included. The file is replaced as a
// whole or not at all, and only by one that is good; one that is not there is made.
func Append(path string, entries ...Draft) error {
	before, err := os.Stat(path)
	var text []byte
	mode := fs.FileMode(0o600)
	switch {
	case err == nil:
		mode = before.Mode().Perm()
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	text, err = appendTo(text, entries)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return replace(path, text, mode, before)
}

// appendTo is the text of a registry with the entries at the end of its tokens.
func appendTo(text []byte, entries []Draft) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, syntaxError(err)
	}
	if len(root.Content) > 0 && root.Content[0].Kind == yaml.ScalarNode && root.Content[0].Tag == "!!null" {
		root.Content = nil // nothing but comments
	}
	if len(root.Content) == 0 {
		root = yaml.Node{Kind: yaml.DocumentNode, HeadComment: root.HeadComment, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	tokens, err := tokensOf(root.Content[0])
	if err != nil {
		return nil, err
	}
	for i := range entries {
		var node yaml.Node
		if err := node.Encode(&entries[i]); err != nil {
			return nil, err
		}
		tokens.Content = append(tokens.Content, &node)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&root), encoder.Close()); err != nil {
		return nil, err
	}
	if _, err := Parse(bytes.NewReader(out.Bytes())); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// tokensOf is the list of tokens, made where there is none.
func tokensOf(top *yaml.Node) (*yaml.Node, error) {
	if err := onlyKeys(top, "", "owners", "tokens"); err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != "tokens" {
			continue
		}
		list := top.Content[i+1]
		if list.Tag == "!!null" {
			*list = yaml.Node{Kind: yaml.SequenceNode, HeadComment: list.HeadComment, LineComment: list.LineComment}
		}
		if list.Kind != yaml.SequenceNode {
			return nil, errors.New("owners and tokens must be lists")
		}
		list.Style &^= yaml.FlowStyle
		return list, nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	top.Style &^= yaml.FlowStyle
	top.Content = append(top.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "tokens"}, list)
	return list, nil
}

// replace puts text in the place of a file that is still as it was before.
func replace(path string, text []byte, mode fs.FileMode, before os.FileInfo) (err error) {
	if target, evalErr := filepath.EvalSymlinks(path); evalErr == nil {
		path = target
	}
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.next")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(next.Name()))
		}
	}()
	_, err = next.Write(text)
	if err := errors.Join(err, next.Chmod(mode), next.Sync(), next.Close()); err != nil {
		return err
	}
	now, statErr := os.Stat(path)
	if (before == nil) != (statErr != nil) ||
		before != nil && (!os.SameFile(before, now) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime())) {
		return fmt.Errorf("%s was changed by somebody else meanwhile: nothing was written, run this again", path)
	}
	return os.Rename(next.Name(), path)
}

// Date is a time as a registry file holds it.
func Date(t time.Time) string { return t.UTC().Format(time.RFC3339) }
