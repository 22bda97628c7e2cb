package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/holterhq/holter/internal/hint"
)

// Field names a value of the event that a call needs: token.registry_id, token.owner.id, token.tags.<name> …
type Field string

const tagField = "token.tags."

var fields = []string{
	"token.id", "token.registry_id", "token.client_id", "token.fingerprint", "token.issuer",
	"token.owner.id", "token.owner.name", "token.owner.team", "trigger.environment",
}

// Valid says what is wrong with the name.
func (f Field) Valid() error {
	name := string(f)
	if tag, ok := strings.CutPrefix(name, tagField); ok && tag != "" || slices.Contains(fields, name) {
		return nil
	}
	known := append(slices.Clone(fields), tagField+"<name>")
	if near := hint.Nearest(name, known); near != "" {
		return fmt.Errorf("an event has no field %q: did you mean %s?", name, near)
	}
	return fmt.Errorf("an event has no field %q: write one of %s", name, strings.Join(known, ", "))
}

// in writes the value into a template, through an escaper.
func (f Field) in(escaper string) string {
	return fmt.Sprintf("{{ field . %q | %s }}", string(f), escaper)
}

// field is the value of a field of an event.
func field(event map[string]any, name string) (string, error) {
	var value any
	if tag, ok := strings.CutPrefix(name, tagField); ok {
		token, _ := event["token"].(map[string]any)
		tags, _ := token["tags"].(map[string]any)
		value = tags[tag]
	} else {
		value = event
		for step := range strings.SplitSeq(name, ".") {
			inner, _ := value.(map[string]any)
			value = inner[step]
		}
	}
	text, err := scalar(value)
	if err != nil || text == "" {
		return "", errors.New(missing(name))
	}
	return text, nil
}

// missing says which field an event does not have, and where it comes from.
func missing(name string) string {
	tag, isTag := strings.CutPrefix(name, tagField)
	switch {
	case isTag:
		return fmt.Sprintf("the event has no %s: give the token's entry in the registry the tag %s", name, tag)
	case name == "token.registry_id" || strings.HasPrefix(name, "token.owner"):
		return fmt.Sprintf("the event has no %s: no registry knows the token; add it to one, or name another field", name)
	case name == "token.client_id" || name == "token.issuer":
		return fmt.Sprintf("the event has no %s: it comes from the claims of a JWT, from introspection or from a registry", name)
	}
	return fmt.Sprintf("the event has no %s", name)
}

// space is where the ids of what Holter makes at providers come from: the same act makes the same thing.
var space = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/holterhq/holter"))

// nameUUID is an id that belongs to a name.
func nameUUID(name string) string { return uuid.NewSHA1(space, []byte(name)).String() }
