package console

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// journal are the entries from the third on: two are there before anybody does anything.
func (w *town) journal() []store.Entry {
	w.t.Helper()
	all, err := w.store.Journal(w.t.Context(), 2, 1000)
	require.NoError(w.t, err)
	return all
}

func TestFeedbackIsJournaledAsTheEngineReadsIt(t *testing.T) {
	w := newTown(t, withUsers(t))
	v := w.visit("responder")
	status, body := v.say("POST", "/api/v1/anomalies/"+anomalyID(0)+"/feedback", opinion{Verdict: "benign", Facet: "country", Value: "NL", TTL: "30d"})
	require.Equal(t, 202, status, body)
	entries := w.journal()
	require.Len(t, entries, 3, "the login, the feedback, and that it was given")
	f := entries[1]
	assert.Equal(t, []any{store.EntryFeedback, "tok_acme0", "responder", "responder says that country NL is benign"}, []any{f.Kind, f.Token, f.By, f.Body})
	assert.JSONEq(t, `{"api_token.id": "tok_acme0", "api_token.direction": "inbound", "anomaly.id": "`+anomalyID(0)+`", "feedback.verdict": "benign",
		"feedback.facet": "country", "feedback.value": "NL", "feedback.ttl": 2592000, "feedback.by": "responder"}`, string(f.Attributes))
	assert.Equal(t, []any{store.EntryAudit, "responder"}, []any{entries[2].Kind, entries[2].By})
	assert.JSONEq(t, fmt.Sprintf(`{"sequence": %d}`, f.Sequence), body)

	require.Eventually(t, func() bool {
		return len(get[anomalyDetail](v, "/api/v1/anomalies/"+anomalyID(0)).Feedback) == 1
	}, 10*time.Second, 10*time.Millisecond, "it is shown beside the anomaly")

	for want, o := range map[string]opinion{
		"write benign or malicious":         {Verdict: "fine"},
		"choose from endpoint, country":     {Verdict: "benign", Facet: "moon"},
		"say of which facet":                {Verdict: "benign", Value: "NL"},
		"write how long it holds":           {Verdict: "benign", TTL: "soon"},
		"that is longer than 256":           {Verdict: "benign", Facet: "country", Value: strings.Repeat("x", 300)},
		"write how long it holds, such as ": {Verdict: "benign", TTL: "0s"},
	} {
		status, body := v.say("POST", "/api/v1/anomalies/"+anomalyID(0)+"/feedback", o)
		assert.Equal(t, 400, status)
		assert.Contains(t, body, want)
	}
	status, _ = w.visit("root").say("POST", "/api/v1/anomalies/many/feedback", opinion{Verdict: "benign"})
	assert.Equal(t, 409, status, "of many tokens nothing can be said at once")
}

// Who calls an anomaly benign as a whole vouches for each value that spoke for it: else the next day would bring the same one again.
func TestABenignAnomalyVouchesForItsValues(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	status, body := v.say("POST", "/api/v1/anomalies/"+anomalyID(0)+"/feedback", opinion{Verdict: "benign", TTL: "30d"})
	require.Equal(t, 202, status, body)
	var said [][2]any
	for _, e := range w.journal() {
		if e.Kind == store.EntryFeedback {
			var a map[string]any
			require.NoError(t, json.Unmarshal(e.Attributes, &a))
			said = append(said, [2]any{a["feedback.facet"], a["feedback.value"]})
			assert.EqualValues(t, 2592000, a["feedback.ttl"])
		}
	}
	assert.Equal(t, [][2]any{{nil, nil}, {"endpoint", "GET /acme/export"}, {"country", "NL"}}, said, "what spoke for the token is left out")
	require.Eventually(t, func() bool {
		feedback := get[anomalyDetail](v, "/api/v1/anomalies/"+anomalyID(0)).Feedback
		return len(feedback) == 1
	}, 10*time.Second, 10*time.Millisecond, "it was said once")
}

func TestRolesAndOrigins(t *testing.T) {
	w := newTown(t, withUsers(t))
	path := "/api/v1/anomalies/" + anomalyID(0) + "/feedback"
	nobody, reader := w.visit(""), w.visit("reader")
	assert.Equal(t, []access.Role{access.Read}, get[me](reader, "/api/v1/me").Roles)
	for _, c := range []struct {
		who          *visitor
		method, path string
		want         int
	}{
		{nobody, "GET", "/api/v1/status", 401},
		{nobody, "GET", "/api/v1/stream", 401},
		{nobody, "GET", "/api/v1/export", 401},
		{nobody, "GET", "/api/v1/anomalies/" + anomalyID(0) + "/incident.html", 401},
		{nobody, "POST", path, 401},
		{nobody, "POST", "/api/v1/erase", 401},
		{reader, "POST", path, 403},
		{reader, "POST", "/api/v1/demo", 403},
		{reader, "POST", "/api/v1/erase", 403},
		{w.visit("responder"), "POST", "/api/v1/erase", 403},
	} {
		status, body := c.who.say(c.method, c.path, struct{}{})
		assert.Equal(t, c.want, status, "%s %s: %s", c.method, c.path, body)
	}
	before := len(w.journal())
	for name, headers := range map[string]map[string]string{
		"no token":   {"X-CSRF-Token": ""},
		"other site": {"Origin": "https://evil.example"},
		"from a tab": {"Sec-Fetch-Site": "cross-site"},
	} {
		v := w.visit("responder")
		before++ // the login
		r := httpRequest(t, "POST", w.server.URL+path, strings.NewReader(`{"verdict":"malicious"}`))
		r.Header.Set("X-CSRF-Token", v.csrf)
		for key, value := range headers {
			r.Header.Set(key, value)
		}
		status, _, _ := v.do(r)
		assert.Equal(t, 403, status, name)
	}
	assert.Len(t, w.journal(), before, "nothing of it was taken down")
	status, body := nobody.ask("/token/tok_acme0")
	assert.Equal(t, 200, status)
	assert.NotContains(t, body, "ACME")
}

func TestLoggingOutEndsIt(t *testing.T) {
	w := newTown(t, withUsers(t))
	v := w.visit("reader")
	status, _ := v.say("DELETE", "/api/v1/session", nil)
	assert.Equal(t, 204, status)
	status, _ = v.ask("/api/v1/status")
	assert.Equal(t, 401, status)
	status, _ = w.visit("").say("POST", "/api/v1/session", login{"reader", "guess"})
	assert.Equal(t, 401, status)
	var did []string
	for _, e := range w.journal() {
		did = append(did, e.Body)
		assert.Contains(t, string(e.Attributes), `"audit.from":"loopback"`)
	}
	assert.Equal(t, []string{"reader logged in", "reader logged out", "somebody could not log in as reader"}, did)
}

func TestGuessesAreRefusedAfterSome(t *testing.T) {
	w := newTown(t, withUsers(t))
	v := w.visit("")
	for range 10 {
		status, _ := v.say("POST", "/api/v1/session", login{"root", "guess"})
		require.Equal(t, 401, status)
	}
	status, body := v.say("POST", "/api/v1/session", login{"root", "open sesame"})
	assert.Equal(t, 429, status, body)
	assert.Equal(t, DroppedLogin, <-w.counted)
}

func TestHeadersKeepBrowsersSafe(t *testing.T) {
	w := newTown(t)
	for _, path := range []string{"/", "/assets/app.js", "/api/v1/me", "/nowhere", "/api/v1/anomalies/" + anomalyID(0) + "/incident.html"} {
		_, _, h := w.visit("").do(httpRequest(t, "GET", w.server.URL+path, nil))
		assert.Contains(t, h.Get("Content-Security-Policy"), "default-src '", path)
		assert.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "same-origin", h.Get("Referrer-Policy"), path)
		assert.Equal(t, "DENY", h.Get("X-Frame-Options"), path)
	}
	r := httpRequest(t, "GET", w.server.URL+"/api/v1/tokens", nil)
	r.Host = "evil.example"
	status, _, _ := w.visit("").do(r)
	assert.Equal(t, 403, status, "a name that was made to point here")
}

func TestThePageBeginsWithItsData(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	first := func(path string) firstView {
		_, body := v.ask(path)
		text := regexp.MustCompile(`(?s)id="first">(.*)</script>`).FindStringSubmatch(body)
		require.Len(t, text, 2, body)
		var f firstView
		require.NoError(t, json.Unmarshal([]byte(text[1]), &f), body)
		assert.NotContains(t, text[1], "<", "nothing in it ends the script")
		return f
	}
	f := first("/?owner=acme-owner&sort=id&unknown=1")
	assert.Equal(t, "none", f.Me.Login)
	assert.Contains(t, f.View, "overview")
	assert.Len(t, f.View["tokens"].(map[string]any)["tokens"], 2)
	assert.Len(t, first("/token/tok_acme0").View, 3)
	assert.Contains(t, first("/anomaly/"+anomalyID(0)).View, "anomaly")
	assert.Empty(t, first("/token/nobody").View)

	r := httpRequest(t, "GET", w.server.URL+"/assets/app.js", nil)
	status, body, h := v.do(r)
	assert.Equal(t, []any{200, "let a = 1", "text/javascript; charset=utf-8"}, []any{status, body, h.Get("Content-Type")})
	r.Header.Set("If-None-Match", h.Get("ETag"))
	status, _, _ = v.do(r)
	assert.Equal(t, http.StatusNotModified, status)
	for _, path := range []string{"/assets/index.html", "/assets/", "/assets/../town_test.go"} {
		status, _ := v.ask(path)
		assert.Equal(t, 404, status, path)
	}
}

func TestExports(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	_, body := v.ask("/api/v1/export?what=usage&owner=acme-owner&group=route&from=-2d")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"time", "token", "owner", "team", "route", "requests"}, rows[0])
	all := 0
	for _, row := range rows[1:] {
		n := 0
		_, err := fmt.Sscan(row[5], &n)
		require.NoError(t, err)
		all += n
	}
	assert.Equal(t, 2*day, all, "they add up to what was counted")

	_, body = v.ask("/api/v1/export?what=tokens&format=jsonl&sort=id")
	assert.Contains(t, body, "bad_request", "there is no order to choose")
	_, body = v.ask("/api/v1/export?what=tokens&format=jsonl")
	lines := strings.Split(strings.TrimSpace(body), "\n")
	require.Len(t, lines, 5)
	var one map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &one))
	assert.Equal(t, []any{"tok_acme0", "ACME Corp", "ok", nil}, []any{one["id"], one["owner_name"], one["state"], one["expires_at"]})

	_, body = v.ask("/api/v1/export?what=anomalies")
	assert.Contains(t, body, "acme did something")
	_, body = v.ask("/api/v1/export?what=series&group=owner&step=1h")
	assert.Equal(t, 1+2*24, strings.Count(body, "\n"))
	_, body = v.ask("/api/v1/export?what=usage&measure=cost&token=tok_acme0")
	assert.Contains(t, body, "EUR,acme-model,2.5\n")
	_, body = v.ask("/api/v1/export?what=usage&measure=bytes_in&token=tok_acme0")
	assert.NotContains(t, body, "transmit")
	_, _, h := v.do(httpRequest(t, "GET", w.server.URL+"/api/v1/export?what=tokens", nil))
	assert.Equal(t, `attachment; filename="holter-tokens-20260326-1200.csv"`, h.Get("Content-Disposition"))
}

func TestAFileThatIsCutDoesNotLookWhole(t *testing.T) {
	w := newTown(t, func(s *Settings) { s.Limits.Export = 10 })
	response, err := http.DefaultClient.Do(httpRequest(t, "GET", w.server.URL+"/api/v1/export?what=usage", nil))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	assert.Error(t, err)
}

func TestCellsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "@x": "'@x", "-x": "'-x", "GET /v1": "GET /v1", "": ""} {
		assert.Equal(t, want, cell(text))
	}
	assert.Equal(t, "-1.5", cell(-1.5), "numbers are numbers")
}

func TestIncidentFile(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	status, page := v.ask("/api/v1/anomalies/" + anomalyID(0) + "/incident.html")
	require.Equal(t, 200, status, page)
	if folder := os.Getenv("HOLTER_INCIDENT"); folder != "" { // to look at it
		require.NoError(t, os.WriteFile(filepath.Join(folder, "incident.html"), []byte(page), 0o600))
	}
	for _, want := range []string{
		"<h1>acme did something</h1>", "sk_acme_…0000", "ACME Corp, team acme-team", "First bad request: 26 Mar 2026 09:00 UTC",
		"country NL was seen first at 26 Mar 2026 09:00 UTC", "never used before", "90 % of its requests", "endpoint GET /acme/export, usually 2 others",
		"230 to 250 requests a day", "the team was told", `class="band"`, "first bad request", "AS14061", "&lt;script&gt;",
	} {
		assert.Contains(t, page, want)
	}
	for _, never := range []string{"<script", "zeta", "http://localhost:868", "src=", "@import", "url("} {
		assert.NotContains(t, page, never)
	}
	assert.NotRegexp(t, `\d+\.\d+\.\d+\.[1-9]\d*[^/\d.]`, strings.ReplaceAll(page, "192.0.2.0/24", ""), "no whole address")
	status, page = v.ask("/api/v1/anomalies/many/incident.html")
	assert.Equal(t, 200, status, "of many tokens there is less to tell")
	assert.Contains(t, page, "zeta and others changed")
}

func TestDemo(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	status, body := v.say("POST", "/api/v1/demo", demoOrder{"play"})
	require.Equal(t, 409, status)
	assert.Contains(t, body, "remove it first")
	status, body = v.say("POST", "/api/v1/demo", demoOrder{"remove"})
	require.Equal(t, 202, status, body)
	assert.Zero(t, get[tokenList](v, "/api/v1/tokens?demo=only").Total)
	assert.Equal(t, 4, get[tokenList](v, "/api/v1/tokens").Total, "and nobody else")

	stream := v.heard("/api/v1/stream")
	w.watched(1)
	status, body = v.say("POST", "/api/v1/demo", demoOrder{"play"})
	require.Equal(t, 202, status, body)
	w.demo.steps <- .5
	assert.Contains(t, wait(t, stream, "demo"), `"state":"playing","done":0.5`)
	assert.True(t, get[standing](v, "/api/v1/status").Demo.Playing)
	status, _ = v.say("POST", "/api/v1/demo", demoOrder{"play"})
	assert.Equal(t, 409, status)
	w.demo.steps <- 1
	assert.Contains(t, wait(t, stream, "demo"), `"state":"done"`)
	require.Eventually(t, func() bool {
		page := get[tokenList](v, "/api/v1/tokens?demo=only")
		return page.Total == 1 && page.Tokens[0].OwnerName == "Kestrel Labs"
	}, 10*time.Second, 10*time.Millisecond)
	assert.False(t, get[standing](v, "/api/v1/status").Demo.Playing)
	status, _ = v.say("POST", "/api/v1/demo", demoOrder{"remove"})
	assert.Equal(t, 202, status)
	assert.Contains(t, wait(t, stream, "demo"), `"state":"removed"`)
	assert.Zero(t, get[tokenList](v, "/api/v1/tokens?demo=only").Total)
	var did []string
	for _, e := range w.journal() {
		if e.Kind == store.EntryAudit && strings.Contains(e.Body, "the demo") {
			did = append(did, e.Body)
		}
	}
	assert.Equal(t, []string{"somebody on this machine removed the demo", "somebody on this machine plays the demo", "somebody on this machine removed the demo"}, did)
	status, _ = v.say("POST", "/api/v1/demo", demoOrder{"dance"})
	assert.Equal(t, 400, status)
}

// standing is a status: tests have variables of that name.
type standing = status

func TestErasure(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	require.Eventually(t, func() bool { return len(w.console.ledger.of("tok_zeta0")) == 1 }, 10*time.Second, 10*time.Millisecond)
	for _, bad := range []erasure{{}, {Owner: "a", Tokens: []string{"b"}}} {
		status, _ := v.say("POST", "/api/v1/erase", bad)
		assert.Equal(t, 400, status)
	}
	status, body := v.say("POST", "/api/v1/erase", erasure{Owner: "zeta-owner"})
	require.Equal(t, 200, status, body)
	assert.Contains(t, body, `"tokens":2`)
	assert.Empty(t, w.console.ledger.of("tok_zeta0"))
	_, body = v.ask("/api/v1/tokens")
	assert.NotContains(t, body, "tok_zeta")
	assert.Equal(t, 5-2, get[standing](v, "/api/v1/status").Store.Tokens)
}

func TestLimits(t *testing.T) {
	w := newTown(t, func(s *Settings) { s.Limits.Requests = &access.Rates{Each: .001, Burst: 3, Keys: 10} })
	v := w.visit("") // one
	for range 2 {
		status, _ := v.ask("/api/v1/me")
		require.Equal(t, 200, status)
	}
	status, body, h := v.do(httpRequest(t, "GET", w.server.URL+"/api/v1/me", nil))
	assert.Equal(t, 429, status)
	assert.Contains(t, body, `"too_many"`)
	assert.NotEmpty(t, h.Get("Retry-After"))
	assert.Equal(t, DroppedRate, <-w.counted)
	status, _ = v.ask("/assets/app.js")
	assert.Equal(t, 200, status, "the page has many files")
}

func TestBodiesAreBounded(t *testing.T) {
	v := newTown(t).visit("")
	status, body := v.say("POST", "/api/v1/erase", erasure{Owner: strings.Repeat("x", mostBody)})
	assert.Equal(t, 413, status, body)
	status, body = v.say("POST", "/api/v1/erase", map[string]string{"all": "yes"})
	assert.Equal(t, 400, status)
	assert.Contains(t, body, `unknown field`)
}

func TestQuestionsEnd(t *testing.T) {
	v := newTown(t, func(s *Settings) { s.Limits.Timeout = time.Nanosecond }).visit("")
	status, body := v.ask("/api/v1/series")
	assert.Equal(t, 504, status)
	assert.Contains(t, body, "ask for less time")
}

func TestTheLedgerIsBounded(t *testing.T) {
	dropped := 0
	l := newLedger(2, func() { dropped++ })
	l.add(0, []store.Entry{{Sequence: 1, Token: "a"}, {Sequence: 2, Token: "a"}, {Sequence: 3}, {Sequence: 4, Token: "a", Body: "last"}, {Sequence: 5, Kind: store.EntryAudit, Token: "a"}})
	assert.Equal(t, []any{2, "last", 1, uint64(5)}, []any{len(l.of("a")), l.of("a")[1].Body, dropped, l.upTo})
	l.add(0, []store.Entry{{Sequence: 1, Token: "b"}})
	assert.Empty(t, l.of("b"), "that was read before")
}

func TestClosingEndsStreams(t *testing.T) {
	w := newTown(t)
	stream := w.visit("").heard("/api/v1/stream")
	w.watched(1)
	w.console.Close()
	select {
	case _, ok := <-stream:
		assert.False(t, ok)
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
}

func TestWithoutAProviderNobodyIsSentAway(t *testing.T) {
	v := newTown(t).visit("")
	for _, path := range []string{"/api/v1/login", "/api/v1/login/callback?code=x&anything=y"} {
		status, body := v.ask(path)
		assert.Equal(t, 409, status, path)
		assert.Contains(t, body, "see login of /api/v1/me")
	}
}

func TestATokenThatWasClearedIsNoAlert(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	of := func(nats float64, frozen bool, at time.Time) {
		require.NoError(t, w.store.Write(t.Context(), store.Batch{Sightings: []store.Sighting{{
			Token: store.Token{ID: "tok_acme0"}, Evidence: &store.Evidence{At: at, Nats: nats, Threshold: 14, Frozen: frozen},
		}}}))
	}
	state := func() string { return get[tokenDetail](v, "/api/v1/tokens/tok_acme0").State }
	of(20, true, noon.Add(time.Second))
	require.Equal(t, "alert", state())
	status, _ := v.say("POST", "/api/v1/anomalies/"+anomalyID(0)+"/feedback", opinion{Verdict: "benign", Facet: "country"})
	require.Equal(t, 202, status)
	status, _ = v.say("POST", "/api/v1/anomalies/"+anomalyID(0)+"/feedback", opinion{Verdict: "benign"})
	require.Equal(t, 202, status)
	require.Eventually(t, func() bool { return !w.console.ledger.clearedAt("tok_acme0").IsZero() }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, "alert", state(), "the engine has not taken it yet")
	assert.Equal(t, "ok", w.console.condition(store.Token{ID: "tok_acme0", LastUse: store.Use{At: noon}, Evidence: store.Evidence{At: noon, Nats: 20, Threshold: 14}}, noon))
	of(20, false, noon.Add(time.Hour))
	assert.Equal(t, "alert", state(), "what came after it counts")
	assert.Zero(t, w.console.ledger.clearedAt("tok_acme1"))
}
