package response

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule says what is done about events, and who is told.
type Rule struct {
	Name        string
	Detectors   []string // empty: all
	MinSeverity Severity
	Action      Action
	Targets     []string
	CoolDown    time.Duration // for so long the rule leaves a token alone that it has matched
	Approval    Approval
	TTL         time.Duration // after which its acts are undone, 0: never
	Escalate    Escalate
	Stop        bool // no later rule is looked at once this one has matched
}

// Escalate says who is told when nobody has acknowledged an incident in time. The zero value tells nobody.
type Escalate struct {
	After   time.Duration
	Targets []string
}

// Approval says when an act has to wait for somebody's consent.
type Approval uint8

// When consent is asked for.
const (
	WhenIrreversible Approval = iota // for what cannot be taken back
	Never
	Always
)

var approvalNames = [...]string{"when_irreversible", "never", "always"}

// String is the name that configuration uses.
func (a Approval) String() string {
	if int(a) < len(approvalNames) {
		return approvalNames[a]
	}
	return fmt.Sprintf("approval(%d)", uint8(a))
}

// UnmarshalText reads a name.
func (a *Approval) UnmarshalText(text []byte) error {
	for i, name := range approvalNames {
		if strings.EqualFold(name, string(text)) {
			*a = Approval(i)
			return nil
		}
	}
	return fmt.Errorf("unknown approval %q: write never, always or when_irreversible", text)
}

// MarshalText writes the name.
func (a Approval) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Policy is an ordered list of rules.
type Policy []Rule

// Match returns the places of the rules that an event matches, in their order. holds says whether the condition of rule i is
// true; it is asked only if everything else about the rule fits.
func (p Policy) Match(detector string, severity Severity, holds func(rule int) bool) (matched []int) {
	for i, rule := range p {
		if !rule.concerns(detector, severity) || !holds(i) {
			continue
		}
		matched = append(matched, i)
		if rule.Stop {
			break
		}
	}
	return matched
}

func (r Rule) concerns(detector string, severity Severity) bool {
	return severity >= r.MinSeverity && (len(r.Detectors) == 0 || slices.Contains(r.Detectors, detector))
}
