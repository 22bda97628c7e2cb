package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Success says which answers mean that something was done: one of the statuses, and all the checks of the body.
type Success struct {
	Status []int
	Body   []Check
}

// Check looks at an answer's body. With a path it looks at one value of a JSON document, else at the whole text.
type Check struct {
	Path     string         // dotted, list entries in brackets: $.result.items[0].state
	Exists   *bool          // the path leads somewhere, or does not
	Equals   any            // a string, a number or a boolean
	Contains string         // the text has this part
	Matches  *regexp.Regexp // the text matches
}

// Valid says what is wrong with the predicate.
func (s Success) Valid() error {
	if len(s.Status) == 0 {
		return errors.New("status is missing: write which answers mean that it was done, for example status: [200, 204]")
	}
	for _, status := range s.Status {
		if status < 100 || status > 599 {
			return fmt.Errorf("status %d is not an HTTP status", status)
		}
	}
	for i, c := range s.Body {
		if err := c.valid(); err != nil {
			return fmt.Errorf("body[%d]: %w", i, err)
		}
	}
	return nil
}

func (c Check) valid() error {
	if c.Path == "" && (c.Exists != nil || c.Equals != nil) {
		return errors.New("exists and equals need a path, for example path: $.revoked")
	}
	if c.Exists == nil && c.Equals == nil && c.Contains == "" && c.Matches == nil {
		return errors.New("nothing is checked: write one of exists, equals, contains, matches")
	}
	if c.Path != "" {
		if _, err := steps(c.Path); err != nil {
			return err
		}
	}
	switch c.Equals.(type) {
	case nil, string, bool, int, int64, uint64, float64:
		return nil
	}
	return fmt.Errorf("equals: a %T cannot be compared: write a string, a number or a boolean", c.Equals)
}

// Holds says whether an answer satisfies the predicate; if not, why.
func (s Success) Holds(status int, body []byte) (bool, string) {
	if !slices.Contains(s.Status, status) {
		return false, fmt.Sprintf("status %d is none of %v", status, s.Status)
	}
	for i, c := range s.Body {
		if ok, why := c.holds(body); !ok {
			return false, fmt.Sprintf("status %d, but body[%d]: %s", status, i, why)
		}
	}
	return true, ""
}

func (c Check) holds(body []byte) (bool, string) {
	text := string(body)
	if c.Path != "" {
		value, found, err := lookup(body, c.Path)
		switch {
		case err != nil:
			return false, "the answer is not JSON"
		case c.Exists != nil && *c.Exists != found:
			return false, fmt.Sprintf("%s: exists is %t", c.Path, found)
		case !found:
			return c.Equals == nil && c.Contains == "" && c.Matches == nil, c.Path + " is not there"
		case c.Equals != nil && !equal(c.Equals, value):
			return false, fmt.Sprintf("%s is not %v", c.Path, c.Equals)
		}
		text = plainText(value)
	}
	if !strings.Contains(text, c.Contains) {
		return false, fmt.Sprintf("%q is not in it", c.Contains)
	}
	if c.Matches != nil && !c.Matches.MatchString(text) {
		return false, fmt.Sprintf("it does not match %s", c.Matches)
	}
	return true, ""
}

// lookup follows a path through a JSON document.
func lookup(body []byte, path string) (value any, found bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, false, err
	}
	if dec.More() {
		return nil, false, errors.New("more than one document")
	}
	way, err := steps(path)
	if err != nil {
		return nil, false, err
	}
	for _, step := range way {
		switch v := value.(type) {
		case map[string]any:
			if value, found = v[step.name]; !found || step.list {
				return nil, false, nil
			}
		case []any:
			if !step.list || step.at >= len(v) {
				return nil, false, nil
			}
			value = v[step.at]
		default:
			return nil, false, nil
		}
	}
	return value, true, nil
}

type step struct {
	name string
	at   int
	list bool
}

// steps takes a path apart.
func steps(path string) (way []step, err error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	if rest == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(rest, ".") {
		name, brackets, _ := strings.Cut(part, "[")
		if name != "" {
			way = append(way, step{name: name})
		} else if brackets == "" {
			return nil, fmt.Errorf("path %q has an empty name", path)
		}
		if brackets == "" {
			continue
		}
		for entry := range strings.SplitSeq(brackets, "[") {
			number, ok := strings.CutSuffix(entry, "]")
			at, err := strconv.Atoi(number)
			if !ok || err != nil || at < 0 {
				return nil, fmt.Errorf("path %q: [%s is not an entry of a list", path, entry)
			}
			way = append(way, step{at: at, list: true})
		}
	}
	return way, nil
}

// equal compares a value of the configuration with one of an answer; numbers by their value.
func equal(want, got any) bool {
	switch w := want.(type) {
	case string:
		g, ok := got.(string)
		return ok && g == w
	case bool:
		g, ok := got.(bool)
		return ok && g == w
	}
	number, ok := got.(json.Number)
	if !ok {
		return false
	}
	w, err := strconv.ParseFloat(fmt.Sprint(want), 64)
	if err != nil {
		return false
	}
	g, err := number.Float64()
	return err == nil && w == g
}

func plainText(value any) string {
	if text, err := scalar(value); err == nil {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}
