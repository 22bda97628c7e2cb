package console

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// responseNow is how acts stand as a whole.
type responseNow struct {
	Heard   bool        `json:"heard" doc:"token_response has said something; else nobody may be there who acts"`
	DryRun  bool        `json:"dry_run" doc:"acts are only described, unless a target says otherwise"`
	Stopped *stop       `json:"stopped"`
	Targets []actTarget `json:"targets"`
	Open    int         `json:"open" doc:"incidents that are not resolved"`
	Waiting int         `json:"waiting" doc:"acts that wait for somebody's consent"`
	Letters int         `json:"dead_letters" doc:"what could not be delivered; 0 for those who do not see all"`
}

// incidentList is what there is of incidents.
type incidentList struct {
	Incidents []incidentRow `json:"incidents" doc:"the latest first"`
}

// incidentDetail is an incident with all that happened.
type incidentDetail struct {
	incidentRow
	TimeLine []happening `json:"time_line" doc:"the oldest first"`
}

// letterList is what could not be delivered.
type letterList struct {
	Letters []letter `json:"letters" doc:"the latest first"`
}

// auditList is a page of the audit trail.
type auditList struct {
	Entries []store.Entry `json:"entries" doc:"the latest first"`
	Next    string        `json:"next,omitempty" doc:"cursor of the next page"`
}

func (k *call) responseNow() (any, error) {
	rows, err := k.incidentRows(store.TokenFilter{})
	if err != nil {
		return nil, err
	}
	out := responseNow{Targets: []actTarget{}}
	for i := range rows {
		if rows[i].State != "resolved" {
			out.Open++
		}
		for _, a := range rows[i].Acts {
			if a.State == "proposed" {
				out.Waiting++
			}
		}
	}
	k.ledger.mu.RLock()
	defer k.ledger.mu.RUnlock()
	desk := k.ledger.cases.desk
	out.Heard, out.DryRun, out.Stopped, out.Targets = desk.heard, desk.dryRun, desk.stopped, list(slices.Clone(desk.targets))
	if !k.who.Scoped() {
		out.Letters = len(k.ledger.cases.letters)
	}
	return out, nil
}

// incidentRows are those that whoever asks may see, the latest first.
func (k *call) incidentRows(filter store.TokenFilter) ([]incidentRow, error) {
	k.ledger.mu.RLock()
	var all []incidentRow
	for _, id := range slices.Backward(k.ledger.cases.order) {
		all = append(all, k.ledger.cases.cases[id].row())
	}
	k.ledger.mu.RUnlock()
	slices.SortStableFunc(all, func(a, b incidentRow) int { return b.Updated.Compare(a.Updated) })
	return k.visible(all, filter)
}

// visible leaves out what is not in somebody's scope, and names the tokens as the store knows them.
func (k *call) visible(all []incidentRow, filter store.TokenFilter) ([]incidentRow, error) {
	wanted := filter.IDs
	filter.Scope, filter.IDs = k.who.Scope, nil
	for i := range all {
		if all[i].Token != "" && !slices.Contains(filter.IDs, all[i].Token) && among(wanted, all[i].Token) {
			filter.IDs = append(filter.IDs, all[i].Token)
		}
	}
	known := map[string]store.Token{}
	if len(filter.IDs) > 0 {
		tokens, err := k.tokensOf(k.ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, t := range tokens {
			known[t.ID] = t
		}
	}
	for i := range all {
		if t, ok := known[all[i].Token]; ok {
			all[i].Hint, all[i].Owner = cmp.Or(t.Hint, all[i].Hint), cmp.Or(t.OwnerName, t.OwnerID, all[i].Owner)
		}
	}
	whole := !k.who.Scoped() && len(wanted) == 0
	return slices.DeleteFunc(all, func(r incidentRow) bool {
		_, ok := known[r.Token]
		return !ok && !(whole && r.Token == "")
	}), nil
}

func (k *call) incidents() (any, error) {
	filter, err := k.tokenFilter()
	if err != nil {
		return nil, err
	}
	states, err := k.values(param{name: "state", many: true, of: incidentStates})
	if err != nil {
		return nil, err
	}
	most, err := k.limit(100, 1000)
	if err != nil {
		return nil, err
	}
	rows, err := k.incidentRows(filter)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r incidentRow) bool { return !among(states, r.State) })
	return incidentList{list(rows[:min(most, len(rows))])}, nil
}

var incidentStates = []string{"open", "acknowledged", "resolved"}

// oneIncident is the incident of an id, with the entries about it.
func (k *call) oneIncident(id string) (incidentRow, []store.Entry, error) {
	k.ledger.mu.RLock()
	c := k.ledger.cases.cases[id]
	var rows []incidentRow
	var entries []store.Entry
	if c != nil {
		rows, entries = []incidentRow{c.row()}, slices.Clone(c.said)
	}
	k.ledger.mu.RUnlock()
	rows, err := k.visible(rows, store.TokenFilter{})
	if err != nil {
		return incidentRow{}, nil, err
	}
	if len(rows) == 0 {
		return incidentRow{}, nil, notFound("there is no such incident, or it is not yours to see")
	}
	return rows[0], entries, nil
}

func (k *call) incidentNow() (any, error) {
	row, entries, err := k.oneIncident(k.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	line, err := k.timeLine(row, entries)
	return incidentDetail{row, line}, err
}

// caseOf is the incident that an anomaly belongs to; empty: none that is known.
func (c *Console) caseOf(e store.Event) (id string) {
	c.ledger.mu.RLock()
	defer c.ledger.mu.RUnlock()
	for _, one := range slices.Backward(c.ledger.cases.order) {
		row := c.ledger.cases.cases[one]
		switch {
		case slices.Contains(row.Anomalies, e.ID):
			return one
		case id == "" && e.Token != "" && row.Token == e.Token && (row.Direction == "" || row.Direction == e.Direction) && row.State != "resolved":
			id = one
		}
	}
	return id
}

func (k *call) deadLetters() (any, error) {
	if k.who.Scoped() {
		return nil, forbidden("what could not be delivered is of all tenants: this needs somebody who sees all of them")
	}
	k.ledger.mu.RLock()
	defer k.ledger.mu.RUnlock()
	out := slices.Clone(k.ledger.cases.letters)
	slices.Reverse(out)
	return letterList{list(out)}, nil
}

// audits is the audit trail, of a token or of all.
func (k *call) audits() (any, error) {
	tokens, err := k.values(param{name: "token", many: true})
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 && !k.who.May("admin") {
		return nil, forbidden("the audit of all tokens needs the role admin: name a token")
	}
	most, err := k.limit(100, 1000)
	if err != nil {
		return nil, err
	}
	before := ^uint64(0)
	if cursor := k.args.Get("cursor"); cursor != "" {
		if before, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return nil, badRequest("cursor", "%q: take next of the page before", cursor)
		}
	}
	seen := map[string]bool{}
	if len(tokens) > 0 || k.who.Scoped() {
		known, err := k.tokensOf(k.ctx, store.TokenFilter{Scope: k.who.Scope, IDs: tokens})
		if err != nil {
			return nil, err
		}
		for _, t := range known {
			seen[t.ID] = true
		}
	}
	whole := len(tokens) == 0 && !k.who.Scoped()
	out := auditList{Entries: []store.Entry{}}
	k.ledger.mu.RLock()
	defer k.ledger.mu.RUnlock()
	for _, e := range slices.Backward(k.ledger.cases.audit) {
		if e.Sequence >= before || !whole && (e.Token == "" || !seen[e.Token]) {
			continue
		}
		if len(out.Entries) == most {
			out.Next = strconv.FormatUint(out.Entries[most-1].Sequence, 10)
			break
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

// wish is what somebody wants to have done, as token_response reads it.
type wish struct {
	verb, why string
	token     string
	more      map[string]any
	words     string
}

// say writes a wish to the journal, and that it was said.
func (k *call) say(w wish) (any, error) {
	if len(w.why) > mostText {
		return nil, badRequest("why", "that is longer than %d characters", mostText)
	}
	approval := map[string]any{otelattr.ApprovalVerb: w.verb}
	audit := map[string]any{"audit.action": w.verb, "audit.from": k.from()}
	if w.why != "" {
		approval[otelattr.ApprovalWhy] = w.why
		w.words += ": " + w.why
	}
	if w.token != "" {
		approval[otelattr.TokenID] = w.token
	}
	for name, value := range w.more {
		approval[name], audit[name] = value, value
	}
	entries := make([]store.Entry, 2)
	for i, part := range []struct {
		kind  string
		attrs map[string]any
	}{{store.EntryApproval, approval}, {store.EntryAudit, audit}} {
		text, err := json.Marshal(part.attrs)
		if err != nil {
			return nil, err
		}
		entries[i] = store.Entry{Time: k.now, Kind: part.kind, Token: w.token, By: k.by(), Body: k.by() + " " + w.words, Attributes: text}
	}
	if err := k.Store.Append(k.ctx, entries); err != nil {
		return nil, err
	}
	return noted{entries[0].Sequence}, nil
}
