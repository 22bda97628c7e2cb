package incident

import (
	"slices"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// ActState is where an act stands.
type ActState string

// States of acts.
const (
	Proposed ActState = "proposed" // it waits for somebody's consent
	Blocked  ActState = "blocked"  // something forbids it, for now
	DryRun   ActState = "dry_run"  // said instead of done
	Sending  ActState = "sending"
	Done     ActState = "done" // the provider said so
	Proven   ActState = "proven"
	Unproven ActState = "unproven" // the provider said so, and it does not hold
	Undoing  ActState = "undoing"
	Undone   ActState = "undone"
	Failed   ActState = "failed"
	Unknown  ActState = "unknown" // its answer was lost, it may have been done
	Refused  ActState = "refused" // somebody said no
	Expired  ActState = "expired" // nobody said yes in time
)

// Act is what is done about the token at one target.
type Act struct {
	ID      string          `json:"id"`
	Action  response.Action `json:"action"`
	Target  string          `json:"target"`
	Rule    string          `json:"rule,omitempty"`
	State   ActState        `json:"state"`
	Why     string          `json:"why,omitempty"`
	By      string          `json:"by,omitempty"`
	Answer  string          `json:"answer,omitempty"`
	Proof   string          `json:"proof,omitempty"`
	DryRun  bool            `json:"dry_run,omitempty"`
	Again   int             `json:"again,omitempty"` // how often it was taken back and wanted anew
	Undos   int             `json:"undos,omitempty"`
	Changed time.Time       `json:"changed"`
	Late    time.Time       `json:"late,omitzero"` // the change since which it takes so long that people were told
	Done    time.Time       `json:"done,omitzero"`
	TTL     time.Duration   `json:"ttl,omitempty"`
	Expires time.Time       `json:"expires,omitzero"` // undone by itself then; or, of a proposal, past
	Verify  time.Time       `json:"verify,omitzero"`  // when the target is asked whether it holds
	Delay   time.Duration   `json:"delay,omitempty"`
	CanUndo bool            `json:"can_undo,omitempty"`
	Before  bool            `json:"before,omitempty"`  // it was so before: nobody but who did that takes it back
	Recall  *Recall         `json:"recall,omitempty"`  // somebody has called it back while it was on its way; nil: nobody has
	Doubt   bool            `json:"doubt,omitempty"`   // it failed, and a request may have done it nevertheless
	Subject string          `json:"subject,omitempty"` // what taking it back changes; empty: it is not known
}

// Recall is why an act that is on its way is not to be done any more.
type Recall struct {
	By   string `json:"by"`
	Why  string `json:"why"`
	Undo bool   `json:"undo,omitempty"` // should it be done nevertheless, it is taken back
}

// InForce says whether the act is believed to hold.
func (a *Act) InForce() bool {
	return a.State == Done || a.State == Proven || a.State == Unproven
}

// UnderWay says whether the act, or its undo, is on its way.
func (a *Act) UnderWay() bool { return a.State == Sending || a.State == Undoing }

// IsLate says whether people were told that it is on its way for long.
func (a *Act) IsLate() bool { return a.UnderWay() && a.Late.Equal(a.Changed) }

// Want is the act of this kind, made if it is not there yet; made is false where there is nothing more to want: it waits, was
// refused, is under way or in force.
func (i *Incident) Want(action response.Action, target, rule string, now time.Time) (a *Act, made bool) {
	before := i.Previous(action, target)
	if before == nil {
		i.Acts = append(i.Acts, Act{ID: NewID("act", i.ID, action.String(), target), Action: action, Target: target, Rule: rule, Changed: now})
		return &i.Acts[len(i.Acts)-1], true
	}
	switch before.State {
	case Undone, Failed, Expired, Refused:
		return i.Anew(before, now), true
	}
	return before, false
}

// Previous is the latest act of a kind, nil if there was none.
func (i *Incident) Previous(action response.Action, target string) (latest *Act) {
	for n := range i.Acts {
		if a := &i.Acts[n]; a.Action == action && a.Target == target && (latest == nil || a.Again > latest.Again) {
			latest = a
		}
	}
	return latest
}

// Act is the act with this id, nil if it is not this incident's.
func (i *Incident) Act(id string) *Act {
	for n := range i.Acts {
		if i.Acts[n].ID == id {
			return &i.Acts[n]
		}
	}
	return nil
}

// Anew is another act of the same kind: what became of the one before is not known, or it was only said.
func (i *Incident) Anew(before *Act, now time.Time) *Act {
	again := before.Again + 1
	i.Acts = append(i.Acts, Act{
		ID: NewID("act", i.ID, before.Action.String(), before.Target, strconv.Itoa(again)), Action: before.Action, Target: before.Target,
		Rule: before.Rule, TTL: before.TTL, Changed: now, Again: again,
	})
	return &i.Acts[len(i.Acts)-1]
}

// ActOf is the act that a delivery performs a step of, nil if it is not this incident's.
func (i *Incident) ActOf(delivery string) *Act {
	for n := range i.Acts {
		if slices.Contains(i.Acts[n].deliveries(), delivery) {
			return &i.Acts[n]
		}
	}
	return nil
}

// deliveries are the ids of those that are under way for the act, or may be.
func (a *Act) deliveries() []string {
	ids := []string{a.ID, a.StepID(response.Verify)}
	for n := 1; n <= a.Undos; n++ {
		ids = append(ids, NewID("step", a.ID, response.Undo.String(), strconv.Itoa(n)))
	}
	return ids
}

// StepID is the id of the delivery that performs a step of the act.
func (a *Act) StepID(step response.Step) string {
	again := 0
	switch step {
	case response.Do:
		return a.ID
	case response.Undo:
		again = a.Undos
	}
	return NewID("step", a.ID, step.String(), strconv.Itoa(again))
}

// Told is the act as messages tell of it.
func (a *Act) Told() *response.ActTold {
	told := &response.ActTold{
		ID: a.ID, Action: a.Action.String(), Target: a.Target, State: string(a.State), Why: a.Why, By: a.By, Answer: a.Answer, Proof: a.Proof,
	}
	if !a.Expires.IsZero() {
		told.Expires = a.Expires.UTC().Format(time.RFC3339)
	}
	return told
}
