package response

import (
	"fmt"
	"strings"
)

// Action is what is done about a token.
type Action uint8

// Actions, the mildest first.
const (
	Notify         Action = iota // people are told
	Restrict                     // the token may do less than before
	Reauthenticate               // whoever holds it has to log in again
	Lock                         // it does not work any more
)

var actionNames = [...]string{"notify", "restrict", "reauthenticate", "lock"}

// String is the name that configuration, messages and the journal use.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

// UnmarshalText reads a name.
func (a *Action) UnmarshalText(text []byte) error {
	for i, name := range actionNames {
		if strings.EqualFold(name, string(text)) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("unknown action %q: write %s or %s", text, strings.Join(actionNames[:3], ", "), actionNames[3])
}

// MarshalText writes the name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Step is the part of an act that one delivery performs at its provider.
type Step uint8

// Steps.
const (
	Do     Step = iota
	Undo        // takes back what Do did
	Verify      // asks whether it holds: introspection, or a read at the provider
)

var stepNames = [...]string{"do", "undo", "verify"}

func (s Step) String() string {
	if int(s) < len(stepNames) {
		return stepNames[s]
	}
	return fmt.Sprintf("step(%d)", uint8(s))
}
