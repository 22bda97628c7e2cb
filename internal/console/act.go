package console

import (
	"slices"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/blast"
	"github.com/holterhq/holter/internal/response/grant"
)

// answerTo is what POST to an act takes.
type answerTo struct {
	Verb string `json:"verb" enum:"approve,refuse,undo"`
	Why  string `json:"why,omitempty"`
}

// move is what POST to an incident takes.
type move struct {
	Verb string `json:"verb" enum:"acknowledge,resolve"`
	Why  string `json:"why,omitempty"`
}

// turnSwitch is what POST /response takes.
type turnSwitch struct {
	Verb string `json:"verb" enum:"stop,resume"`
	Why  string `json:"why,omitempty"`
}

// replay is what POST to a dead letter takes.
type replay struct {
	Target string `json:"target"`
	Why    string `json:"why,omitempty"`
}

// order is what POST to the acts of a token takes.
type order struct {
	Action   string `json:"action" enum:"restrict,reauthenticate,lock"`
	Target   string `json:"target,omitempty" doc:"where; without one the only one that can"`
	Incident string `json:"incident,omitempty"`
	Why      string `json:"why,omitempty"`
	Preview  bool   `json:"preview,omitempty" doc:"true: nothing is done, and what would be sent is said in an act of the state dry_run"`
}

// reach is what an act would break, and what it would leave.
type reach struct {
	Action  string          `json:"action" enum:"restrict,reauthenticate,lock"`
	Blast   *response.Blast `json:"blast"`
	Unknown string          `json:"unknown,omitempty" doc:"why the blast radius is not known"`
	Grant   *response.Grant `json:"grant"`
	Targets []actTarget     `json:"targets" doc:"that can do it, as far as token_response has said"`
}

// actions are those that act on a token.
var actions = []string{"lock", "reauthenticate", "restrict"}

func (k *call) reach() (any, error) {
	t, err := k.one()
	if err != nil {
		return nil, err
	}
	name, err := k.values(param{name: "action", of: actions})
	if err != nil {
		return nil, err
	}
	out := reach{Action: "lock"}
	if len(name) > 0 {
		out.Action = name[0]
	}
	out.Targets = k.able(out.Action)
	var action response.Action
	if err := action.UnmarshalText([]byte(out.Action)); err != nil {
		return nil, err
	}
	question := blast.Question{Token: t.ID, Action: action, Scope: k.who.Scope, Now: k.now}
	if action == response.Restrict {
		learned, err := grant.Learn(k.ctx, k.Store, grant.Question{Token: t.ID, Scope: k.who.Scope, Now: k.now})
		if err != nil {
			return nil, err
		}
		question.Grant, out.Grant = &learned, &learned
	}
	out.Blast, out.Unknown = radius(blast.Of(k.ctx, k.Store, question))
	return out, nil
}

// radius is what an act would hit, or why that is not known: an act does not wait for it.
func radius(b response.Blast, err error) (known *response.Blast, unknown string) {
	if err != nil {
		return nil, err.Error()
	}
	return &b, ""
}

// able are the targets that can do something, as far as token_response has said.
func (k *call) able(action string) []actTarget {
	k.ledger.mu.RLock()
	defer k.ledger.mu.RUnlock()
	out := []actTarget{}
	for _, t := range k.ledger.cases.desk.targets {
		if slices.Contains(t.Actions, action) {
			out = append(out, t)
		}
	}
	return out
}

func (k *call) orderAct() (any, error) {
	t, err := k.one()
	if err != nil {
		return nil, err
	}
	var o order
	if err := k.body(&o); err != nil {
		return nil, err
	}
	if !slices.Contains(actions, o.Action) {
		return nil, badRequest("action", "%q: write lock, reauthenticate or restrict", o.Action)
	}
	able := k.able(o.Action)
	k.ledger.mu.RLock()
	desk := k.ledger.cases.desk
	k.ledger.mu.RUnlock()
	switch {
	case desk.stopped != nil && !o.Preview:
		return nil, conflict("all acts are stopped: let them go again first")
	case len(desk.targets) > 0 && len(able) == 0:
		return nil, conflict("no target of token_response can " + o.Action)
	case o.Target != "" && len(desk.targets) > 0 && !slices.ContainsFunc(able, func(a actTarget) bool { return a.Name == o.Target }):
		return nil, badRequest("target", "%s cannot %s", o.Target, o.Action)
	}
	more := map[string]any{otelattr.ActAction: o.Action}
	for name, value := range map[string]string{otelattr.ActTarget: o.Target, otelattr.IncidentID: o.Incident, otelattr.TokenDirection: t.Direction} {
		if value != "" {
			more[name] = value
		}
	}
	if o.Incident != "" {
		if row, _, err := k.oneIncident(o.Incident); err != nil || row.Token != t.ID {
			return nil, badRequest("incident", "it is none of this token's")
		}
	}
	words := "wants it to be " + map[string]string{"lock": "locked", "reauthenticate": "logged out", "restrict": "restricted"}[o.Action]
	if o.Preview {
		more[otelattr.ApprovalPreview] = true
		words = "asks what would be sent to " + o.Action + " it"
	}
	return k.say(wish{verb: "act", why: o.Why, token: t.ID, more: more, words: words})
}

// oneAct is the act of an id, and its incident.
func (k *call) oneAct(id string) (incidentRow, actRow, error) {
	k.ledger.mu.RLock()
	of := k.ledger.cases.ofAct[id]
	k.ledger.mu.RUnlock()
	row, _, err := k.oneIncident(of)
	if err == nil {
		for _, a := range row.Acts {
			if a.ID == id {
				return row, a, nil
			}
		}
	}
	return incidentRow{}, actRow{}, notFound("there is no such act, or it is not yours to see")
}

func (k *call) answerAct() (any, error) {
	row, act, err := k.oneAct(k.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var a answerTo
	if err := k.body(&a); err != nil {
		return nil, err
	}
	what := act.Action + " at " + act.Target
	words := map[string]string{"approve": "approves: " + what, "refuse": "refuses: " + what, "undo": "takes back: " + what}[a.Verb]
	switch {
	case words == "":
		return nil, badRequest("verb", "%q: write approve, refuse or undo", a.Verb)
	case a.Verb == "undo" && !act.Undo, a.Verb == "approve" && !act.Approve, a.Verb == "refuse" && act.State != "proposed" && act.State != "sending":
		return nil, conflict("the act is " + act.State + ": it is too late, or too early, to " + a.Verb + " it")
	}
	return k.say(wish{
		verb: a.Verb, why: a.Why, token: row.Token, words: words,
		more: map[string]any{otelattr.ActID: act.ID, otelattr.IncidentID: row.ID, otelattr.ActAction: act.Action, otelattr.ActTarget: act.Target},
	})
}

func (k *call) moveIncident() (any, error) {
	row, _, err := k.oneIncident(k.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var m move
	if err := k.body(&m); err != nil {
		return nil, err
	}
	words := map[string]string{"acknowledge": "looks after it", "resolve": "says that it is over"}[m.Verb]
	switch {
	case words == "":
		return nil, badRequest("verb", "%q: write acknowledge or resolve", m.Verb)
	case row.State == "resolved", m.Verb == "acknowledge" && row.State == "acknowledged":
		return nil, conflict("the incident is " + row.State + " already")
	}
	more := map[string]any{otelattr.IncidentID: row.ID}
	if row.Direction != "" {
		more[otelattr.TokenDirection] = row.Direction
	}
	return k.say(wish{verb: m.Verb, why: m.Why, token: row.Token, words: words, more: more})
}

// turnSwitch stops all acts, or lets them go again. Whoever sees a part only cannot decide for the others.
func (k *call) turnSwitch() (any, error) {
	var s turnSwitch
	if err := k.body(&s); err != nil {
		return nil, err
	}
	words := map[string]string{"stop": "stops all acts", "resume": "lets acts go again"}[s.Verb]
	switch {
	case words == "":
		return nil, badRequest("verb", "%q: write stop or resume", s.Verb)
	case k.who.Scoped():
		return nil, forbidden("it would stop the acts of everybody: this needs somebody who sees all tenants and teams")
	case s.Verb == "resume" && !k.who.May("admin"):
		return nil, forbidden("letting acts go again needs the role admin: ask who configured the console")
	}
	return k.say(wish{verb: s.Verb, why: s.Why, words: words})
}

func (k *call) replayLetter() (any, error) {
	if k.who.Scoped() {
		return nil, forbidden("what could not be delivered is of all tenants: this needs somebody who sees all of them")
	}
	var r replay
	if err := k.body(&r); err != nil {
		return nil, err
	}
	id := k.r.PathValue("id")
	k.ledger.mu.RLock()
	i := slices.IndexFunc(k.ledger.cases.letters, func(l letter) bool { return l.ID == id && l.Target == r.Target })
	var found letter
	if i >= 0 {
		found = k.ledger.cases.letters[i]
	}
	k.ledger.mu.RUnlock()
	switch {
	case i < 0:
		return nil, notFound("there is no such dead letter, or it is forgotten")
	case found.State == "unknown":
		return nil, conflict("nobody knows whether it was done: look at " + found.Target + ", and act anew if it was not")
	}
	return k.say(wish{
		verb: "replay", why: r.Why, token: found.Token, words: "sends again to " + r.Target,
		more: map[string]any{otelattr.DeliveryID: id, otelattr.DeliveryTarget: r.Target},
	})
}
