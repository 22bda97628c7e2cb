package desk

import (
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// recalled is a delivery that may not have to be sent any more.
type recalled struct{ target, id string }

// recall calls an act back that is on its way. Whether anything was sent already shows when its delivery ends.
func (t *turn) recall(a *incident.Act, by, why string, undo bool) {
	a.Recall, a.Changed = &incident.Recall{By: by, Why: why, Undo: undo}, t.now
	t.recalls = append(t.recalls, recalled{a.Target, a.ID})
}

// never ends an act that was called back before anything was sent.
func (t *turn) never(i *incident.Incident, a *incident.Act, d *response.Delivery) {
	a.State, a.By, a.Why, a.Expires = incident.Refused, Holter, d.Answer.Reason, time.Time{}
	if a.Recall != nil {
		a.By = a.Recall.By
	}
	t.audit(i, a, "recalled", a.By, t.sentence(i, a, "is not done, nothing was sent: "+a.Why))
	t.move(i, a)
}

// tooLate takes an act back that was called back while its request was under way.
func (t *turn) tooLate(i *incident.Incident, a *incident.Act) {
	if a.Recall == nil || !a.Recall.Undo || !a.CanUndo {
		return
	}
	a.By = a.Recall.By
	t.undo(i, a, a.Recall.Why)
}

// still ends the taking back of an act before anything of it was sent, because another act holds the same by now, or may soon.
func (t *turn) still(i *incident.Incident, a *incident.Act) {
	switch of, other := t.holder(i, a); {
	case other == nil: // not any more
		t.undo(i, a, a.Why)
	case other.State == incident.Sending:
		a.State, a.Expires = incident.Done, t.now.Add(postponed)
		t.audit(i, a, "postponed", a.By, t.sentence(i, a, "is not taken back yet: act "+other.ID+", which does the same, is on its way"))
		t.move(i, a)
	default:
		t.leave(i, a, of, other, a.Why)
	}
}
