package console

import (
	"slices"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// said is what a stream tells of an entry about incidents and acts.
type said struct {
	Sequence uint64    `json:"sequence"`
	Kind     string    `json:"kind"`
	Time     time.Time `json:"time"`
	By       string    `json:"by"`
	Body     string    `json:"body"`
	Token    string    `json:"token"`
	Incident string    `json:"incident"`
	Act      string    `json:"act"`
	State    string    `json:"state"`
	Preview  uint64    `json:"preview" doc:"sequence of the order that asked what would be sent"`
	Answer   string    `json:"answer"`
}

// tellEntries tells of what was said and decided about incidents and acts. What is about no token is told to those who see all.
func (h *hub) tellEntries(entries []store.Entry) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e store.Entry) bool {
		return e.Kind != store.EntryResponse && e.Kind != store.EntryApproval && e.Kind != store.EntryAudit
	})
	streams := h.all()
	if len(entries) == 0 || len(streams) == 0 {
		return
	}
	var ids []string
	for _, e := range entries {
		if e.Token != "" && !slices.Contains(ids, e.Token) {
			ids = append(ids, e.Token)
		}
	}
	tokens := map[string]store.Token{}
	if len(ids) > 0 {
		known, err := h.c.tokensOf(h.c.ctx, store.TokenFilter{IDs: ids})
		if err != nil {
			if h.c.ctx.Err() == nil {
				h.c.Trouble("look at the store for those who watch", err)
			}
			return
		}
		for _, t := range known {
			tokens[t.ID] = t
		}
	}
	for _, e := range entries {
		t := toldOf(e)
		news := said{
			Sequence: e.Sequence, Kind: e.Kind, Time: e.Time, By: e.By, Body: e.Body, Token: e.Token, Incident: t.text(otelattr.IncidentID), Act: t.text(otelattr.ActID),
			State: t.text(otelattr.ActState),
		}
		if asked, ok := t[otelattr.ApprovalPreview].(float64); ok && asked > 0 {
			news.Preview, news.Answer = uint64(asked), t.text(otelattr.ActAnswer)
		}
		for _, s := range streams {
			token, known := tokens[e.Token]
			if known && s.who.Sees(token.Tenant, token.OwnerTeam) || !known && !s.who.Scoped() && (e.Kind != store.EntryAudit || switches(t)) {
				h.tell(s, "response", news)
			}
		}
	}
}

// switches says whether an audit entry is that all acts were stopped, or go out again.
func switches(t told) bool {
	decision := t.text(otelattr.AuditDecision)
	return decision == "stop" || decision == "resume"
}
