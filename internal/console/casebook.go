package console

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// casebook is what the journal tells of incidents and acts: how each stands, and all that was said of it. The ledger's lock keeps it.
type casebook struct {
	cases   map[string]*incidentCase
	order   []string          // ids, as they were opened
	ofAct   map[string]string // incident of an act
	letters []letter          // the oldest first
	audit   []store.Entry     // the latest
	desk    deskState
}

// incidentCase is one incident, and what was said of it.
type incidentCase struct {
	incidentRow
	said []store.Entry // the oldest first
}

// incidentRow is how an incident stands.
type incidentRow struct {
	ID        string    `json:"id"`
	Token     string    `json:"token,omitempty" doc:"absent where it concerns many tokens"`
	Direction string    `json:"direction,omitempty"`
	Tenant    string    `json:"tenant,omitempty"`
	Hint      string    `json:"hint,omitempty"`
	Owner     string    `json:"owner,omitempty"`
	State     string    `json:"state" enum:"open,acknowledged,resolved"`
	Severity  string    `json:"severity"`
	Opened    time.Time `json:"opened"`
	Updated   time.Time `json:"updated"`
	Anomalies []string  `json:"anomalies" doc:"ids of the latest"`
	Sentence  string    `json:"sentence"`
	Acts      []actRow  `json:"acts"`
}

// actRow is how an act stands.
type actRow struct {
	ID       string          `json:"id"`
	Action   string          `json:"action" enum:"restrict,reauthenticate,lock"`
	Target   string          `json:"target"`
	Rule     string          `json:"rule,omitempty"`
	State    string          `json:"state" doc:"proposed, blocked, dry_run, sending, done, proven, unproven, undoing, undone, failed, unknown, refused or expired"`
	Why      string          `json:"why,omitempty"`
	By       string          `json:"by,omitempty"`
	Answer   string          `json:"answer,omitempty" doc:"of the provider; of a dry run: what would have been sent"`
	Proof    string          `json:"proof,omitempty"`
	Changed  time.Time       `json:"changed"`
	Expires  *time.Time      `json:"expires" doc:"undone by itself then, or no longer waiting"`
	Blast    json.RawMessage `json:"blast,omitempty"`
	Approve  bool            `json:"can_approve"`
	Undo     bool            `json:"can_undo"`
	Sequence uint64          `json:"sequence" doc:"of the journal's latest entry about it"`
}

// letter is a message or an act that could not be delivered.
type letter struct {
	ID       string    `json:"id"`
	Target   string    `json:"target"`
	State    string    `json:"state" enum:"dead,unknown"`
	Answer   string    `json:"answer,omitempty"`
	Words    string    `json:"words"`
	Time     time.Time `json:"time"`
	Incident string    `json:"incident,omitempty"`
	Token    string    `json:"token,omitempty"`
}

// deskState is how token_response itself stands.
type deskState struct {
	heard   bool
	dryRun  bool
	stopped *stop
	targets []actTarget
}

// stop is that no act goes out.
type stop struct {
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
	Since time.Time `json:"since"`
}

// actTarget is what can act on tokens.
type actTarget struct {
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
	Undo    []string `json:"undo" doc:"the actions that it can take back"`
	DryRun  bool     `json:"dry_run"`
}

// Bounds of a casebook.
const (
	mostCases   = 10_000
	mostOfCase  = 400 // entries
	mostLetters = 1000
)

func newCasebook() *casebook {
	return &casebook{cases: map[string]*incidentCase{}, ofAct: map[string]string{}}
}

// told are the attributes of an entry that the casebook is made of.
type told map[string]any

func toldOf(e store.Entry) (t told) {
	_ = json.Unmarshal(e.Attributes, &t) // what is no object says nothing
	return t
}

func (t told) text(name string) string {
	s, _ := t[name].(string)
	return s
}

func (t told) texts(name string) (out []string) {
	all, _ := t[name].([]any)
	for _, one := range all {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// add takes an entry in; audit entries beyond most make room.
func (b *casebook) add(e store.Entry, most int) {
	t := toldOf(e)
	switch e.Kind {
	case store.EntryAudit:
		if b.audit = append(b.audit, e); len(b.audit) > most {
			b.audit = append([]store.Entry(nil), b.audit[len(b.audit)-most:]...)
		}
		b.stopOrGo(e, t)
	case store.EntryResponse:
		b.stand(e, t)
	}
	b.file(e, t)
}

// stopOrGo follows the switch that stops all acts.
func (b *casebook) stopOrGo(e store.Entry, t told) {
	switch t.text(otelattr.AuditDecision) {
	case "stop":
		b.desk.stopped = &stop{By: e.By, Why: e.Body, Since: e.Time}
	case "resume":
		b.desk.stopped = nil
	}
}

// stand follows what token_response says.
func (b *casebook) stand(e store.Entry, t told) {
	b.desk.heard = true
	if all, ok := t[otelattr.ResponseTargets].([]any); ok {
		b.desk.targets = nil
		for _, one := range all {
			m, _ := one.(map[string]any)
			dry, _ := m["dry_run"].(bool)
			b.desk.targets = append(b.desk.targets, actTarget{
				Name: told(m).text("name"), Actions: list(told(m).texts("actions")), Undo: list(told(m).texts("undo")), DryRun: dry,
			})
		}
	}
	if dry, ok := t[otelattr.ResponseDryRun].(bool); ok {
		b.desk.dryRun = dry
	}
	if stopped, ok := t[otelattr.ResponseStopped].(bool); ok {
		switch {
		case !stopped:
			b.desk.stopped = nil
		case b.desk.stopped == nil:
			b.desk.stopped = &stop{By: t.text(otelattr.ResponseStoppedBy), Since: e.Time}
		}
	}
	if id := t.text(otelattr.DeliveryID); id != "" {
		b.dead(e, t, id)
	}
	if id := t.text(otelattr.IncidentID); id != "" {
		b.incident(id, e, t)
	}
}

// dead follows what could not be delivered, until it is sent again.
func (b *casebook) dead(e store.Entry, t told, id string) {
	target, state := t.text(otelattr.DeliveryTarget), t.text(otelattr.DeliveryState)
	b.letters = slices.DeleteFunc(b.letters, func(l letter) bool { return l.ID == id && l.Target == target })
	if state != "dead" && state != "unknown" {
		return
	}
	b.letters = append(b.letters, letter{
		ID: id, Target: target, State: state, Answer: t.text(otelattr.ActAnswer), Words: e.Body, Time: e.Time, Incident: t.text(otelattr.IncidentID), Token: e.Token,
	})
	if over := len(b.letters) - mostLetters; over > 0 {
		b.letters = append([]letter(nil), b.letters[over:]...)
	}
}

// incident follows how one stands, and its act.
func (b *casebook) incident(id string, e store.Entry, t told) {
	c := b.cases[id]
	if c == nil {
		c = &incidentCase{incidentRow: incidentRow{ID: id, Opened: e.Time, Anomalies: []string{}, Acts: []actRow{}}}
		b.cases[id] = c
		if b.order = append(b.order, id); len(b.order) > mostCases {
			b.drop(b.order[0])
		}
	}
	c.Updated = e.Time
	for place, text := range map[*string]string{
		&c.Token: e.Token, &c.Direction: t.text(otelattr.TokenDirection), &c.Tenant: t.text(otelattr.TokenTenant), &c.Owner: t.text(otelattr.TokenOwnerID),
		&c.Hint: t.text(otelattr.TokenHint), &c.State: t.text(otelattr.IncidentState), &c.Severity: t.text(otelattr.IncidentSeverity),
	} {
		if text != "" {
			*place = text
		}
	}
	if anomalies := t.texts(otelattr.IncidentAnomalies); len(anomalies) > 0 {
		c.Anomalies = anomalies
	}
	if t.text(otelattr.IncidentOccasion) != "" && e.Body != "" && (c.Sentence == "" || t.text(otelattr.ActID) == "") {
		c.Sentence = e.Body
	}
	if act := t.text(otelattr.ActID); act != "" {
		b.ofAct[act] = id
		c.act(act, e, t)
	}
}

func (b *casebook) drop(id string) {
	for _, a := range b.cases[id].Acts {
		delete(b.ofAct, a.ID)
	}
	delete(b.cases, id)
	b.order = append([]string(nil), b.order[1:]...)
}

// act follows one act. What an entry does not say stays as it was.
func (c *incidentCase) act(id string, e store.Entry, t told) {
	i := slices.IndexFunc(c.Acts, func(a actRow) bool { return a.ID == id })
	if i < 0 {
		i, c.Acts = len(c.Acts), append(c.Acts, actRow{ID: id})
	}
	a := &c.Acts[i]
	a.Changed, a.Sequence = e.Time, e.Sequence
	for place, text := range map[*string]string{
		&a.Action: t.text(otelattr.ActAction), &a.Target: t.text(otelattr.ActTarget), &a.Rule: t.text(otelattr.ActRule), &a.State: t.text(otelattr.ActState),
		&a.Why: t.text(otelattr.ActWhy), &a.Answer: t.text(otelattr.ActAnswer), &a.Proof: t.text(otelattr.ActProof), &a.By: e.By,
	} {
		if text != "" {
			*place = text
		}
	}
	a.Expires = nil
	if at, ok := t[otelattr.ActExpires].(float64); ok && at > 0 && at < math.MaxInt32 {
		until := time.Unix(int64(at), 0).UTC()
		a.Expires = &until
	}
	if blast, ok := t[otelattr.ActBlast].(map[string]any); ok {
		a.Blast, _ = json.Marshal(blast)
	}
	a.Approve = a.State == "proposed" || a.State == "blocked"
	a.Undo = a.State == "sending" || a.State == "done" || a.State == "proven" || a.State == "unproven" || a.State == "unknown"
}

// file puts an entry among those of its incident.
func (b *casebook) file(e store.Entry, t told) {
	id := t.text(otelattr.IncidentID)
	if id == "" {
		id = b.ofAct[t.text(otelattr.ActID)]
	}
	if c := b.cases[id]; c != nil {
		if c.said = append(c.said, e); len(c.said) > mostOfCase {
			c.said = append([]store.Entry(nil), c.said[len(c.said)-mostOfCase:]...)
		}
	}
}

// row is a copy of how an incident stands.
func (c *incidentCase) row() incidentRow {
	out := c.incidentRow
	out.Acts, out.Anomalies = slices.Clone(out.Acts), slices.Clone(out.Anomalies)
	return out
}
