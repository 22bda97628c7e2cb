package behavior

import "github.com/holterhq/holter/internal/anomaly"

// rule fires on what the registry says about a request: no statistics, outside the budget, once per token and day.
type rule struct {
	name      anomaly.Detector
	violation string // an element of api_token.violations, or
	status    string // the value of api_token.status
	severity  anomaly.Severity
	action    anomaly.Action
	sentence  string
}

var rules = [...]rule{
	{name: anomaly.ExpiredUse, violation: "expired", status: "expired", severity: anomaly.Act, action: anomaly.Reauthenticate, sentence: "was used after it had expired"},
	{name: anomaly.RevokedUse, violation: "revoked", status: "revoked", severity: anomaly.Act, action: anomaly.Lock, sentence: "was used after it had been revoked"},
	{name: anomaly.UnknownToken, status: "unknown", severity: anomaly.Look, action: anomaly.Observe, sentence: "is not in the registry"},
}

// applyRules returns the events of the rules that this request breaks and that have not fired today.
func (t *token) applyRules(o *Observation, events []anomaly.Event) []anomaly.Event {
	if o.Status == "" && len(o.Violations) == 0 {
		return events
	}
	for i := range rules {
		r := &rules[i]
		if t.block.rules&(1<<i) != 0 || !r.broken(o) {
			continue
		}
		t.block.rules |= 1 << i
		events = append(events, t.report(o, r))
	}
	return events
}

func (r *rule) broken(o *Observation) bool {
	if r.status != "" && o.Status == r.status {
		return true
	}
	for _, v := range o.Violations {
		if r.violation != "" && v == r.violation {
			return true
		}
	}
	return false
}
