package desk

import (
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// ended takes note of how a delivery came to its end.
func (t *turn) ended(d *response.Delivery) {
	if d.Action == response.Notify {
		t.died(d)
		return
	}
	i := t.book.ByAct(d.ID)
	if i == nil {
		t.audit(nil, nil, d.State.String(), Holter, fmt.Sprintf("%s %s at %s ended as %s, and its incident is forgotten: %s.", d.Step, d.Action, d.Target, d.State, reason(d)))
		return
	}
	a := i.ActOf(d.ID)
	a.Changed, i.Changed = t.now, t.now
	switch d.Step {
	case response.Do:
		t.did(i, a, d)
	case response.Undo:
		t.undid(i, a, d)
	case response.Verify:
		t.verified(i, a, d)
	}
}

func (t *turn) did(i *incident.Incident, a *incident.Act, d *response.Delivery) {
	switch d.State {
	case response.Delivered:
		a.State, a.Done, a.Answer = incident.Done, t.now, answer(d)
		a.Before = d.Answer.Before && !t.ours(i, a)
		switch {
		case a.Before:
			a.CanUndo, a.Expires = false, time.Time{}
			a.Answer = "it was so before, nothing was sent and nothing is to be taken back"
		case a.TTL > 0:
			a.Expires = t.now.Add(a.TTL)
		}
		if t.cfg.Targets[a.Target].can(a.Action).Verify {
			a.Verify = t.now.Add(a.Delay)
		}
		text := t.sentence(i, a, "is done: "+a.Answer)
		t.audit(i, a, "done", a.By, text)
		t.say(told{incident: i, occasion: response.ActDone, act: a, sentence: text, by: a.By})
		t.tooLate(i, a)
	case response.Recalled:
		t.never(i, a, d)
	case response.DryRun:
		a.State, a.Answer = incident.DryRun, d.Answer.Request
		t.audit(i, a, "dry_run", a.By, t.sentence(i, a, "would have been sent"))
		t.move(i, a)
	case response.Unknown:
		t.unknown(i, a, d)
	default:
		a.State, a.Answer, a.Doubt = incident.Failed, reason(d), d.Doubt
		text := t.sentence(i, a, "failed: "+a.Answer)
		t.audit(i, a, "failed", a.By, text)
		t.say(told{incident: i, occasion: response.ActFailed, act: a, sentence: text, severity: response.Error, urgent: true})
	}
}

// unknown asks a person to look: the answer was lost, and nothing is sent again.
func (t *turn) unknown(i *incident.Incident, a *incident.Act, d *response.Delivery) {
	what := "may have been done"
	if d.Step == response.Undo {
		what = "may have been taken back"
	}
	a.State, a.Answer = incident.Unknown, reason(d)
	text := t.sentence(i, a, what+", and nobody knows: its answer was lost ("+a.Answer+"), and it is not sent again. Look at the provider")
	t.audit(i, a, "unknown", a.By, text)
	t.say(told{incident: i, occasion: response.ActUnknown, act: a, sentence: text, severity: response.Error, urgent: true})
}

func (t *turn) undid(i *incident.Incident, a *incident.Act, d *response.Delivery) {
	switch d.State {
	case response.Delivered:
		a.State, a.Answer, a.Expires, a.Verify = incident.Undone, answer(d), time.Time{}, time.Time{}
		text := t.sentence(i, a, "is taken back by "+a.By+": "+a.Answer)
		t.audit(i, a, "undone", a.By, text)
		t.say(told{incident: i, occasion: response.ActUndone, act: a, sentence: text, by: a.By})
	case response.Unknown:
		t.unknown(i, a, d)
	case response.Recalled:
		t.still(i, a)
	default:
		a.State, a.Expires = incident.Done, time.Time{}
		a.Answer = "taking it back failed: " + reason(d)
		text := t.sentence(i, a, "is still in force, "+a.Answer)
		t.audit(i, a, "failed", a.By, text)
		t.say(told{incident: i, occasion: response.ActFailed, act: a, sentence: text, severity: response.Error, urgent: true})
	}
}

func (t *turn) verified(i *incident.Incident, a *incident.Act, d *response.Delivery) {
	if a.State != incident.Done {
		return // taken back meanwhile, or the telemetry was faster
	}
	switch {
	case d.State == response.Delivered:
		a.State, a.Proof = incident.Proven, "the provider was asked, and says that it holds: "+answer(d)
		t.audit(i, a, "proven", Holter, t.sentence(i, a, "holds: "+a.Proof))
		t.move(i, a)
	case d.State == response.DryRun:
	case d.Answer.Verdict == response.Undone:
		a.State, a.Proof = incident.Unproven, "the provider was asked, and says that it does not hold: "+reason(d)
		t.unproven(i, a, response.Fatal)
	default:
		a.Proof = "the provider could not be asked whether it holds: " + reason(d)
		t.unproven(i, a, response.Error)
	}
}

// answer is what the target said.
func answer(d *response.Delivery) string {
	switch {
	case d.Answer.Status != 0:
		return fmt.Sprintf("status %d", d.Answer.Status)
	case d.Answer.Reason != "":
		return d.Answer.Reason
	}
	return "done"
}

// reason is why a delivery came to no good end.
func reason(d *response.Delivery) string {
	switch {
	case d.Answer.Reason != "":
		return d.Answer.Reason
	case d.Answer.Text != "":
		return d.Answer.Text
	}
	return answer(d)
}
