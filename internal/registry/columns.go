package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Columns says what the columns of a table mean: they are called like the fields of a token, in CSV and in SQL.
type Columns struct {
	set   []func(*Columns, *Row, string) error
	names []string
	lists map[string][]string          // what was read before: lists and tags repeat
	tags  map[string]map[string]string // and need little memory when they are shared
}

// columnSetters are the columns by name. Those of owners and claims may be written with a dot as well.
var columnSetters = map[string]func(*Columns, *Row, string) error{
	"id":               text(func(e *Row) *string { return &e.ID }),
	"owner":            text(func(e *Row) *string { return &e.Owner.ID }),
	"owner_id":         text(func(e *Row) *string { return &e.Owner.ID }),
	"owner_name":       text(func(e *Row) *string { return &e.Owner.Name }),
	"owner_type":       text(func(e *Row) *string { return &e.Owner.Type }),
	"owner_team":       text(func(e *Row) *string { return &e.Owner.Team }),
	"sha256":           text(func(e *Row) *string { return &e.SHA256 }),
	"prefix":           text(func(e *Row) *string { return &e.Prefix }),
	"last_four":        text(func(e *Row) *string { return &e.LastFour }),
	"gateway_id":       text(func(e *Row) *string { return &e.GatewayID }),
	"user":             text(func(e *Row) *string { return &e.User }),
	"claims_iss":       text(func(e *Row) *string { return &e.Claims.Issuer }),
	"claims_client_id": text(func(e *Row) *string { return &e.Claims.ClientID }),
	"claims_sub":       text(func(e *Row) *string { return &e.Claims.Subject }),
	"expires_at":       text(func(e *Row) *string { return &e.ExpiresAt }),
	"created_at":       text(func(e *Row) *string { return &e.CreatedAt }),
	"status":           text(func(e *Row) *string { return &e.Status }),
	"scopes":           list(func(e *Row) *[]string { return &e.Scopes }),
	"networks":         list(func(e *Row) *[]string { return &e.Networks }),
	"routes":           list(func(e *Row) *[]string { return &e.Routes }),
	"tags":             (*Columns).setTags,
	"replaces":         text(func(e *Row) *string { return &e.Replaces }),
	"rotated_at":       text(func(e *Row) *string { return &e.RotatedAt }),
	"grace":            text(func(e *Row) *string { return &e.Grace }),
	"api_token_id":     text(func(e *Row) *string { return &e.APITokenID }),
}

func text(field func(*Row) *string) func(*Columns, *Row, string) error {
	return func(_ *Columns, e *Row, value string) error {
		if value != "" {
			*field(e) = value
		}
		return nil
	}
}

func list(field func(*Row) *[]string) func(*Columns, *Row, string) error {
	return func(c *Columns, e *Row, value string) (err error) {
		*field(e), err = c.list(value)
		return err
	}
}

// NewColumns reads the names of columns. Those among ignored mean nothing.
func NewColumns(names []string, ignored ...string) (*Columns, error) {
	c := &Columns{names: names, lists: make(map[string][]string), tags: make(map[string]map[string]string)}
	seen := make(map[string]bool)
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if seen[name] {
			return nil, fmt.Errorf("column %d, %q: is there twice", i+1, printableKey(name))
		}
		seen[name] = true
		if slices.Contains(ignored, name) {
			c.set = append(c.set, func(*Columns, *Row, string) error { return nil })
			continue
		}
		if tag, ok := strings.CutPrefix(name, "tags."); ok && tag != "" {
			c.set = append(c.set, tagSetter(strings.TrimSpace(names[i])[len("tags."):]))
			continue
		}
		if strings.HasPrefix(name, "owner.") || strings.HasPrefix(name, "claims.") {
			name = strings.Replace(name, ".", "_", 1)
		}
		set, ok := columnSetters[name]
		if !ok {
			known := make([]string, 0, len(columnSetters))
			for column := range columnSetters {
				known = append(known, column)
			}
			slices.Sort(known)
			return nil, fmt.Errorf("column %d, %q: unknown column: known are %s, tags.<name>", i+1, printableKey(name), strings.Join(known, ", "))
		}
		c.set = append(c.set, set)
	}
	if !seen["id"] {
		return nil, errors.New("there is no column id")
	}
	return c, nil
}

// Set sets what a column means.
func (c *Columns) Set(e *Row, column int, value string) error { return c.set[column](c, e, value) }

// Name is the name of a column.
func (c *Columns) Name(column int) string { return strings.ToLower(strings.TrimSpace(c.names[column])) }

// kept bounds what is remembered of lists and tags.
const kept = 4096

// list reads a;b;c, and what databases write: {a,"b"} or ["a", "b"].
func (c *Columns) list(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	if known, ok := c.lists[value]; ok {
		return known, nil
	}
	var all []string
	switch value[0] {
	case '[':
		if json.Unmarshal([]byte(value), &all) != nil {
			return nil, errors.New(`is no list of texts: write a;b or ["a", "b"]`)
		}
	case '{':
		var ok bool
		if all, ok = arrayElements(value); !ok {
			return nil, errors.New(`is no list of texts: write a;b or {a,b}`)
		}
	default:
		for part := range strings.SplitSeq(value, ";") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	if len(c.lists) < kept {
		c.lists[strings.Clone(value)] = all
	}
	return all, nil
}

// arrayElements reads a PostgreSQL array of texts.
func arrayElements(value string) (all []string, ok bool) {
	if len(value) < 2 || value[len(value)-1] != '}' {
		return nil, false
	}
	rest := value[1 : len(value)-1]
	for rest != "" {
		var element strings.Builder
		quoted := rest[0] == '"'
		if quoted {
			rest = rest[1:]
		}
		closed := !quoted
		i := 0
	element:
		for ; i < len(rest); i++ {
			switch c := rest[i]; {
			case c == '\\' && i+1 < len(rest):
				i++
				element.WriteByte(rest[i])
			case quoted && c == '"':
				closed = true
				i++
				break element
			case !quoted && c == ',':
				break element
			case !quoted && (c == '{' || c == '}' || c == '"'):
				return nil, false
			default:
				element.WriteByte(c)
			}
		}
		if !closed {
			return nil, false
		}
		if text := element.String(); quoted || text != "NULL" {
			all = append(all, text)
		}
		if rest = rest[i:]; rest == "" {
			break
		}
		if rest[0] != ',' || len(rest) == 1 {
			return nil, false
		}
		rest = rest[1:]
	}
	return all, true
}

func (c *Columns) setTags(e *Row, value string) error {
	if value == "" {
		return nil
	}
	known, ok := c.tags[value]
	if !ok {
		var written map[string]any
		if json.Unmarshal([]byte(value), &written) != nil {
			return errors.New(`is no map of texts: write {"plan": "gold"}`)
		}
		known = make(map[string]string, len(written))
		for name, tag := range written {
			switch tag := tag.(type) {
			case nil:
			case string:
				known[name] = tag
			case bool, float64:
				known[name] = fmt.Sprint(tag)
			default:
				return fmt.Errorf("%q is no text", printableKey(name))
			}
		}
		if len(c.tags) < kept {
			c.tags[strings.Clone(value)] = known
		}
	}
	if len(e.Tags) == 0 {
		e.Tags = known
		return nil
	}
	e.Tags = maps.Clone(e.Tags)
	maps.Copy(e.Tags, known)
	return nil
}

func tagSetter(name string) func(*Columns, *Row, string) error {
	return func(_ *Columns, e *Row, value string) error {
		if value == "" {
			return nil
		}
		tags := make(map[string]string, len(e.Tags)+1)
		maps.Copy(tags, e.Tags)
		tags[name] = value
		e.Tags = tags
		return nil
	}
}
