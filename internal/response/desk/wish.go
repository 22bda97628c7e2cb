package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/message"
)

// Verbs of wishes.
const (
	VerbApprove     = "approve"
	VerbRefuse      = "refuse"
	VerbUndo        = "undo"
	VerbAct         = "act"
	VerbAcknowledge = "acknowledge"
	VerbResolve     = "resolve"
	VerbStop        = "stop"
	VerbResume      = "resume"
	VerbReplay      = "replay"
)

// Wish is what a person wants to have done.
type Wish struct {
	ID     string    // of its record, so that it counts once; empty: it counts each time
	Was    string    // the same as earlier versions remember it
	At     time.Time // when it was wanted; zero: now
	Verb   string
	By     string
	Why    string
	Act    string // approve, refuse, undo: its id
	Action response.Action
	Target string // act: where; empty: the one that can
	// Incident is whose matter it is: acknowledge, resolve and act. Act can name a token instead.
	Incident  string
	Token     string
	Direction string
	Event     *response.Event // what is known of the token, should it have no incident
	Blast     *response.Blast // of the action; nil: not known
	Grant     *response.Grant // that a restriction would leave; nil: not known
	// Delivery and Target are what replay sends again.
	Delivery string
}

// Want does what a person wants, or says why not.
func (d *Desk) Want(ctx context.Context, now time.Time, w Wish) error {
	var refused error
	err := d.change(ctx, now, true, func(t *turn) error {
		refused = t.wish(&w)
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// wish does it, or records why not.
func (t *turn) wish(w *Wish) error {
	if w.By == "" {
		w.By = "somebody"
	}
	i, a, err := t.grant(w)
	if err != nil {
		t.refuse(w, i, a, err.Error())
	}
	return err
}

func (t *turn) grant(w *Wish) (*incident.Incident, *incident.Act, error) {
	if err := t.stale(w); err != nil {
		return nil, nil, err
	}
	switch w.Verb {
	case VerbApprove, VerbRefuse, VerbUndo:
		return t.onAct(w)
	case VerbAct:
		return t.act(w)
	case VerbAcknowledge, VerbResolve:
		return t.onIncident(w)
	case VerbStop:
		if !t.guarded().Halt(w.By, w.Why, t.said(w)) {
			return nil, nil, errors.New("all acts are stopped already")
		}
		t.audit(nil, nil, w.Verb, w.By, strings.TrimSpace("All acts are stopped. "+w.Why))
		return nil, nil, nil
	case VerbResume:
		if !t.guarded().Resume() {
			return nil, nil, errors.New("nothing is stopped, and no circuit is open")
		}
		t.audit(nil, nil, w.Verb, w.By, strings.TrimSpace("Acts go out again, and circuits are closed. "+w.Why))
		return nil, nil, nil
	case VerbReplay:
		return nil, nil, t.replay(w)
	}
	return nil, nil, fmt.Errorf("%q is no verb: it is one of %s", w.Verb, strings.Join([]string{
		VerbApprove, VerbRefuse, VerbUndo, VerbAct, VerbAcknowledge, VerbResolve, VerbStop, VerbResume, VerbReplay,
	}, ", "))
}

func (t *turn) onAct(w *Wish) (*incident.Incident, *incident.Act, error) {
	i := t.book.ByAct(w.Act)
	if i == nil || i.Act(w.Act) == nil {
		return nil, nil, errors.New("there is no such act, or it is forgotten")
	}
	a := i.Act(w.Act)
	switch {
	case a.State == incident.Sending && (w.Verb == VerbUndo || w.Verb == VerbRefuse) && a.Recall != nil:
		return i, a, fmt.Errorf("%s has called it back already", a.Recall.By)
	case a.State == incident.Sending && (w.Verb == VerbUndo || w.Verb == VerbRefuse):
		text := "is called back by " + w.By + ": " + reasonOf(w) + ". It is not sent, unless its request is under way already"
		if a.CanUndo {
			text += ": then it is taken back"
		}
		t.audit(i, a, w.Verb, w.By, t.sentence(i, a, text))
		t.recall(a, w.By, reasonOf(w), true)
	case w.Verb == VerbUndo && a.State == incident.Undoing:
		return i, a, errors.New("it is being taken back already")
	case w.Verb == VerbUndo && !a.InForce() && a.State != incident.Unknown:
		return i, a, fmt.Errorf("it is not in force: it is %s", a.State)
	case w.Verb == VerbUndo && a.Before:
		return i, a, fmt.Errorf("it was so before: somebody else did it at %s, and has to take it back there", a.Target)
	case w.Verb == VerbUndo && !a.CanUndo:
		return i, a, fmt.Errorf("%s cannot take it back: look at the provider", a.Target)
	case w.Verb == VerbUndo && t.coming(i, a):
		return i, a, errors.New("another act that does the same is on its way: take that one back, or wait until it has ended")
	case w.Verb == VerbUndo:
		a.By = w.By
		t.undo(i, a, reasonOf(w))
	case a.State != incident.Proposed && (a.State != incident.Blocked || w.Verb == VerbRefuse):
		return i, a, fmt.Errorf("it does not wait for consent: it is %s", a.State)
	case a.State == incident.Proposed && t.past(a.Expires):
		return i, a, errors.New("it is too late: the proposal has expired")
	case w.Verb == VerbRefuse:
		a.State, a.By, a.Why, a.Changed, a.Expires = incident.Refused, w.By, reasonOf(w), t.now, time.Time{}
		t.audit(i, a, w.Verb, w.By, t.sentence(i, a, "is refused by "+w.By+": "+a.Why))
		t.move(i, a)
	default:
		t.audit(i, a, w.Verb, w.By, t.sentence(i, a, "is approved by "+w.By+": "+reasonOf(w)))
		t.decide(i, a, response.Never, w.By, true)
		if a.State == incident.Blocked {
			return i, a, errors.New(a.Why)
		}
	}
	return i, a, nil
}

func reasonOf(w *Wish) string {
	switch {
	case w.Why != "":
		return w.Why
	case w.Verb == VerbRefuse:
		return w.By + " does not want it"
	}
	return w.By + " wants it"
}

// act does something about a token because somebody wants it.
func (t *turn) act(w *Wish) (*incident.Incident, *incident.Act, error) {
	if w.Action == response.Notify {
		return nil, nil, errors.New("write what is to be done: restrict, reauthenticate or lock")
	}
	target, err := t.actor(w)
	if err != nil {
		return nil, nil, err
	}
	i := t.book.ByID(w.Incident)
	if i == nil && w.Token != "" {
		for _, one := range t.ofToken(w.Token, w.Direction) {
			if i == nil || one.Live() {
				i = one
			}
		}
	}
	if i == nil {
		if i, err = t.byHand(w); err != nil {
			return nil, nil, err
		}
	}
	if w.Blast != nil {
		i.Blast = w.Blast
	}
	if w.Grant != nil {
		i.Grant = w.Grant
	}
	a, made := i.Want(w.Action, target, "", t.now)
	if !made && a.State != incident.Proposed && a.State != incident.Blocked && a.State != incident.DryRun && a.State != incident.Unknown {
		return i, a, fmt.Errorf("it is %s already", a.State)
	}
	if a.State == incident.DryRun || a.State == incident.Unknown {
		a = i.Anew(a, t.now)
	}
	t.audit(i, a, w.Verb, w.By, t.sentence(i, a, "is wanted by "+w.By+": "+reasonOf(w)))
	t.decide(i, a, response.Never, w.By, true)
	if a.State == incident.Blocked {
		return i, a, errors.New(a.Why)
	}
	return i, a, nil
}

// actor is the target that can do what is wanted.
func (t *turn) actor(w *Wish) (string, error) {
	var able []string
	for _, name := range slices.Sorted(maps.Keys(t.cfg.Targets)) {
		if t.cfg.Targets[name].can(w.Action).Do {
			able = append(able, name)
		}
	}
	switch {
	case w.Target != "" && slices.Contains(able, w.Target):
		return w.Target, nil
	case w.Target != "":
		return "", fmt.Errorf("%s cannot %s: %s", w.Target, w.Action, choose(able))
	case len(able) == 1:
		return able[0], nil
	}
	return "", fmt.Errorf("name a target: %s", choose(able))
}

func choose(able []string) string {
	if len(able) == 0 {
		return "none that is configured can"
	}
	return strings.Join(able, ", ") + " can"
}

// byHand begins an incident for a token that has none.
func (t *turn) byHand(w *Wish) (*incident.Incident, error) {
	if w.Event == nil {
		return nil, errors.New("nothing is known of the token: name its incident, or configure store")
	}
	a := Anomaly{Event: *w.Event}
	a.Event.ID = t.fresh("by hand")
	a.Event.Sentence = w.By + " wants something done about it: " + reasonOf(w)
	i := t.open(&a)
	t.protect(i, &a.Event.Token)
	i.Note(&a.Event, response.Warn, t.now)
	return i, nil
}

func (t *turn) onIncident(w *Wish) (*incident.Incident, *incident.Act, error) {
	i := t.book.ByID(w.Incident)
	if i == nil && w.Token != "" {
		for _, one := range t.ofToken(w.Token, w.Direction) {
			if one.Live() {
				i = one
			}
		}
	}
	if i == nil {
		return nil, nil, errors.New("there is no such incident, or it is forgotten")
	}
	if w.Verb == VerbResolve {
		if !t.resolve(i, w.By, reasonOf(w)) {
			return i, nil, errors.New("it is resolved already")
		}
		return i, nil, nil
	}
	if !i.Acknowledge(w.By, t.now) {
		return i, nil, fmt.Errorf("it is %s already", i.State)
	}
	text := w.By + " looks after it."
	t.audit(i, nil, w.Verb, w.By, text)
	t.say(told{incident: i, occasion: response.Acknowledged, act: strongest(i), sentence: text, by: w.By})
	return i, nil, nil
}

// replay sends a dead letter again.
func (t *turn) replay(w *Wish) error {
	letters, err := t.out.Find(context.Background(), w.Delivery, w.Target)
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		return errors.New("there is no such dead letter, or it is forgotten")
	}
	for _, letter := range letters {
		if letter.State == response.Unknown {
			return errors.New("nobody knows whether it was done: look at the provider, and act anew if it was not")
		}
	}
	for _, letter := range letters {
		if err := t.allowed(&letter.Delivery); err != nil {
			return err
		}
	}
	for _, letter := range letters {
		t.batch.Replay = append(t.batch.Replay, letter)
		if i := t.book.ByAct(letter.ID); i != nil && letter.Action != response.Notify && letter.Step != response.Verify {
			a := i.ActOf(letter.ID)
			a.State, a.By, a.Changed = incident.Sending, w.By, t.now
			if letter.Step == response.Undo {
				a.State = incident.Undoing
			}
		}
		t.audit(nil, nil, w.Verb, w.By, fmt.Sprintf("%s for %s is sent again.", letter.ID, letter.Target))
	}
	return nil
}

// allowed asks the guard about an act that is sent again, as about one that a person wants, and counts it.
func (t *turn) allowed(d *response.Delivery) error {
	if d.Action == response.Notify || d.Step != response.Do || d.DryRun {
		return nil
	}
	var envelope message.Envelope
	if err := json.Unmarshal(d.Body, &envelope); err != nil {
		return fmt.Errorf("what was sent cannot be read: %w", err)
	}
	token, was := envelope.Data.Token, (*response.Token)(nil)
	if i := t.book.ByAct(d.ID); i != nil {
		latest := i.Anomaly().Token
		token, was = latest, i.Protected
		if why := t.cfg.Limits.Protected.Has(envelope.Data.Token); why != "" {
			was = &envelope.Data.Token
		}
	}
	if t.barred.Load() {
		return errors.New("all acts are stopped by the stop file")
	}
	decision := t.guarded().Decide(t.cfg.Limits, guard.Wish{
		Action: d.Action, Target: d.Target, Token: token, Was: was, Ability: t.cfg.Targets[d.Target].can(d.Action), Person: true,
	}, t.now)
	if decision.Verdict != guard.Go {
		return errors.New(decision.Why)
	}
	return nil
}
