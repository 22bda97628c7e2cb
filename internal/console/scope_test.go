package console

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// Whoever sees acme alone finds nothing of zeta, whatever is asked. A route that is new is asked here as well.
func TestNobodySeesAnotherTenant(t *testing.T) {
	w := newTown(t, withUsers(t))
	w.answers(desk(""), opened("acme"), opened("zeta"), stood("acme", "act-1", "proposed", "", ""), stood("zeta", "act-2", "proposed", "zeta waits", ""),
		store.Entry{Kind: store.EntryAudit, Token: "tok_zeta0", Body: "zeta was decided on", Attributes: json.RawMessage(`{"audit.decision": "blocked"}`)},
		store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d1", "delivery.target": "hook", "delivery.state": "dead", "act.answer": "zeta 500"}`)})
	for _, name := range []string{"reader", "responder", "owner", "team"} {
		v := w.visit(name)
		var paths []string
		for _, r := range w.console.routes {
			if r.method != http.MethodGet || r.path == "/stream" {
				continue
			}
			ids := []string{"tok_acme0", "tok_zeta0"}
			if strings.HasPrefix(r.path, "/incidents/") {
				ids = []string{"case-acme", "case-zeta"}
			}
			if strings.HasPrefix(r.path, "/anomalies/") {
				ids = []string{anomalyID(0), anomalyID(1), "many"}
			}
			for _, id := range ids {
				paths = append(paths, root+strings.ReplaceAll(r.path, "{id}", id))
			}
			for _, p := range r.params {
				for _, value := range valuesOf(p) {
					paths = append(paths, root+strings.ReplaceAll(r.path, "{id}", ids[0])+"?"+p.name+"="+value)
				}
			}
		}
		for _, what := range exports {
			for _, format := range formats {
				paths = append(paths, root+"/export?what="+what+"&format="+format, root+"/export?group=route&what="+what+"&format="+format)
			}
		}
		for _, measure := range measures {
			for _, group := range append([]store.Group{"", "tag:plan"}, groups...) {
				query := "?from=-3d&measure=" + measure + "&group=" + string(group)
				paths = append(paths, root+"/series"+query, root+"/top"+query, root+"/export?what=series&measure="+measure+"&group="+string(group))
			}
		}
		paths = append(paths, "/", "/explore", "/token/tok_acme0", "/token/tok_zeta0", "/anomaly/"+anomalyID(1), "/?token=tok_zeta0", "/?owner=zeta-owner")
		slices.Sort(paths)
		found := 0
		for _, path := range slices.Compact(paths) {
			code, body := v.ask(path)
			require.Less(t, code, 500, "%s: %s", path, body)
			assert.NotContains(t, strings.ToLower(withoutEcho(body)), "zeta", "%s as %s", path, name)
			assert.NotContains(t, body, "tok_demo", "%s as %s", path, name)
			if strings.Contains(body, "acme") {
				found++
			}
		}
		assert.Greater(t, found, 50, "what is theirs is seen")

		o := get[overview](v, "/api/v1/overview")
		assert.Equal(t, counts{Requests: day, Errors: day / perHour, Tokens: 2, Active: 2, Anomalies: 1}, o.Totals.counts)
		assert.Equal(t, storeStatus{Tokens: 2}, get[standing](v, "/api/v1/status").Store)
		assert.Equal(t, day, int(get[topAnswer](v, "/api/v1/top?group=outcome").Total))
	}
	_, body := w.visit("root").ask("/api/v1/tokens")
	assert.Contains(t, body, "zeta", "the test would see it")
}

// withoutEcho leaves out what an answer repeats of the question.
func withoutEcho(body string) string {
	if strings.Contains(body, `"error"`) {
		return ""
	}
	return body
}

func valuesOf(p param) []string {
	if p.of != nil {
		return p.of
	}
	return map[string][]string{
		"token": {"tok_zeta0"}, "owner": {"zeta-owner"}, "team": {"zeta-team"}, "tag": {"plan:zeta"}, "environment": {"production"}, "q": {"zeta"}, "from": {"-3d"}, "to": {"now"},
		"route": {"GET+/zeta"}, "country": {"NL"}, "network": {"ASzeta"}, "release": {"zeta-api@1.1"}, "service": {"zeta-api"}, "client": {"zeta-client"}, "unit": {"input_tokens"},
		"model": {"zeta-model"}, "detector": {"identity_shift"}, "limit": {"1", "50"}, "step": {"1h"}, "group": {"token", "owner", "team", "route"},
	}[p.name]
}

func TestNobodyChangesAnotherTenant(t *testing.T) {
	w := newTown(t, withUsers(t))
	v := w.visit("owner")
	for path, what := range map[string]any{
		"/anomalies/" + anomalyID(1) + "/feedback": opinion{Verdict: "benign"},
		"/erase": erasure{Owner: "zeta-owner"},
	} {
		code, body := v.say("POST", root+path, what)
		assert.Equal(t, 404, code, "%s: %s", path, body)
	}
	code, _ := v.say("POST", root+"/erase", erasure{Tokens: []string{"tok_zeta0"}})
	assert.Equal(t, 404, code)
	code, _ = v.say("POST", root+"/demo", demoOrder{"remove"})
	assert.Equal(t, 403, code)
	assert.Equal(t, 5, get[standing](w.visit("root"), "/api/v1/status").Store.Tokens)

	code, body := v.say("POST", root+"/erase", erasure{Owner: "acme-owner"})
	assert.Equal(t, 200, code, body)
	assert.Equal(t, 3, get[standing](w.visit("root"), "/api/v1/status").Store.Tokens)
}

// heard reads the events of a stream.
func (v *visitor) heard(path string) <-chan string {
	v.w.t.Helper()
	ctx, stop := context.WithCancel(v.w.t.Context())
	r := httpRequest(v.w.t, "GET", v.w.server.URL+path, nil).WithContext(ctx)
	response, err := v.client.Do(r)
	require.NoError(v.w.t, err)
	require.Equal(v.w.t, 200, response.StatusCode)
	out := make(chan string, 100)
	v.w.t.Cleanup(func() { stop(); _ = response.Body.Close() })
	go func() {
		defer close(out)
		lines := bufio.NewScanner(response.Body)
		event := ""
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- event + " " + data
			}
		}
	}()
	return out
}

// watched waits until the hub has looked for the first time.
func (w *town) watched(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return len(w.console.hub.all()) == n && w.console.hub.looked.Load() > 0 }, 10*time.Second, 5*time.Millisecond)
}

func wait(t *testing.T, from <-chan string, event string) string {
	t.Helper()
	for {
		select {
		case text, ok := <-from:
			require.True(t, ok, "the stream has ended before %s", event)
			if data, ok := strings.CutPrefix(text, event+" "); ok {
				return data
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s", event)
		}
	}
}

func TestStreamsTellWhatOneMaySee(t *testing.T) {
	w := newTown(t, withUsers(t))
	all, some, other := w.visit("root").heard("/api/v1/stream"), w.visit("reader").heard("/api/v1/stream"), w.visit("root").heard("/api/v1/stream?token=tok_acme1")
	w.watched(3)
	for _, tenant := range []string{"zeta", "acme"} {
		id := "tok_" + tenant + "0"
		subject := store.Subject{Token: id, Owner: tenant + "-owner", Team: tenant + "-team"}
		require.NoError(t, w.store.Write(t.Context(), store.Batch{
			Facts: []store.Fact{
				{Minute: noon.Unix() / 60, Kind: store.Outcomes, Subject: subject, First: "success", Value: 5},
				{Minute: noon.Unix() / 60, Kind: store.Outcomes, Subject: subject, First: "auth_error", Value: 2},
			},
			Sightings: []store.Sighting{{Token: store.Token{ID: id, LastUse: store.Use{At: noon, Country: "FR"}}, Evidence: &store.Evidence{At: noon, Nats: 7, Threshold: 14}}},
		}))
		require.NoError(t, w.store.PutEvents(t.Context(), []store.Event{{
			ID: "new-" + tenant, Kind: store.EventAnomaly, Time: noon, Severity: "WARN", Name: "new_country", Token: id, Tenant: tenant, Team: tenant + "-team", Body: tenant + " is in FR",
		}}))
	}
	beats := map[string][2]float64{}
	for len(beats) < 2 {
		var b beat
		require.NoError(t, json.Unmarshal([]byte(wait(t, all, "beat")), &b))
		for id, n := range b.Tokens {
			beats[id] = n
		}
	}
	assert.Equal(t, map[string][2]float64{"tok_zeta0": {7, 2}, "tok_acme0": {7, 2}}, beats)

	var mine finding
	require.NoError(t, json.Unmarshal([]byte(wait(t, some, "anomaly")), &mine))
	assert.Equal(t, "acme is in FR", mine.Sentence)
	w.console.hub.tellDemo(demoEvent{State: demoDone}) // the last of it
	for _, stream := range []<-chan string{some, other} {
		for text := range stream {
			assert.NotContains(t, text, "zeta")
			if strings.HasPrefix(text, "demo") {
				break
			}
		}
	}
}

func TestStreamsAreBounded(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	for range w.console.Limits.Streams {
		v.heard("/api/v1/stream")
	}
	status, body := v.ask("/api/v1/stream")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, "close other pages")
	assert.Equal(t, DroppedStream, <-w.counted)
	status, _ = v.ask("/api/v1/stream?colour=red")
	assert.Equal(t, 400, status)
}

func TestASlowReaderIsLeftBehind(t *testing.T) {
	w := newTown(t)
	s, ok := w.console.hub.subscribe(watcher{})
	require.True(t, ok)
	for range backlog + 1 {
		w.console.hub.tell(s, "beat", beat{})
	}
	assert.Equal(t, DroppedBeat, <-w.counted)
	n := 0
	for range s.messages {
		n++
	}
	assert.Equal(t, backlog, n, "the stream ends behind what was still taken")
}
