package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response/incident"
)

// skew is how far the clock of whoever writes records may be ahead.
const skew = 5 * time.Minute

// heard says whether a record comes for the first time, and remembers it. Earlier versions remembered it by a name that records have
// in common when the journal begins anew: what was said after that name was remembered cannot have been meant.
func (t *turn) heard(id, was string, at time.Time) bool {
	if was != "" && !at.IsZero() {
		if since, ok := t.out.Remembered(was); ok && at.Before(since.Add(skew)) {
			return false
		}
	}
	return t.first(id)
}

// hear does what a record wants, once. One that passes for another is not done, unless it stops all acts; either is recorded.
func (t *turn) hear(w *Wish) {
	again := w.ID != "" && (t.known[w.ID] || t.out.Known(w.ID))
	fresh, differs := t.heard(w.ID, w.Was, w.At), false
	if fresh || again {
		differs = t.first(w.print())
	}
	switch {
	case fresh, differs && w.Verb == VerbStop:
		_ = t.wish(w) // its record says why nothing came of it
	case differs:
		t.refuse(w, nil, nil, "a record of the same number and time wanted something else before")
	}
}

// refuse records why a wish is not done.
func (t *turn) refuse(w *Wish, i *incident.Incident, a *incident.Act, why string) {
	if w.By == "" {
		w.By = "somebody"
	}
	t.audit(i, a, w.Verb, w.By, fmt.Sprintf("%s wanted to %s, and it was not done: %s.", w.By, w.Verb, why))
}

// print tells a record from others of the same name; empty where each counts.
func (w *Wish) print() string {
	if w.ID == "" {
		return ""
	}
	sum := sha256.New()
	for _, part := range []string{w.Verb, w.By, w.Why, w.Act, w.Action.String(), w.Target, w.Incident, w.Token, w.Direction, w.Delivery} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return w.ID + " " + hex.EncodeToString(sum.Sum(nil))
}

// stale says why a wish is too old to be done, nil if it is not. What holds acts back or takes them back is never too old.
func (t *turn) stale(w *Wish) error {
	if w.At.IsZero() {
		return nil
	}
	switch w.Verb {
	case VerbAct, VerbApprove, VerbReplay:
		if within := t.cfg.ApproveWithin; t.now.Sub(w.At) > within {
			return fmt.Errorf("it is too late: it was wanted at %s, and has to arrive within %s", w.At.UTC().Format(time.RFC3339), within)
		}
	case VerbResume:
		if w.At.Before(t.guarded().Since()) {
			return fmt.Errorf("it was wanted at %s, before acts were stopped", w.At.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// said is when a wish was made.
func (t *turn) said(w *Wish) time.Time {
	if w.At.IsZero() || w.At.After(t.now) {
		return t.now
	}
	return w.At
}

// foreign says whether feedback is too old to be about an incident: the journal may be read once more from its beginning.
func (t *turn) foreign(f *Feedback, i *incident.Incident) bool {
	return !f.At.IsZero() && i.Opened.Sub(f.At) > t.cfg.ApproveWithin
}
