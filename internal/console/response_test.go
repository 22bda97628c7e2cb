package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// answers writes to the journal what token_response would, and waits until the console has read it.
func (w *town) answers(entries ...store.Entry) {
	w.t.Helper()
	for i := range entries {
		if entries[i].Kind == "" {
			entries[i].Kind = store.EntryResponse
		}
		if entries[i].By == "" {
			entries[i].By = "holter"
		}
		if entries[i].Time.IsZero() {
			entries[i].Time = noon.Add(-time.Hour + time.Duration(i)*time.Second)
		}
	}
	require.NoError(w.t, w.store.Append(w.t.Context(), entries))
	w.catchUp()
}

// catchUp waits until the console has read all that the journal has.
func (w *town) catchUp() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		w.console.ledger.mu.RLock()
		defer w.console.ledger.mu.RUnlock()
		behind, err := w.store.Journal(w.t.Context(), w.console.ledger.upTo, 1)
		return err == nil && len(behind) == 0
	}, 10*time.Second, 5*time.Millisecond)
}

// stood is an entry about an act of a tenant's incident.
func stood(tenant, act, state, body, more string) store.Entry {
	of := 0
	if tenant == "zeta" {
		of = 1
	}
	return store.Entry{Token: "tok_" + tenant + "0", Body: body, Attributes: json.RawMessage(fmt.Sprintf(`{"incident.id": "case-%[1]s", "incident.state": "open",
		"incident.severity": "error", "incident.anomalies": [%[2]q], "api_token.direction": "inbound", "api_token.tenant": %[1]q,
		"act.id": %[3]q, "act.action": "lock", "act.target": "gate", "act.state": %[4]q %[5]s}`, tenant, anomalyID(of), act, state, more))}
}

func opened(tenant string) store.Entry {
	e := stood(tenant, "", "", tenant+" is in trouble", `, "incident.occasion": "opened"`)
	var all map[string]any
	_ = json.Unmarshal(e.Attributes, &all)
	for _, name := range []string{"act.id", "act.action", "act.target", "act.state"} {
		delete(all, name)
	}
	e.Attributes, _ = json.Marshal(all)
	return e
}

// desk says which targets there are.
func desk(more string) store.Entry {
	return store.Entry{Attributes: json.RawMessage(`{"response.dry_run": false, "response.stopped": false, "response.targets": [
		{"name": "gate", "actions": ["lock", "restrict"], "undo": ["lock"], "dry_run": false}, {"name": "idp", "actions": ["reauthenticate"], "undo": []}]` + more + `}`)}
}

func TestAnIncidentHasATimeLine(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk(""), opened("acme"), opened("zeta"),
		stood("acme", "act-1", "proposed", "it waits for consent", `, "act.expires": 1774526400, "act.blast": {"days": 30, "requests": 480, "refused": 480}`))
	v := w.visit("responder")
	assert.Equal(t, "case-acme", get[anomalyDetail](v, "/api/v1/anomalies/"+anomalyID(0)).Case)
	list := get[incidentList](v, "/api/v1/incidents").Incidents
	require.Len(t, list, 1, "zeta is not theirs")
	assert.Equal(t, []any{"case-acme", "tok_acme0", "open", "error", "acme is in trouble"}, []any{list[0].ID, list[0].Token, list[0].State, list[0].Severity, list[0].Sentence})
	require.Len(t, list[0].Acts, 1)
	act := list[0].Acts[0]
	assert.Equal(t, []any{"act-1", "lock", "gate", "proposed", true, false}, []any{act.ID, act.Action, act.Target, act.State, act.Approve, act.Undo})
	assert.Equal(t, time.Date(2026, 3, 26, 12, 0, 0, 0, time.UTC), *act.Expires)
	assert.JSONEq(t, `{"days": 30, "requests": 480, "refused": 480}`, string(act.Blast))

	status, body := v.say("POST", "/api/v1/acts/act-1", answerTo{Verb: "approve", Why: "it is a thief"})
	require.Equal(t, 202, status, body)
	entries := w.journal()
	approval, audit := entries[len(entries)-2], entries[len(entries)-1]
	assert.Equal(t, []any{store.EntryApproval, "tok_acme0", "responder", "responder approves: lock at gate: it is a thief"}, []any{approval.Kind, approval.Token, approval.By, approval.Body})
	assert.JSONEq(t, `{"approval.verb": "approve", "approval.why": "it is a thief", "act.id": "act-1", "act.action": "lock", "act.target": "gate",
		"incident.id": "case-acme", "api_token.id": "tok_acme0"}`, string(approval.Attributes))
	assert.Equal(t, []any{store.EntryAudit, "responder"}, []any{audit.Kind, audit.By})

	w.answers(stood("acme", "act-1", "sending", "it is on its way", ""))
	for _, verb := range []string{"undo", "refuse"} {
		status, body = v.say("POST", "/api/v1/acts/act-1", answerTo{Verb: verb})
		assert.Equal(t, 202, status, "an act that is on its way can be called back: %s", body)
	}
	w.answers(stood("acme", "act-1", "done", "gate did it", `, "act.answer": "204"`),
		stood("acme", "act-1", "proven", "gate says that it holds", `, "act.proof": "inactive"`),
		store.Entry{Kind: store.EntryAudit, Token: "tok_acme0", By: "responder", Body: "approved", Attributes: json.RawMessage(`{"audit.decision": "approve", "incident.id": "case-acme"}`)})
	one := get[incidentDetail](v, "/api/v1/incidents/case-acme")
	var kinds []string
	for _, h := range one.TimeLine {
		kinds = append(kinds, h.Kind+" "+h.State)
	}
	assert.ElementsMatch(t, []string{"anomaly ", "incident open", "act proposed", "asked ", "asked ", "asked ", "act sending", "act done", "act proven", "decided "}, kinds)
	assert.Equal(t, "anomaly", one.TimeLine[0].Kind, "the oldest first")
	assert.Equal(t, []any{"proven", "inactive", "204", true, false}, []any{one.Acts[0].State, one.Acts[0].Proof, one.Acts[0].Answer, one.Acts[0].Undo, one.Acts[0].Approve})

	status, body = v.say("POST", "/api/v1/acts/act-1", answerTo{Verb: "approve"})
	assert.Equal(t, 409, status, body)
	status, body = v.say("POST", "/api/v1/acts/act-1", answerTo{Verb: "undo"})
	assert.Equal(t, 202, status, body)
	status, _ = v.say("POST", "/api/v1/acts/act-1", answerTo{Verb: "explode"})
	assert.Equal(t, 400, status)
	for _, verb := range []string{"acknowledge", "resolve"} {
		status, body = v.say("POST", "/api/v1/incidents/case-acme", move{Verb: verb})
		assert.Equal(t, 202, status, body)
	}
	status, _ = v.say("POST", "/api/v1/incidents/case-acme", move{Verb: "forget"})
	assert.Equal(t, 400, status)
	e := opened("acme")
	e.Attributes = json.RawMessage(`{"incident.id": "case-acme", "incident.state": "resolved"}`)
	w.answers(e)
	status, _ = v.say("POST", "/api/v1/incidents/case-acme", move{Verb: "resolve"})
	assert.Equal(t, 409, status)
}

func TestActsNeedTheRoleAndTheScope(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk(""), opened("acme"), opened("zeta"), stood("acme", "act-1", "proposed", "", ""), stood("zeta", "act-2", "proposed", "", ""),
		store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d1", "delivery.target": "hook", "delivery.state": "dead", "act.answer": "zeta 500"}`)})
	before := len(w.journal())
	reader, responder, owner, root := w.visit("reader"), w.visit("responder"), w.visit("owner"), w.visit("root")
	before += 4 // the logins
	for _, c := range []struct {
		who    *visitor
		path   string
		body   any
		status int
	}{
		{reader, "/tokens/tok_acme0/acts", order{Action: "lock"}, 403},
		{reader, "/acts/act-1", answerTo{Verb: "approve"}, 403},
		{reader, "/incidents/case-acme", move{Verb: "resolve"}, 403},
		{reader, "/response", turnSwitch{Verb: "stop"}, 403},
		{reader, "/letters/d1/replay", replay{Target: "hook"}, 403},
		{responder, "/tokens/tok_zeta0/acts", order{Action: "lock"}, 404},
		{responder, "/acts/act-2", answerTo{Verb: "approve"}, 404},
		{responder, "/incidents/case-zeta", move{Verb: "resolve"}, 404},
		{responder, "/response", turnSwitch{Verb: "stop"}, 403},
		{owner, "/response", turnSwitch{Verb: "resume"}, 403},
		{owner, "/letters/d1/replay", replay{Target: "hook"}, 403},
		{responder, "/tokens/tok_acme0/acts", order{Action: "explode"}, 400},
		{responder, "/tokens/tok_acme0/acts", order{Action: "lock", Target: "idp"}, 400},
		{responder, "/tokens/tok_acme0/acts", order{Action: "lock", Incident: "case-zeta"}, 400},
		{root, "/letters/d2/replay", replay{Target: "hook"}, 404},
	} {
		status, body := c.who.say("POST", "/api/v1"+c.path, c.body)
		assert.Equal(t, c.status, status, "%s: %s", c.path, body)
	}
	for name, header := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": "guess"} {
		r := httpRequest(t, "POST", w.server.URL+"/api/v1/acts/act-1", jsonBody(answerTo{Verb: "approve"}))
		r.Header.Set("X-CSRF-Token", responder.csrf)
		r.Header.Set(name, header)
		status, _, _ := responder.do(r)
		assert.Equal(t, 403, status, name)
	}
	assert.Len(t, w.journal(), before, "nothing of it was taken down")
	status, _ := reader.ask("/api/v1/letters")
	assert.Equal(t, 403, status)
	status, _ = owner.ask("/api/v1/letters")
	assert.Equal(t, 403, status, "they are of all tenants")
	assert.Len(t, get[letterList](root, "/api/v1/letters").Letters, 1)
	status, body := root.say("POST", "/api/v1/letters/d1/replay", replay{Target: "hook"})
	assert.Equal(t, 202, status, body)
}

func TestAnOrderIsJournaledAsTokenResponseReadsIt(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk(""), opened("acme"))
	v := w.visit("responder")
	status, body := v.say("POST", "/api/v1/tokens/tok_acme0/acts", order{Action: "lock", Target: "gate", Incident: "case-acme", Why: "stolen"})
	require.Equal(t, 202, status, body)
	all := w.journal()
	assert.JSONEq(t, `{"approval.verb": "act", "approval.why": "stolen", "api_token.id": "tok_acme0", "api_token.direction": "inbound", "act.action": "lock",
		"act.target": "gate", "incident.id": "case-acme"}`, string(all[len(all)-2].Attributes))
	status, _ = v.say("POST", "/api/v1/tokens/tok_acme0/acts", order{Action: "restrict", Preview: true})
	require.Equal(t, 202, status)
	all = w.journal()
	assert.JSONEq(t, `{"approval.verb": "act", "approval.preview": true, "api_token.id": "tok_acme0", "api_token.direction": "inbound", "act.action": "restrict"}`,
		string(all[len(all)-2].Attributes))

	r := get[reach](v, "/api/v1/tokens/tok_acme0/blast?action=lock")
	require.NotNil(t, r.Blast)
	assert.EqualValues(t, 48*perHour, r.Blast.Refused)
	assert.Equal(t, []actTarget{{Name: "gate", Actions: []string{"lock", "restrict"}, Undo: []string{"lock"}}}, r.Targets)
	r = get[reach](v, "/api/v1/tokens/tok_acme0/blast?action=restrict")
	require.NotNil(t, r.Grant)
	assert.Contains(t, r.Grant.Sentence, "too little to tell", "two days are no past")
	status, _ = v.ask("/api/v1/tokens/tok_zeta0/blast")
	assert.Equal(t, 404, status)
}

func TestTheStopSwitchIsForAllToSee(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk(""), opened("acme"))
	root, responder := w.visit("root"), w.visit("responder")
	status, body := root.say("POST", "/api/v1/response", turnSwitch{Verb: "stop", Why: "drill"})
	require.Equal(t, 202, status, body)
	all := w.journal()
	assert.JSONEq(t, `{"approval.verb": "stop", "approval.why": "drill"}`, string(all[len(all)-2].Attributes))
	w.answers(store.Entry{Kind: store.EntryAudit, By: "root", Body: "All acts are stopped. drill", Attributes: json.RawMessage(`{"audit.decision": "stop"}`)})
	assert.Equal(t, "root", get[standing](responder, "/api/v1/status").Stopped.By)
	assert.Equal(t, "root", get[responseNow](responder, "/api/v1/response").Stopped.By)
	status, _ = responder.say("POST", "/api/v1/tokens/tok_acme0/acts", order{Action: "lock"})
	assert.Equal(t, 409, status)
	w.answers(store.Entry{Kind: store.EntryAudit, By: "root", Body: "go", Attributes: json.RawMessage(`{"audit.decision": "resume"}`)})
	assert.Nil(t, get[responseNow](responder, "/api/v1/response").Stopped)
}

func TestTheAuditTrail(t *testing.T) {
	w := newTown(t, withUsers(t))
	decided := func(token string, n int) store.Entry {
		return store.Entry{Kind: store.EntryAudit, Token: token, By: "holter", Body: fmt.Sprint("decision ", n), Attributes: json.RawMessage(`{"audit.decision": "blocked"}`)}
	}
	w.answers(decided("tok_acme0", 1), decided("tok_zeta0", 2), decided("tok_acme1", 3), decided("", 4))
	reader, owner, root := w.visit("reader"), w.visit("owner"), w.visit("root")
	status, _ := reader.ask("/api/v1/audit")
	assert.Equal(t, 403, status)
	bodies := func(v *visitor, path string) (out []string) {
		for _, e := range get[auditList](v, path).Entries {
			if e.By == "holter" {
				out = append(out, e.Body)
			}
		}
		return out
	}
	assert.Equal(t, []string{"decision 1"}, bodies(reader, "/api/v1/audit?token=tok_acme0"))
	assert.Empty(t, bodies(reader, "/api/v1/audit?token=tok_zeta0"))
	assert.Equal(t, []string{"decision 3", "decision 1"}, bodies(owner, "/api/v1/audit"))
	assert.Equal(t, []string{"decision 4", "decision 3", "decision 2", "decision 1"}, bodies(root, "/api/v1/audit"))
	first := get[auditList](root, "/api/v1/audit?limit=5")
	require.Len(t, first.Entries, 5)
	rest := get[auditList](root, "/api/v1/audit?limit=5&cursor="+first.Next)
	assert.Less(t, rest.Entries[0].Sequence, first.Entries[4].Sequence)
	assert.Empty(t, rest.Next)
}

func TestDeadLettersGoWhenTheyAreSentAgain(t *testing.T) {
	w := newTown(t)
	w.answers(desk(""), store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d1", "delivery.target": "hook", "delivery.state": "dead", "act.answer": "500"}`)},
		store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d2", "delivery.target": "gate", "delivery.state": "unknown"}`)})
	v := w.visit("")
	assert.Equal(t, 2, get[responseNow](v, "/api/v1/response").Letters)
	status, _ := v.say("POST", "/api/v1/letters/d2/replay", replay{Target: "gate"})
	assert.Equal(t, 409, status, "a person has to look first")
	w.answers(store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d1", "delivery.target": "hook", "delivery.state": "delivered"}`)})
	assert.Len(t, get[letterList](v, "/api/v1/letters").Letters, 1)
}

// What is said of incidents is told to those who may see their tokens, while it happens.
func TestResponsesAreTold(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk("")) // what was there before is no news
	a, ok := w.console.hub.subscribe(watcherOf(t, "acme"))
	require.True(t, ok)
	z, ok := w.console.hub.subscribe(watcherOf(t, "zeta"))
	require.True(t, ok)
	w.answers(opened("acme"))
	w.answers(opened("zeta"))
	assert.Equal(t, []string{"tok_acme0", "case-acme", "acme is in trouble"}, heard(t, a))
	assert.Equal(t, []string{"tok_zeta0", "case-zeta", "zeta is in trouble"}, heard(t, z))
}

// What is being read when the console closes is not read to the end, which is no trouble that anybody has to look at.
func TestNoTroubleIsToldOfClosing(t *testing.T) {
	c, err := New(newTown(t).console.Settings)
	require.NoError(t, err)
	s, ok := c.hub.subscribe(watcher{})
	require.True(t, ok)
	c.stop()
	c.hub.tellEntries([]store.Entry{{Kind: store.EntryResponse, Token: "tok_acme0", Body: "acme is in trouble"}})
	assert.Empty(t, s.messages)
}

// heard is the first response that a stream tells of.
func heard(t *testing.T, s *subscription) []string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case m := <-s.messages:
			if m.event == "response" {
				var news said
				require.NoError(t, json.Unmarshal(m.data, &news))
				return []string{news.Token, news.Incident, news.Body}
			}
		case <-late:
			t.Fatal("nothing was told")
		}
	}
}

// watcherOf sees one tenant.
func watcherOf(t *testing.T, tenant string) watcher {
	t.Helper()
	return watcher{who: access.Who{Name: tenant, Roles: []access.Role{access.Read}, Scope: store.Scope{Tenants: []string{tenant}}}}
}

func jsonBody(what any) io.Reader {
	text, _ := json.Marshal(what) // plain fields only
	return bytes.NewReader(text)
}
