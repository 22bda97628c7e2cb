package registry

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/credential"
)

// Parse reads a registry in YAML (and so in most JSON). Its errors carry the path of what is wrong, and never a value that could
// be a secret.
func Parse(r io.Reader) (*Snapshot, error) { return YAML.Parse(r) }

func parseYAML(b []byte) (*Snapshot, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, syntaxError(err)
	}
	if len(root.Content) == 0 {
		return parseTree(nil)
	}
	return parseTree(root.Content[0])
}

// parseTree reads a registry from the tree of its text.
func parseTree(root *yaml.Node) (*Snapshot, error) {
	var file struct {
		Owners []yaml.Node `yaml:"owners"`
		Tokens []yaml.Node `yaml:"tokens"`
	}
	if root != nil {
		if err := onlyKeys(root, "", "owners", "tokens"); err != nil {
			return nil, err
		}
		if err := root.Decode(&file); err != nil {
			return nil, errors.New("owners and tokens must be lists")
		}
	}
	p := parser{owners: make(map[string]Owner, len(file.Owners)), builder: NewBuilder(tokenPath)}
	for i := range file.Owners {
		p.owner(&file.Owners[i], fmt.Sprintf("owners[%d]", i))
	}
	for i := range file.Tokens {
		p.token(&file.Tokens[i], i)
	}
	return whole(p.builder, p.errs)
}

// whole is a reading that nothing is wrong with.
func whole(b *Builder, errs []error) (*Snapshot, error) {
	s, err := b.Snapshot()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return s, nil
}

func tokenPath(at int, field string) string {
	if field == "" {
		return fmt.Sprintf("tokens[%d]", at)
	}
	return fmt.Sprintf("tokens[%d].%s", at, field)
}

// parser gathers every error, up to a limit, so that a file is repaired in one go.
type parser struct {
	owners  map[string]Owner
	builder *Builder
	errs    []error
}

func (p *parser) fail(path, format string, args ...any) {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
}

var ownerKeys = []string{"id", "name", "type", "team"}

func (p *parser) owner(node *yaml.Node, path string) {
	o, ok := p.readOwner(node, path)
	switch {
	case !ok:
	case o.ID == "":
		p.fail(path+".id", "is missing")
	case p.owners[o.ID] != (Owner{}):
		p.fail(path+".id", "%s is the id of another owner already", Quote(o.ID))
	default:
		p.owners[o.ID] = o
	}
}

func (p *parser) readOwner(node *yaml.Node, path string) (o Owner, ok bool) {
	if err := onlyKeys(node, path, ownerKeys...); err != nil {
		p.errs = append(p.errs, err)
		return o, false
	}
	return o, p.decode(node, path, &o)
}

// written is a token as it stands in YAML and JSON.
type written struct {
	ID         string
	Owner      yaml.Node // the id of one of the owners, or a map of one
	SHA256     string
	Prefix     string
	LastFour   string `yaml:"last_four"`
	User       string
	GatewayID  string `yaml:"gateway_id"`
	Claims     Claims
	ExpiresAt  string `yaml:"expires_at"`
	CreatedAt  string `yaml:"created_at"`
	Status     string
	Scopes     []string
	Tags       map[string]string
	Networks   []string
	Routes     []string
	Replaces   string
	RotatedAt  string `yaml:"rotated_at"`
	Grace      string
	APITokenID string `yaml:"api_token_id"`
}

var tokenKeys = []string{
	"id", "owner", "sha256", "prefix", "last_four", "gateway_id", "user", "claims", "expires_at", "created_at", "status", "scopes", "tags",
	"networks", "routes", "replaces", "rotated_at", "grace", "api_token_id",
}

func (p *parser) token(node *yaml.Node, at int) {
	path := tokenPath(at, "")
	if err := onlyKeys(node, path, tokenKeys...); err != nil {
		p.errs = append(p.errs, err)
		return
	}
	var w written
	if !p.decode(node, path, &w) {
		return
	}
	p.builder.Add(at, &Row{
		ID: w.ID, Owner: p.ownerOf(&w.Owner, path+".owner"),
		SHA256: w.SHA256, Prefix: w.Prefix, LastFour: w.LastFour, User: w.User, GatewayID: w.GatewayID, Claims: w.Claims,
		Status: w.Status, ExpiresAt: w.ExpiresAt, CreatedAt: w.CreatedAt, Scopes: w.Scopes, Tags: w.Tags, Networks: w.Networks, Routes: w.Routes,
		Replaces: w.Replaces, RotatedAt: w.RotatedAt, Grace: w.Grace, APITokenID: w.APITokenID,
	})
}

func (p *parser) ownerOf(node *yaml.Node, path string) Owner {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case 0:
		return Owner{}
	case yaml.MappingNode:
		o, ok := p.readOwner(node, path)
		if ok && o.ID == "" {
			p.fail(path+".id", "is missing")
		}
		return o
	}
	var id string
	if !p.decode(node, path, &id) || id == "" {
		return Owner{}
	}
	o, ok := p.owners[id]
	if !ok {
		p.fail(path, "%s is not among the owners", Quote(id))
	}
	return o
}

func (p *parser) decode(node *yaml.Node, path string, into any) bool {
	err := node.Decode(into)
	if err == nil {
		return true
	}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		p.fail(path, "a value in line %d or below is of the wrong kind: ids, names and times are texts, scopes, networks and routes lists of texts, tags and claims maps of texts", node.Line)
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
