package behavior

import (
	"slices"

	"github.com/holterhq/holter/internal/anomaly"
)

// rule fires on what the registry says about a request: no statistics, outside the budget, once per token and day.
type rule struct {
	name     anomaly.Detector
	severity anomaly.Severity
	action   anomaly.Action
	breaches []breach // any of them breaks the rule
	accepted bool     // only a request that succeeded does
}

// breach is one way to break a rule.
type breach struct {
	violation string // an element of api_token.violations, or
	status    string // the value of api_token.status
	sentence  string
}

// rules stand in the order of their bits in what is kept of a day: new ones at the end.
var rules = [...]rule{
	{anomaly.ExpiredUse, anomaly.Act, anomaly.Reauthenticate, []breach{
		{"expired", "expired", "was used after it had expired"},
		{"rotated", "", "was used after another had taken over and its grace was over"},
	}, false},
	{anomaly.RevokedUse, anomaly.Act, anomaly.Lock, []breach{{"revoked", "revoked", "was used after it had been revoked"}}, false},
	{anomaly.UnknownToken, anomaly.Look, anomaly.Observe, []breach{{"", "unknown", "is not in the registry"}}, false},
	{anomaly.NetworkPolicy, anomaly.Act, anomaly.Restrict, []breach{{"network", "", "was used from a network that it may not be used from"}}, false},
	{anomaly.ScopeViolation, anomaly.Act, anomaly.Restrict, []breach{
		{"route", "", "was used on what it may not be used on"},
		{"scope", "", "claims a scope that the registry does not grant it"},
	}, false},
	{anomaly.LeakedCredential, anomaly.Act, anomaly.Lock, []breach{{"leaked", "leaked", "was used although it is known to have leaked"}}, false},
	{anomaly.DecoyUse, anomaly.Confirmed, anomaly.Lock, []breach{{"decoy", "decoy", "is a decoy: nobody but a thief has it"}}, false},
	// A forged token that is refused is everyday noise; one that is accepted is a door that stands open.
	{anomaly.UnknownToken, anomaly.Act, anomaly.Observe, []breach{{"signature", "", "was accepted although its issuer did not sign it"}}, true},
}

// applyRules returns the events of the rules that this request breaks and that have not fired today.
func (t *token) applyRules(o *Observation, events []anomaly.Event) []anomaly.Event {
	if o.Status == "" && len(o.Violations) == 0 {
		return events
	}
	for i := range rules {
		r := &rules[i]
		if t.block.rules&(1<<i) != 0 {
			continue
		}
		if b := r.broken(o); b != nil {
			t.block.rules |= 1 << i
			events = append(events, t.report(o, r, b))
		}
	}
	return events
}

// broken is how a request breaks the rule, nil if it does not.
func (r *rule) broken(o *Observation) *breach {
	if r.accepted && o.Outcome != Success {
		return nil
	}
	for i := range r.breaches {
		b := &r.breaches[i]
		if b.status != "" && o.Status == b.status || b.violation != "" && slices.Contains(o.Violations, b.violation) {
			return b
		}
	}
	return nil
}
