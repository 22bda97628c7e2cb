package response

import (
	"slices"
)

// Rule sends events to targets.
type Rule struct {
	Name        string
	Detectors   []string // empty: all
	MinSeverity Severity
	Targets     []string
	Stop        bool // no later rule is looked at once this one has matched
}

// Policy is an ordered list of rules.
type Policy []Rule

// Match is a target that an event goes to, and the first rule that said so.
type Match struct{ Target, Rule string }

// Match returns where an event goes, in the order of the rules, each target once, and the names of the rules that matched.
// holds says whether the condition of rule i is true; it is asked only if everything else about the rule fits.
func (p Policy) Match(detector string, severity Severity, holds func(rule int) bool) (matches []Match, rules []string) {
	for i, rule := range p {
		if !rule.concerns(detector, severity) || !holds(i) {
			continue
		}
		rules = append(rules, rule.Name)
		for _, target := range rule.Targets {
			if !slices.ContainsFunc(matches, func(m Match) bool { return m.Target == target }) {
				matches = append(matches, Match{Target: target, Rule: rule.Name})
			}
		}
		if rule.Stop {
			break
		}
	}
	return matches, rules
}

func (r Rule) concerns(detector string, severity Severity) bool {
	return severity >= r.MinSeverity && (len(r.Detectors) == 0 || slices.Contains(r.Detectors, detector))
}
