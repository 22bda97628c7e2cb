package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/credential"
)

// maxBytes bounds what is read as a registry.
const maxBytes = 256 << 20

// Parse reads a registry in YAML (and so in JSON). Its errors carry the path of what is wrong, and never a value that could be
// a secret.
func Parse(r io.Reader) (*Snapshot, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read registry: %w", err)
	}
	if len(b) > maxBytes {
		return nil, fmt.Errorf("registry is larger than %d MiB", maxBytes>>20)
	}
	var file struct {
		Owners []yaml.Node `yaml:"owners"`
		Tokens []yaml.Node `yaml:"tokens"`
	}
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, syntaxError(err)
	}
	if len(root.Content) > 0 {
		if err := onlyKeys(root.Content[0], "", "owners", "tokens"); err != nil {
			return nil, err
		}
		if err := root.Content[0].Decode(&file); err != nil {
			return nil, errors.New("owners and tokens must be lists")
		}
	}
	p := parser{
		owners:   make(map[string]*Owner, len(file.Owners)),
		ids:      make(map[string]string, len(file.Tokens)),
		snapshot: &Snapshot{tokens: len(file.Tokens)},
	}
	p.snapshot.sha256 = make(map[[sha256.Size]byte]*Token)
	p.snapshot.users = make(map[string]*Token)
	p.snapshot.claims = make(map[claims]*Token)
	p.snapshot.ends = make(map[string][]ending)
	for i := range file.Owners {
		p.owner(&file.Owners[i], fmt.Sprintf("owners[%d]", i))
	}
	for i := range file.Tokens {
		p.token(&file.Tokens[i], fmt.Sprintf("tokens[%d]", i))
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.snapshot, nil
}

// parser gathers every error, up to a limit, so that a file is repaired in one go.
type parser struct {
	owners   map[string]*Owner
	ids      map[string]string // token id → path
	snapshot *Snapshot
	errs     []error
}

const maxErrors = 20

func (p *parser) fail(path, format string, args ...any) {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
}

func (p *parser) owner(node *yaml.Node, path string) {
	if err := onlyKeys(node, path, "id", "name", "type", "team"); err != nil {
		p.errs = append(p.errs, err)
		return
	}
	var o struct{ ID, Name, Type, Team string }
	if !p.decode(node, path, &o) {
		return
	}
	if o.ID == "" {
		p.fail(path+".id", "is missing")
		return
	}
	if p.owners[o.ID] != nil {
		p.fail(path+".id", "%q is the id of another owner already", o.ID)
		return
	}
	p.owners[o.ID] = &Owner{ID: o.ID, Name: o.Name, Type: o.Type, Team: o.Team}
}

// entry is a token as it is written.
type entry struct {
	ID       string
	Owner    string
	SHA256   string
	Prefix   string
	LastFour string `yaml:"last_four"`
	User     string
	Claims   struct {
		Iss      string
		ClientID string `yaml:"client_id"`
		Sub      string
	}
	ExpiresAt string `yaml:"expires_at"`
	Status    string
	Scopes    []string
	Tags      map[string]string
}

func (p *parser) token(node *yaml.Node, path string) {
	if err := onlyKeys(node, path, "id", "owner", "sha256", "prefix", "last_four", "user", "claims", "expires_at", "status", "scopes", "tags"); err != nil {
		p.errs = append(p.errs, err)
		return
	}
	var e entry
	if !p.decode(node, path, &e) {
		return
	}
	t := &Token{ID: e.ID, Status: Active, Scopes: e.Scopes, Tags: e.Tags}
	if e.ID == "" {
		p.fail(path+".id", "is missing")
	} else if first, ok := p.ids[e.ID]; ok {
		p.fail(path+".id", "%q is the id of %s already", e.ID, first)
	}
	p.ids[e.ID] = path
	if e.Owner != "" {
		if t.Owner = p.owners[e.Owner]; t.Owner == nil {
			p.fail(path+".owner", "%q is not among the owners", e.Owner)
		}
	}
	if e.Status != "" {
		t.Status = Status(e.Status)
		if !slices.Contains([]Status{Active, Expired, Revoked, Leaked, Decoy}, t.Status) {
			p.fail(path+".status", "%q is none of active, expired, revoked, leaked, decoy", e.Status)
		}
	}
	if e.ExpiresAt != "" {
		when, err := parseTime(e.ExpiresAt)
		if err != nil {
			p.fail(path+".expires_at", "%q is no time: write 2026-12-31T23:59:59Z or 2026-12-31", e.ExpiresAt)
		}
		t.ExpiresAt = when
	}
	p.joins(&e, t, path)
}

// joins enters a token under everything that it can be found by.
func (p *parser) joins(e *entry, t *Token, path string) {
	found := false
	if e.SHA256 != "" {
		found = true
		digest, ok := parseDigest(e.SHA256)
		switch {
		case !ok:
			p.fail(path+".sha256", "must be 64 hexadecimal digits: the SHA-256 of the raw credential")
		case p.snapshot.sha256[digest] != nil:
			p.fail(path+".sha256", "is that of token %q already", p.snapshot.sha256[digest].ID)
		default:
			p.snapshot.sha256[digest] = t
		}
	}
	if e.Prefix != "" || e.LastFour != "" {
		found = true
		p.ends(e, t, path)
	}
	if e.User != "" {
		found = true
		if other := p.snapshot.users[e.User]; other != nil {
			p.fail(path+".user", "is that of token %q already", other.ID)
		}
		p.snapshot.users[e.User] = t
	}
	if c := (claims{e.Claims.Iss, e.Claims.ClientID, e.Claims.Sub}); c != (claims{}) {
		found = true
		if c.clientID == "" && c.subject == "" {
			p.fail(path+".claims", "iss alone names everybody: add client_id or sub")
		} else if other := p.snapshot.claims[c]; other != nil {
			p.fail(path+".claims", "are those of token %q already", other.ID)
		}
		p.snapshot.claims[c] = t
	}
	if !found {
		p.fail(path, "nothing to join by: give sha256, prefix with last_four, claims or user")
	}
}

func (p *parser) ends(e *entry, t *Token, path string) {
	switch {
	case len(e.LastFour) != 4:
		p.fail(path+".last_four", "must be the last four characters of the credential, beside prefix")
		return
	case len(e.Prefix) < 3:
		p.fail(path+".prefix", "must be at least the first three characters of the credential, beside last_four")
		return
	case credential.Recognise(e.Prefix) != nil:
		p.fail(path+".prefix", "is a whole credential: write its first characters only, and replace the credential, which has been exposed")
		return
	}
	for _, other := range p.snapshot.ends[e.LastFour] {
		if other.prefix == e.Prefix {
			p.fail(path+".prefix", "with this last_four is that of token %q already", other.token.ID)
			return
		}
	}
	p.snapshot.ends[e.LastFour] = append(p.snapshot.ends[e.LastFour], ending{e.Prefix, t})
}

func (p *parser) decode(node *yaml.Node, path string, into any) bool {
	err := node.Decode(into)
	if err == nil {
		return true
	}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		p.fail(path, "a value in line %d or below is of the wrong kind: ids, names and times are texts, scopes a list of texts, tags and claims maps of texts", node.Line)
	} else {
		p.fail(path, "cannot be read, line %d", node.Line)
	}
	return false
}

// onlyKeys refuses a key that nobody reads, so that a slip of the pen is seen.
func onlyKeys(node *yaml.Node, path string, known ...string) error {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if path != "" {
		path += "."
	}
	if node.Kind != yaml.MappingNode {
		if path == "" {
			return fmt.Errorf("line %d: the registry must be a map of owners and tokens", node.Line)
		}
		return fmt.Errorf("%s: must be a map (line %d)", strings.TrimSuffix(path, "."), node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains(known, key.Value) {
			return fmt.Errorf("%s%s: unknown key (line %d): known are %s", path, printableKey(key.Value), key.Line, strings.Join(known, ", "))
		}
	}
	return nil
}

// printableKey keeps a secret that was written where a key belongs out of the log.
func printableKey(key string) string {
	if len(key) > 24 || credential.Recognise(key) != nil {
		return "[…]"
	}
	return key
}

// syntaxError keeps the line of a YAML error and leaves out the text, which may quote the file.
func syntaxError(err error) error {
	text := err.Error()
	if at := strings.Index(text, "line "); at >= 0 {
		line := text[at+len("line "):]
		n := 0
		for n < len(line) && line[n] >= '0' && line[n] <= '9' {
			n++
		}
		return fmt.Errorf("not YAML, line %s", line[:n])
	}
	return errors.New("not YAML")
}

func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Parse(time.DateOnly, text)
}
