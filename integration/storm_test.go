package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// duty is a gateway with a list of locks, and people who are told by webhook.
type duty struct {
	*httptest.Server
	gate *gate
	mu   sync.Mutex
	told []notice
}

// notice is a message that came.
type notice struct{ Who, Occasion, Severity, Token, Incident string }

func newDuty(t testing.TB) *duty {
	d := &duty{gate: &gate{locked: map[string]bool{}}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *duty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := strings.Trim(r.URL.Path, "/")
	if strings.HasPrefix(who, "lock/") {
		d.gate.ServeHTTP(w, r)
		return
	}
	var message struct {
		Data struct {
			Severity string
			Token    struct{ ID string }
			Incident struct{ ID, Occasion string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m := message.Data
	d.mu.Lock()
	d.told = append(d.told, notice{who, m.Incident.Occasion, m.Severity, m.Token.ID, m.Incident.ID})
	d.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// count is how many messages of an occasion somebody got.
func (d *duty) count(who, occasion string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.told {
		if m.Who == who && m.Occasion == occasion {
			n++
		}
	}
	return n
}

// await waits for a message about a token.
func (d *duty) await(t *testing.T, who, occasion, token string) (found notice) {
	t.Helper()
	waitFor(t, occasion+" of "+token+" at "+who, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, m := range d.told {
			if m.Who == who && m.Occasion == occasion && m.Token == token {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// asked is what the gateway was asked about a token.
func (d *duty) asked(token string) (methods []string) {
	for _, call := range d.gate.heard() {
		if method, ok := strings.CutSuffix(call, " /lock/"+token); ok {
			methods = append(methods, method)
		}
	}
	return methods
}

// onDuty is a collector whose one rule locks what leaked, with more of it; the gateway can say whether a lock holds, and lift it.
func onDuty(t *testing.T, d *duty, rule string, more ...string) (*Collector, *Client) {
	t.Helper()
	c := newCollector(t, append([]string{
		"testdata/desk.yaml", `yaml:exporters::token_response::targets::gate::http: {endpoint: null, success: null, lock: {
  do: {method: PUT, endpoint: "${env:TARGETS}/lock/{{ .token.registry_id | urlpath }}"}, undo: {method: DELETE, endpoint: "${env:TARGETS}/lock/{{ .token.registry_id | urlpath }}"},
  verify: {endpoint: "${env:TARGETS}/lock/{{ .token.registry_id | urlpath }}", done: {status: [200]}, not_done: {status: [404]}}, success: {status: [204]}, idempotent: true}}`,
		"yaml:exporters::token_response::rules: [{name: leaked, detectors: [leaked_credential], action: lock, approval: never, targets: [gate, people]" + rule + "}]",
	}, more...)...)
	c.Env["TARGETS"], c.Env["WEBHOOK_SECRET"], c.Env["DELAYS"] = d.URL, webhookSecret, "[0s, 100ms, 100ms, 1s]"
	c.Start()
	return c, newClient(t, c.GRPC())
}

// Ten thousand anomalies within a minute: each incident is told of once, as many acts as the cap allows are done, somebody is paged once, and memory
// is bounded.
func TestAStormIsWeathered(t *testing.T) {
	const anomalies, tokens, allowed = 10_000, 400, 10
	d := newDuty(t)
	c, client := onDuty(t, d, "", fmt.Sprintf("yaml:exporters::token_response::caps: {per_hour: %d, per_owner: 0}", allowed))
	require.NoError(t, client.Logs(leakedTokens(0, 1)))
	d.await(t, "people", "act_done", "tok_0")
	before := resident(c.Process)

	began := time.Now()
	for n := 1; n < anomalies; n += 101 {
		batch := leakedTokens(n, min(n+101, anomalies))
		records := batch.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range records.Len() {
			ofToken(records.At(i), (n+i)%tokens)
		}
		require.NoError(t, client.Logs(batch))
	}
	sent := time.Since(began)
	require.Less(t, sent, time.Minute, "a storm is of a minute")
	waitFor(t, "every incident to be told of", func() bool { return d.count("people", "opened") >= tokens })
	waitFor(t, "as many acts as the cap allows", func() bool { return d.count("people", "act_done") >= allowed })
	waitFor(t, "the page", func() bool { return d.count("pager", "circuit_open") > 0 })
	after := resident(c.Process)
	c.Stop()

	done, of := 0, map[string]int{}
	for _, call := range d.gate.heard() {
		if strings.HasPrefix(call, http.MethodPut) {
			done++
		}
	}
	d.mu.Lock()
	for _, m := range d.told {
		of[m.Who+" "+m.Occasion]++
	}
	d.mu.Unlock()
	assert.Equal(t, allowed, done, "the cap holds")
	assert.Equal(t, tokens, of["people opened"], "one for each incident")
	assert.Equal(t, 1, of["pager circuit_open"], "somebody is paged, once")
	assert.Less(t, of["people updated"], tokens, "what goes on is told together")
	assert.Less(t, after-before, 128, "MiB more")
	t.Logf("%d anomalies of %d tokens in %.1f s: messages %v, %d locks, %d MiB before and %d after", anomalies, tokens, sent.Seconds(), of, done, before, after)
}

// ofToken says whom an anomaly is of.
func ofToken(record plog.LogRecord, token int) {
	record.Attributes().PutStr("api_token.id", fmt.Sprintf("tok_%d", token))
	record.Attributes().PutStr("api_token.registry_id", fmt.Sprint(token))
}

// What a rule says about time is kept by the clock of the world: a lock with a ttl is lifted by itself, and who does not acknowledge is not waited for.
func TestALockEndsAndAnIncidentEscalatesInTime(t *testing.T) {
	d := newDuty(t)
	_, client := onDuty(t, d, ", ttl: 3s, escalate: {after: 2s, targets: [pager]}")
	require.NoError(t, client.Logs(leakedTokens(1, 2)))
	first := d.await(t, "people", "act_done", "tok_1")
	require.NoError(t, client.Logs(wish("acknowledge", "incident.id", first.Incident)))
	d.await(t, "people", "acknowledged", "tok_1")
	require.NoError(t, client.Logs(leakedTokens(2, 3)))
	d.await(t, "pager", "escalated", "tok_2")
	for _, token := range []string{"1", "2"} {
		d.await(t, "people", "act_undone", "tok_"+token)
		asked := d.asked(token)
		assert.Equal(t, "PUT", asked[0])
		assert.Contains(t, asked, "DELETE")
		assert.NotContains(t, asked[1:], "PUT", "locked once")
	}
	assert.Equal(t, 1, d.count("pager", "escalated"), "what somebody has taken up goes no further, though it was due before")
}

// A gateway that says yes and does nothing is found out, and that is told with the greatest severity.
func TestALockThatDoesNotHoldIsTold(t *testing.T) {
	d := newDuty(t)
	d.gate.deaf = true
	_, client := onDuty(t, d, "")
	require.NoError(t, client.Logs(leakedTokens(1, 2)))
	for _, who := range []string{"people", "pager"} {
		assert.Equal(t, "fatal", d.await(t, who, "act_unproven", "tok_1").Severity)
	}
	assert.Contains(t, d.asked("1"), "GET", "the provider was asked")
}

// wish is what somebody wants of the desk.
func wish(verb, of, id string) plog.Logs {
	ld := plog.NewLogs()
	record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetEventName("api_token.approval")
	record.Attributes().PutStr("approval.verb", verb)
	record.Attributes().PutStr(of, id)
	return ld
}
