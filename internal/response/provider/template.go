// Package provider holds the calls that act on a token at whoever issued it: lock, re-authenticate, narrow. HTTP 200 is not
// "revoked": every call says which answers mean that it was done.
package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/holterhq/holter/internal/response/wire"
)

// Template writes a part of a request from an event. What the event does not have is an error, never an empty word.
type Template struct {
	source string
	sent   *template.Template
	shown  *template.Template // the same, with secrets masked
}

// Escapers that each part of a request accepts at the end of an action.
var (
	urlEscapers  = []string{"urlpath", "urlquery"}
	bodyEscapers = []string{"json", "urlquery", "urlpath", "raw"}
)

// NewTemplate compiles a text/template over an event's data. If escapers are given, every value that it writes has to go
// through one of them: a value from telemetry must not be able to change the meaning of what stands around it.
func NewTemplate(source string, secrets map[string]string, escapers ...string) (*Template, error) {
	t := &Template{source: source}
	var err error
	if t.sent, err = compile(source, secrets, false); err != nil {
		return nil, err
	}
	if t.shown, err = compile(source, secrets, true); err != nil {
		return nil, err
	}
	if len(escapers) == 0 {
		return t, nil
	}
	for _, associated := range t.sent.Templates() {
		if err := checkEscaped(associated.Root, escapers); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func compile(source string, secrets map[string]string, mask bool) (*template.Template, error) {
	functions := template.FuncMap{
		"urlpath":  urlpath,
		"urlquery": urlquery,
		"json":     jsonText,
		"raw":      scalar,
		"index":    index,
		"has":      has,
		"field":    field,
		"uuid":     nameUUID,
		"secret": func(name string) (string, error) {
			value, ok := secrets[name]
			if !ok {
				return "", fmt.Errorf("no secret is called %q", name)
			}
			if mask {
				return wire.Mask, nil
			}
			return value, nil
		},
	}
	t, err := template.New("").Funcs(functions).Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: :"))
	}
	return t, nil
}

// Send writes what goes out.
func (t *Template) Send(data any) (string, error) { return execute(t.sent, data) }

// Show writes the same with secrets masked.
func (t *Template) Show(data any) (string, error) { return execute(t.shown, data) }

// maxText bounds what a template can write.
const maxText = 1 << 20

var errTooLong = errors.New("the text gets longer than 1 MiB")

type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

func execute(t *template.Template, data any) (string, error) {
	var b bounded
	if err := t.Execute(&b, data); err != nil {
		var failed template.ExecError
		if errors.As(err, &failed) {
			err = errors.New(strings.TrimPrefix(failed.Error(), "template: :"))
		}
		return "", err
	}
	return b.String(), nil
}

// checkEscaped refuses an action whose last step is none of the escapers.
func checkEscaped(node parse.Node, escapers []string) error {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := checkEscaped(child, escapers); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return errors.Join(checkEscaped(n.List, escapers), checkEscaped(n.ElseList, escapers))
	case *parse.RangeNode:
		return errors.Join(checkEscaped(n.List, escapers), checkEscaped(n.ElseList, escapers))
	case *parse.WithNode:
		return errors.Join(checkEscaped(n.List, escapers), checkEscaped(n.ElseList, escapers))
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			return nil
		}
		last := n.Pipe.Cmds[len(n.Pipe.Cmds)-1]
		if name, ok := last.Args[0].(*parse.IdentifierNode); ok && slices.Contains(escapers, name.Ident) {
			return nil
		}
		inner := n.Pipe.String()
		return fmt.Errorf("{{ %s }} is not escaped: write {{ %s | %s }}, or end it with one of %s",
			inner, inner, escapers[0], strings.Join(escapers, ", "))
	}
	return nil
}

var errEmpty = errors.New("the value is empty")

// scalar is the text of a single value.
func scalar(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool, int, int64, float64:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("a %T is not a single value", value)
}

// urlpath is one segment of a path. Segments that mean something else than themselves are refused.
func urlpath(value any) (string, error) {
	text, err := scalar(value)
	switch {
	case err != nil:
		return "", err
	case text == "":
		return "", errEmpty
	case text == "." || text == "..":
		return "", fmt.Errorf("%q is not a name in a path", text)
	}
	return url.PathEscape(text), nil
}

func urlquery(value any) (string, error) {
	text, err := scalar(value)
	switch {
	case err == nil && text == "":
		err = errEmpty
	case text == wire.Mask:
		return text, nil // shown, not sent
	}
	return url.QueryEscape(text), err
}

func jsonText(value any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// index is the template language's own, but strict about what is not there.
func index(value any, keys ...any) (any, error) {
	for _, k := range keys {
		switch v := value.(type) {
		case map[string]any:
			name, ok := k.(string)
			if !ok {
				return nil, fmt.Errorf("%v is not a name", k)
			}
			if value, ok = v[name]; !ok {
				return nil, fmt.Errorf("map has no entry for key %q", name)
			}
		case []any:
			at := reflect.ValueOf(k)
			if !at.CanInt() || at.Int() < 0 || at.Int() >= int64(len(v)) {
				return nil, fmt.Errorf("list has no entry %v", k)
			}
			value = v[at.Int()]
		default:
			return nil, fmt.Errorf("a %T has no entries", value)
		}
	}
	return value, nil
}

// has says whether a dotted path leads to a value.
func has(value any, path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		m, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if value, ok = m[name]; !ok {
			return false
		}
	}
	return true
}
