package desk

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/message"
)

// Anomaly is an event that came in, and what is known about it.
type Anomaly struct {
	Event    response.Event
	Severity response.Severity
	Tenant   string
	Act      string // that it speaks against: the token is used although this act is in force
	Matched  []int  // places of the rules that it matches
	Release  *incident.Release
	Blast    *response.Blast
	Grant    *response.Grant
}

// key is whose incident the anomaly belongs to.
func (a *Anomaly) key() incident.Key {
	if a.Event.Token.ID == "" {
		return incident.Key{Tenant: a.Tenant, Event: a.Event.ID}
	}
	return incident.Key{Tenant: a.Tenant, Token: a.Event.Token.ID, Direction: a.Event.Token.Direction}
}

// Feedback is what somebody says of a token's behaviour.
type Feedback struct {
	ID        string // of the record, so that it counts once; empty: it counts each time
	Was       string // the same as earlier versions remember it
	At        time.Time
	Token     string
	Direction string
	By        string
	Benign    bool
	Facet     string
	Value     string
}

// Mail is what came in together.
type Mail struct {
	Anomalies []Anomaly
	Feedback  []Feedback
	Wishes    []Wish
	Forget    []string // tokens that were erased
}

// Take takes mail in, all of it or nothing: an error means that whoever sent it has to send it again. What people say and want is
// taken in even where there is no room.
func (d *Desk) Take(ctx context.Context, now time.Time, mail Mail) error {
	return d.change(ctx, now, len(mail.Anomalies) == 0, func(t *turn) error {
		for n := range mail.Anomalies {
			t.anomaly(&mail.Anomalies[n])
		}
		for n := range mail.Feedback {
			t.feedback(&mail.Feedback[n])
		}
		for n := range mail.Wishes {
			t.hear(&mail.Wishes[n])
		}
		for _, token := range mail.Forget {
			t.forget(token)
		}
		return nil
	})
}

// first says whether an id comes for the first time, and remembers it.
func (t *turn) first(id string) bool {
	if id == "" {
		return true
	}
	if t.known[id] || t.out.Known(id) {
		return false
	}
	t.known[id] = true
	t.batch.Remember = append(t.batch.Remember, id)
	return true
}

func (t *turn) anomaly(a *Anomaly) {
	acts := t.each(a)
	i := t.book.ByKey(a.key())
	open := i != nil && i.Live()
	if len(acts) == 0 && !open && a.Act == "" {
		return
	}
	if !t.first(a.Event.ID) {
		t.notes = append(t.notes, Note{Kind: Known})
		return
	}
	if a.Act != "" {
		t.contradict(a)
	}
	if !open {
		if len(acts) == 0 {
			return
		}
		i = t.open(a)
	}
	t.protect(i, &a.Event.Token)
	if i.Note(&a.Event, a.Severity, t.now) {
		t.worse[i.ID] = true
	}
	if cause, why := incident.Why(&a.Event, a.Release); i.Cause == "" || i.Cause == incident.Unclear || cause == incident.Attack {
		i.Cause, i.CauseWhy = cause, why
	}
	if a.Blast != nil {
		i.Blast = a.Blast
	}
	if a.Grant != nil {
		i.Grant = a.Grant
	}
	for _, n := range acts {
		t.rule(i, &t.cfg.Policy[n])
	}
}

// protect remembers that a token was protected: it stays so until its incident is over, whatever later anomalies know of it, as long as
// the configuration protects such tokens.
func (t *turn) protect(i *incident.Incident, token *response.Token) {
	if t.cfg.Limits.Protected.Has(*token) == "" {
		return
	}
	was := response.Token{ID: token.ID, RegistryID: token.RegistryID, Tags: maps.Clone(token.Tags)}
	if token.Owner != nil {
		was.Owner = &response.Owner{ID: token.Owner.ID}
	}
	i.Protected = &was
}

// each sends the anomaly to those who hear of every one, and returns the rules that do something about its incident.
func (t *turn) each(a *Anomaly) (rules []int) {
	e := a.Event
	e.DryRun = t.dryRules(a.Matched)
	for _, n := range a.Matched {
		rule := &t.cfg.Policy[n]
		if len(rule.Targets) > 0 {
			rules = append(rules, n)
		}
		for _, name := range rule.Targets {
			if target := t.cfg.Targets[name]; target.Actor != nil || !target.PerAnomaly {
				continue
			}
			e.Rule = rule.Name
			body, err := message.Body(e)
			if err != nil { // plain fields only
				continue
			}
			for _, end := range t.cfg.ends(name, &e) {
				t.batch.Deliveries = append(t.batch.Deliveries, &response.Delivery{
					ID: e.ID, Target: end, Rule: rule.Name, Arrived: t.now, Body: body, Progress: response.Progress{Due: t.now},
				})
			}
		}
	}
	return rules
}

// dryRules says whether nothing is done about the token by these rules.
func (t *turn) dryRules(rules []int) bool {
	acts := 0
	for _, n := range rules {
		for _, name := range t.cfg.Policy[n].Targets {
			if target := t.cfg.Targets[name]; target.Actor != nil {
				if acts++; !target.DryRun {
					return false
				}
			}
		}
	}
	return acts > 0 || t.cfg.DryRun
}

func (t *turn) open(a *Anomaly) *incident.Incident {
	i, evicted := t.book.Open(a.key(), a.Event.ID, t.now)
	if evicted != nil {
		t.notes = append(t.notes, Note{Kind: Evicted, Count: 1})
		if evicted.Live() {
			t.audit(evicted, nil, "evicted", Holter, "The incident is forgotten to make room for another: raise incidents::max_count.")
		}
		t.abandon(evicted)
	}
	return i
}

// abandon tells of acts that nobody will take back, because their incident had to go.
func (t *turn) abandon(i *incident.Incident) {
	for n := range i.Acts {
		a := &i.Acts[n]
		if !a.InForce() || a.Expires.IsZero() {
			continue
		}
		a.Expires = time.Time{}
		text := t.sentence(i, a, "is not taken back by itself any more: its incident is forgotten to make room for another. Take it back at the provider, and raise incidents::max_count")
		t.audit(i, a, "abandoned", Holter, text)
		t.say(told{incident: i, occasion: response.ActFailed, act: a, sentence: text, severity: response.Error, urgent: true})
	}
}

// rule does what a rule asks for.
func (t *turn) rule(i *incident.Incident, rule *response.Rule) {
	if !i.Fire(rule.Name, rule.CoolDown, t.now) {
		t.notes = append(t.notes, Note{Kind: Cooled})
		return
	}
	for _, name := range rule.Targets {
		target, ok := t.cfg.Targets[name]
		switch {
		case !ok:
		case target.Actor == nil:
			if !target.PerAnomaly {
				i.Listen(name, rule.Name)
			}
		case rule.Action != response.Notify && i.Key.Token != "":
			t.want(i, rule, name)
		}
	}
	i.Escalate(rule.Name, rule.Escalate, t.now)
}

// want decides about the act that a rule asks for, unless that was decided for good.
func (t *turn) want(i *incident.Incident, rule *response.Rule, target string) {
	if last := i.Previous(rule.Action, target); last != nil {
		switch last.State {
		case incident.Failed, incident.Refused, incident.Expired:
			return
		case incident.Undone:
			if last.By != Holter {
				return
			}
		}
	}
	a, made := i.Want(rule.Action, target, rule.Name, t.now)
	if a.State == incident.DryRun && !t.cfg.Targets[target].DryRun { // it was only said, and is meant now
		a, made = i.Anew(a, t.now), true
	}
	if !made && a.State != incident.Proposed && a.State != incident.Blocked {
		return
	}
	a.TTL, a.Rule = rule.TTL, rule.Name
	t.decide(i, a, rule.Approval, Holter, false)
}

// decide asks the guard, and does what it says.
func (t *turn) decide(i *incident.Incident, a *incident.Act, approval response.Approval, by string, person bool) {
	target := t.cfg.Targets[a.Target]
	ability := target.can(a.Action)
	e := i.Anomaly()
	decision := guard.Decision{Verdict: guard.Block, Why: "all acts are stopped by the stop file"}
	if !t.barred.Load() {
		decision = t.guarded().Decide(t.cfg.Limits, guard.Wish{
			Action: a.Action, Target: a.Target, Token: e.Token, Was: i.Protected, Ability: ability, Approval: approval, Detectors: i.Detectors, Person: person,
		}, t.now)
	}
	before, why := a.State, a.Why
	a.By, a.Why, a.Changed, a.CanUndo, a.Delay, a.DryRun = by, decision.Why, t.now, ability.Undo, ability.Delay, target.DryRun
	switch decision.Verdict {
	case guard.Block:
		a.State = incident.Blocked
		if before != a.State || why != a.Why {
			t.audit(i, a, "blocked", by, t.sentence(i, a, "is not done: "+a.Why))
			t.move(i, a)
		}
		if decision.Opened != "" {
			t.audit(i, a, "circuit_open", Holter, decision.Why+".")
			t.say(told{
				incident: i, occasion: response.CircuitOpen, act: a, sentence: "Holter does nothing more by itself: " + decision.Why + ".",
				severity: response.Error, urgent: true,
			})
		}
	case guard.Propose:
		if before == incident.Proposed {
			return
		}
		if a.DryRun { // nobody is asked about what is not done
			t.dispatch(i, a, incident.DryRun, by, "would wait for somebody's consent: "+a.Why)
			return
		}
		a.State, a.Expires = incident.Proposed, t.now.Add(t.cfg.ApproveWithin)
		t.audit(i, a, "proposed", by, t.sentence(i, a, "waits for somebody's consent: "+a.Why))
		t.say(told{incident: i, occasion: response.ActProposed, act: a, sentence: t.sentence(i, a, "waits for your consent: "+a.Why) + " " + e.Sentence})
	case guard.Go:
		if a.DryRun {
			t.dispatch(i, a, incident.DryRun, by, "would be done, but this is a dry run")
		} else {
			t.dispatch(i, a, incident.Sending, by, "is on its way")
		}
	}
}

// dispatch hands an act to its target, to be done or to be said.
func (t *turn) dispatch(i *incident.Incident, a *incident.Act, state incident.ActState, by, text string) {
	a.State, a.Expires = state, time.Time{}
	if a.TTL > 0 {
		a.Expires = t.now.Add(a.TTL)
	}
	if i.Blast != nil && i.Blast.Sentence != "" {
		text += ". " + i.Blast.Sentence
	}
	t.audit(i, a, string(a.State), by, t.sentence(i, a, text))
	t.move(i, a)
	t.step(i, a, response.Do)
}

// step hands a step of an act to its target.
func (t *turn) step(i *incident.Incident, a *incident.Act, step response.Step) {
	e := t.event(&told{incident: i, act: a, severity: i.Severity, occasion: response.Opened})
	e.Rule, e.DryRun = a.Rule, a.DryRun
	body, err := message.Body(e)
	if err != nil { // plain fields only
		return
	}
	if sharer, ok := t.cfg.Targets[a.Target].Actor.(response.Sharer); ok && step == response.Do {
		a.Subject = sharer.Subject(a.Action, body)
	}
	t.batch.Deliveries = append(t.batch.Deliveries, &response.Delivery{
		ID: a.StepID(step), Target: a.Target, Rule: a.Rule, Arrived: t.now, DryRun: a.DryRun, Action: a.Action, Step: step, Body: body,
		Progress: response.Progress{Due: t.now},
	})
}

// sentence says what becomes of an act.
func (t *turn) sentence(i *incident.Incident, a *incident.Act, what string) string {
	e := i.Anomaly()
	name := e.Token.Hint
	if name == "" {
		name = i.Key.Token
	}
	return fmt.Sprintf("%s of key %s at %s %s.", noun(a.Action), name, a.Target, what)
}

func noun(a response.Action) string {
	switch a {
	case response.Restrict:
		return "Narrowing"
	case response.Reauthenticate:
		return "Re-authentication"
	}
	return "Locking"
}

// contradict takes note that a token is used although an act against it is in force.
func (t *turn) contradict(a *Anomaly) {
	i := t.book.ByAct(a.Act)
	if i == nil {
		return
	}
	act := i.Act(a.Act)
	if act == nil || act.State != incident.Done && act.State != incident.Proven {
		return
	}
	act.State, act.Changed, act.Proof = incident.Unproven, t.now, "the telemetry shows that the token still works: "+strings.TrimSuffix(a.Event.Sentence, ".")
	i.Severity = response.Fatal
	t.unproven(i, act, response.Fatal)
}

func (t *turn) unproven(i *incident.Incident, a *incident.Act, severity response.Severity) {
	text := t.sentence(i, a, "does not hold: "+a.Proof)
	t.audit(i, a, "unproven", Holter, text)
	t.say(told{incident: i, occasion: response.ActUnproven, act: a, sentence: text, severity: severity, urgent: true})
}

func (t *turn) feedback(f *Feedback) {
	if !f.Benign || !t.heard(f.ID, f.Was, f.At) {
		return
	}
	for _, i := range t.ofToken(f.Token, f.Direction) {
		if i.Live() && !t.foreign(f, i) && i.Benign(f.Facet, f.Value) {
			t.resolve(i, f.By, "it is all right, says "+f.By)
		}
	}
}

// ofToken are the incidents of a token, of one direction or of both.
func (t *turn) ofToken(token, direction string) (found []*incident.Incident) {
	var ids []string
	t.Desk.book.All(func(i *incident.Incident) {
		if i.Key.Token == token && token != "" && (direction == "" || i.Key.Direction == direction) {
			ids = append(ids, i.ID)
		}
	})
	for _, i := range t.book.Changed() {
		if i.Key.Token == token && token != "" && (direction == "" || i.Key.Direction == direction) {
			ids = append(ids, i.ID)
		}
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if i := t.book.ByID(id); i != nil && !seen[id] {
			seen[id] = true
			found = append(found, i)
		}
	}
	return found
}

func (t *turn) resolve(i *incident.Incident, by, why string) bool {
	if !i.Resolve(by, t.now) {
		return false
	}
	for n := range i.Acts {
		if a := &i.Acts[n]; by != Holter && a.State == incident.Sending && a.Recall == nil {
			t.recall(a, by, "the incident is resolved by "+by+": "+why, false)
		}
	}
	text := "The incident is over: " + why + "."
	t.audit(i, nil, "resolve", by, text)
	t.say(told{incident: i, occasion: response.Resolved, act: strongest(i), sentence: text, by: by})
	return true
}

// forget drops what is known of a token that was erased.
func (t *turn) forget(token string) {
	for _, i := range t.ofToken(token, "") {
		t.book.Drop(i.ID)
	}
}
