package response

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/hint"
)

const tagPrefix = "token.tags."

// fields are the parts of an event that a configuration can choose by, under the names that they have in a message.
var fields = map[string]func(*Event) string{
	"detector":            func(e *Event) string { return e.Detector },
	"severity":            func(e *Event) string { return e.Severity },
	"suggested_action":    func(e *Event) string { return e.SuggestedAction },
	"technique":           func(e *Event) string { return e.Technique },
	"token.id":            func(e *Event) string { return e.Token.ID },
	"token.registry_id":   func(e *Event) string { return e.Token.RegistryID },
	"token.type":          func(e *Event) string { return e.Token.Type },
	"token.format":        func(e *Event) string { return e.Token.Format },
	"token.direction":     func(e *Event) string { return e.Token.Direction },
	"token.status":        func(e *Event) string { return e.Token.Status },
	"token.issuer":        func(e *Event) string { return e.Token.Issuer },
	"token.client_id":     func(e *Event) string { return e.Token.ClientID },
	"token.owner.id":      func(e *Event) string { return e.owner().ID },
	"token.owner.name":    func(e *Event) string { return e.owner().Name },
	"token.owner.type":    func(e *Event) string { return e.owner().Type },
	"token.owner.team":    func(e *Event) string { return e.owner().Team },
	"trigger.service":     func(e *Event) string { return e.Trigger.Service },
	"trigger.environment": func(e *Event) string { return e.Trigger.Environment },
	"trigger.method":      func(e *Event) string { return e.Trigger.Method },
	"trigger.route":       func(e *Event) string { return e.Trigger.Route },
	"trigger.country":     func(e *Event) string { return e.Trigger.Country },
}

func (e *Event) owner() Owner {
	if e.Token.Owner == nil {
		return Owner{}
	}
	return *e.Token.Owner
}

// CheckField says what is wrong with the name of a field.
func CheckField(name string) error {
	if _, ok := fields[name]; ok || len(name) > len(tagPrefix) && strings.HasPrefix(name, tagPrefix) {
		return nil
	}
	known := make([]string, 0, len(fields)+1)
	for field := range fields {
		known = append(known, field)
	}
	slices.Sort(known)
	if near := hint.Nearest(name, known); near != "" {
		return fmt.Errorf("%q is no field of an event: did you mean %s?", name, near)
	}
	return fmt.Errorf("%q is no field of an event: write token.owner.team, token.tags.<name>, or another of %s", name, strings.Join(known, ", "))
}

// Field is the part of an event that a configuration names, empty where the event does not have it.
func (e *Event) Field(name string) string {
	if tag, ok := strings.CutPrefix(name, tagPrefix); ok {
		return e.Token.Tags[tag]
	}
	if read, ok := fields[name]; ok {
		return read(e)
	}
	return ""
}
