package desk

import (
	"context"
	"errors"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// Tick does what is due: updates, escalations, proofs, what ends by itself. It returns when it is to be called again, zero for
// not before Nudged.
func (d *Desk) Tick(ctx context.Context, now time.Time) (next time.Time, err error) {
	err = d.change(ctx, now, true, func(t *turn) error {
		var due []string
		t.Desk.book.All(func(i *incident.Incident) {
			if at := t.due(i); !at.IsZero() && !at.After(now) {
				due = append(due, i.ID)
			}
		})
		if len(due) == 0 {
			return errNothing
		}
		for _, id := range due {
			if i := t.book.ByID(id); i != nil {
				t.tick(i)
			}
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.All(func(i *incident.Incident) {
		if at := d.due(i); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	})
	return next, err
}

// errNothing gives up a turn that has nothing to do.
var errNothing = errors.New("nothing is due")

// due is when there is something to do about an incident, zero for never.
func (d *Desk) due(i *incident.Incident) (at time.Time) {
	earlier := func(other time.Time) {
		if !other.IsZero() && (at.IsZero() || other.Before(at)) {
			at = other
		}
	}
	for n := range i.Acts {
		a := &i.Acts[n]
		switch {
		case a.State == incident.Proposed:
			earlier(a.Expires)
		case a.InForce():
			earlier(a.Expires)
			earlier(a.Verify)
		default:
			earlier(d.lateAt(a))
		}
	}
	if !i.Live() {
		if !i.Owes() {
			earlier(i.Resolved.Add(d.cfg.Incidents.Keep))
		}
		return at
	}
	earlier(i.Last.Add(d.cfg.Incidents.ResolveAfter))
	for n := range i.Listeners {
		if l := &i.Listeners[n]; l.Stale {
			earlier(l.Told.Add(d.cfg.Incidents.UpdateEvery))
		}
	}
	if i.State == incident.Open {
		for n := range i.Watches {
			earlier(i.Watches[n].Due)
		}
	}
	return at
}

func (t *turn) past(at time.Time) bool { return !at.IsZero() && !at.After(t.now) }

func (t *turn) tick(i *incident.Incident) {
	for n := range i.Acts {
		a := &i.Acts[n]
		switch {
		case a.State == incident.Proposed && t.past(a.Expires):
			a.State, a.Changed, a.Why, a.Expires = incident.Expired, t.now, "nobody agreed in time", time.Time{}
			text := t.sentence(i, a, "is not done: "+a.Why)
			t.audit(i, a, "expired", Holter, text)
			t.say(told{incident: i, occasion: response.ActFailed, act: a, sentence: text})
		case a.InForce() && t.past(a.Expires) && t.coming(i, a):
			a.Expires = t.now.Add(postponed)
		case a.InForce() && t.past(a.Expires):
			a.By = Holter
			t.undo(i, a, "its time is over")
		case a.State == incident.Done && t.past(a.Verify):
			a.Verify = time.Time{}
			t.step(i, a, response.Verify)
		case a.InForce() && t.past(a.Verify):
			a.Verify = time.Time{}
		case t.past(t.lateAt(a)):
			t.late(i, a)
		}
	}
	if !i.Live() {
		if t.past(i.Resolved.Add(t.cfg.Incidents.Keep)) && !i.Owes() {
			t.book.Drop(i.ID)
		}
		return
	}
	if i.State == incident.Open {
		var left []incident.Watch
		for _, w := range i.Watches {
			if t.past(w.Due) {
				t.escalate(i, w)
				w.Due = time.Time{} // once for each rule
			}
			left = append(left, w)
		}
		i.Watches = left
	}
	if t.past(i.Last.Add(t.cfg.Incidents.ResolveAfter)) {
		t.resolve(i, Holter, "the token has been calm for "+t.cfg.Incidents.ResolveAfter.String())
	}
}

func (t *turn) escalate(i *incident.Incident, w incident.Watch) {
	text := "Nobody has acknowledged it in time. " + i.Anomaly().Sentence
	for _, name := range w.Targets {
		if target, ok := t.cfg.Targets[name]; ok && target.Actor == nil && i.Listen(name, w.Rule) {
			l := &i.Listeners[len(i.Listeners)-1]
			l.Told, l.Stale = t.now, false // by what follows
		}
	}
	t.audit(i, nil, "escalated", Holter, text)
	t.say(told{incident: i, occasion: response.Escalated, act: strongest(i), sentence: text, targets: w.Targets})
}

// undo takes an act back, unless another one holds the same.
func (t *turn) undo(i *incident.Incident, a *incident.Act, why string) {
	if of, other := t.holder(i, a); other != nil {
		t.leave(i, a, of, other, why)
		return
	}
	a.State, a.Why, a.Changed, a.Expires, a.Verify = incident.Undoing, why, t.now, time.Time{}, time.Time{}
	a.Undos++
	t.audit(i, a, "undo", a.By, t.sentence(i, a, "is being taken back: "+why))
	t.move(i, a)
	t.step(i, a, response.Undo)
}
