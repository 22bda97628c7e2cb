package desk

import (
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// Tried takes note of an attempt that failed and after which there will be another.
func (d *Desk) Tried(delivery *response.Delivery) {
	if delivery.Action == response.Notify {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries[delivery.ID] = delivery.Progress
}

// Late are the targets with acts that people were told of because they do not get through, and what the targets say.
func (d *Desk) Late() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make(map[string]string)
	d.book.All(func(i *incident.Incident) {
		for n := range i.Acts {
			if a := &i.Acts[n]; a.IsLate() && all[a.Target] == "" {
				all[a.Target] = a.Answer
			}
		}
	})
	return all
}

// lateAt is when people are to hear that an act does not get through, zero for never. What is held back on purpose is not late.
func (d *Desk) lateAt(a *incident.Act) time.Time {
	if d.cfg.LateAfter <= 0 || !a.UnderWay() || a.IsLate() || a.State == incident.Sending && d.Stopped() {
		return time.Time{}
	}
	since := a.Changed
	if d.freed.After(since) {
		since = d.freed
	}
	return since.Add(d.cfg.LateAfter)
}

// late tells people, once, that an act does not get through.
func (t *turn) late(i *incident.Incident, a *incident.Act) {
	step, what := response.Do, "is not done yet"
	if a.State == incident.Undoing {
		step, what = response.Undo, "is not taken back yet"
	}
	a.Late, a.Answer = a.Changed, "no attempt has come to an end"
	if p, ok := t.tries[a.StepID(step)]; ok {
		a.Answer = reason(&response.Delivery{Progress: p})
		switch {
		case p.Answer.Verdict == response.Gone:
			what += ", and waits for the next start"
		case p.Due.After(t.now):
			what += ", and is tried again at " + p.Due.UTC().Format(time.RFC3339)
		}
	}
	text := t.sentence(i, a, fmt.Sprintf("%s: %s", what, a.Answer))
	t.audit(i, a, "late", Holter, text)
	t.say(told{incident: i, occasion: response.ActLate, act: a, sentence: text, severity: response.Error, urgent: true})
}
