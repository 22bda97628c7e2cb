package desk

import (
	"encoding/json"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/store"
)

// Holter is who decides where nobody does.
const Holter = "holter"

// Names of attributes in records. internal/otelattr has the same ones for those who read them.
const (
	attrAuditID       = "audit.id"
	attrAuditDecision = "audit.decision"
	attrIncidentID    = "incident.id"
	attrState         = "incident.state"
	attrOccasion      = "incident.occasion"
	attrAnomalies     = "incident.anomalies"
	attrSeverity      = "incident.severity"
	attrActID         = "act.id"
	attrAction        = "act.action"
	attrTarget        = "act.target"
	attrRule          = "act.rule"
	attrActState      = "act.state"
	attrWhy           = "act.why"
	attrAnswer        = "act.answer"
	attrProof         = "act.proof"
	attrDelay         = "act.delay"
	attrExpires       = "act.expires"
	attrBlast         = "act.blast"
	attrDirection     = "api_token.direction"
	attrTenant        = "api_token.tenant"
	attrHint          = "api_token.hint"
	attrOwner         = "api_token.owner.id"
	attrDelivery      = "delivery.id"
	attrDeliveryTo    = "delivery.target"
	attrDeliveryState = "delivery.state"
)

// audit keeps a record of a decision: who, what, about which token and act, and why.
func (t *turn) audit(i *incident.Incident, a *incident.Act, decision, by, text string) {
	attributes := t.attributes(i, a)
	attributes[attrAuditID] = t.fresh("audit")
	attributes[attrAuditDecision] = decision
	t.record(store.EntryAudit, i, by, text, decision, attributes)
}

// stand keeps a record of how an incident and its act stand.
func (t *turn) stand(one *told, text string) {
	attributes := t.attributes(one.incident, one.act)
	attributes[attrOccasion] = string(one.occasion)
	by := one.by
	if by == "" {
		by = Holter
	}
	t.record(store.EntryResponse, one.incident, by, text, string(one.occasion), attributes)
}

// move keeps a record of an act that has come to another state, where no message tells of it.
func (t *turn) move(i *incident.Incident, a *incident.Act) {
	t.record(store.EntryResponse, i, a.By, a.Why, string(a.State), t.attributes(i, a))
}

func (t *turn) attributes(i *incident.Incident, a *incident.Act) map[string]any {
	m := make(map[string]any, 16)
	if i != nil {
		m[attrIncidentID], m[attrState], m[attrSeverity], m[attrAnomalies] = i.ID, string(i.State), i.Severity.String(), i.Latest
		for name, value := range map[string]string{attrDirection: i.Key.Direction, attrTenant: i.Key.Tenant} {
			if value != "" {
				m[name] = value
			}
		}
		e := i.Anomaly()
		if e.Token.Hint != "" {
			m[attrHint] = e.Token.Hint
		}
		if e.Token.Owner != nil && e.Token.Owner.ID != "" {
			m[attrOwner] = e.Token.Owner.ID
		}
	}
	if a == nil {
		return m
	}
	m[attrActID], m[attrAction], m[attrTarget], m[attrActState] = a.ID, a.Action.String(), a.Target, string(a.State)
	for name, value := range map[string]string{attrRule: a.Rule, attrWhy: a.Why, attrAnswer: a.Answer, attrProof: a.Proof} {
		if value != "" {
			m[name] = value
		}
	}
	if a.Delay > 0 {
		m[attrDelay] = a.Delay.Seconds()
	}
	if !a.Expires.IsZero() {
		m[attrExpires] = a.Expires.Unix()
	}
	if i != nil && i.Blast != nil {
		m[attrBlast] = map[string]any{"days": i.Blast.Days, "requests": i.Blast.Requests, "refused": i.Blast.Refused}
	}
	return m
}

func (t *turn) record(kind string, i *incident.Incident, by, text, decision string, attributes map[string]any) {
	raw, err := json.Marshal(attributes)
	if err != nil { // plain values only
		return
	}
	entry := store.Entry{Time: t.now.UTC().Truncate(time.Microsecond), Kind: kind, By: by, Body: text, Attributes: raw}
	if i != nil {
		entry.Token = i.Key.Token
	}
	t.entries = append(t.entries, entry)
	note := Note{Kind: Stood, Decision: decision, Entry: entry}
	if kind == store.EntryAudit {
		note.Kind = Decided
	}
	t.notes = append(t.notes, note)
}

// died keeps a record of a message that could not be delivered.
func (t *turn) died(d *response.Delivery) {
	raw, err := json.Marshal(map[string]any{
		attrDelivery: d.ID, attrDeliveryTo: d.Target, attrDeliveryState: d.State.String(), attrAnswer: reason(d),
	})
	if err != nil { // plain values only
		return
	}
	t.entries = append(t.entries, store.Entry{
		Time: t.now.UTC(), Kind: store.EntryResponse, By: Holter, Attributes: raw,
		Body: "A message could not be delivered to " + d.Target + ": " + reason(d),
	})
}
