package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// happening is one moment of an incident.
type happening struct {
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind" enum:"anomaly,feedback,incident,act,asked,decided"`
	Words    string    `json:"words"`
	By       string    `json:"by,omitempty"`
	State    string    `json:"state,omitempty" doc:"of the incident, or of the act"`
	Occasion string    `json:"occasion,omitempty"`
	Act      string    `json:"act,omitempty"`
	Action   string    `json:"action,omitempty"`
	Target   string    `json:"target,omitempty"`
	Answer   string    `json:"answer,omitempty"`
	Proof    string    `json:"proof,omitempty"`
	Anomaly  string    `json:"anomaly,omitempty"`
	Severity string    `json:"severity,omitempty"`
	Sequence uint64    `json:"sequence,omitempty"`
}

// timeLine is all that happened: what was noticed, said, decided, done and proven.
func (k *call) timeLine(row incidentRow, entries []store.Entry) ([]happening, error) {
	out := []happening{}
	if len(row.Anomalies) > 0 {
		page, err := k.Store.Events(k.ctx, store.EventQuery{
			Filter: store.TokenFilter{Scope: k.who.Scope}, Kinds: []string{store.EventAnomaly}, IDs: row.Anomalies, Limit: len(row.Anomalies),
		})
		if err != nil {
			return nil, err
		}
		for _, f := range k.findings(page.Events) {
			out = append(out, happening{Time: f.Time, Kind: "anomaly", Words: f.Sentence, Anomaly: f.ID, Severity: f.Severity})
			for _, said := range f.Feedback {
				out = append(out, happening{Time: said.Time, Kind: "feedback", Words: said.Body, By: said.By, Sequence: said.Sequence})
			}
		}
	}
	for _, e := range entries {
		if h, ok := happened(e); ok {
			out = append(out, h)
		}
	}
	slices.SortStableFunc(out, func(a, b happening) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence)) })
	return out, nil
}

// wishes are the decisions that answer somebody.
var wishes = []string{"approve", "refuse", "undo", "act", "acknowledge", "resolve", "replay"}

// happened is what an entry tells; of the audit only what became of what somebody wanted.
func happened(e store.Entry) (h happening, ok bool) {
	t := toldOf(e)
	h = happening{
		Time: e.Time, Words: e.Body, By: e.By, Sequence: e.Sequence, Act: t.text(otelattr.ActID), Action: t.text(otelattr.ActAction), Target: t.text(otelattr.ActTarget),
		Occasion: t.text(otelattr.IncidentOccasion),
	}
	switch e.Kind {
	case store.EntryApproval:
		h.Kind = "asked"
	case store.EntryAudit:
		h.Kind = "decided"
		return h, slices.Contains(wishes, t.text(otelattr.AuditDecision))
	case store.EntryResponse:
		if h.Act == "" {
			h.Kind, h.State, h.Severity = "incident", t.text(otelattr.IncidentState), t.text(otelattr.IncidentSeverity)
			break
		}
		h.Kind, h.State, h.Answer, h.Proof = "act", t.text(otelattr.ActState), t.text(otelattr.ActAnswer), t.text(otelattr.ActProof)
		h.Words = cmp.Or(h.Words, t.text(otelattr.ActWhy))
	default:
		return h, false
	}
	return h, true
}
