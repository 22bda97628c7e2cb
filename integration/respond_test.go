package integration

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagePassword is that of everybody who logs in to the page in tests.
const pagePassword = "correct horse battery"

// gate is a gateway with a list of locks.
type gate struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []string
	locked map[string]bool
	deaf   bool // says yes to a lock and does not lock
}

func openGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{locked: map[string]bool{}}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, r.Method+" "+r.URL.Path)
	switch r.Method {
	case http.MethodPut:
		g.locked[r.URL.Path] = !g.deaf
	case http.MethodDelete:
		delete(g.locked, r.URL.Path)
	case http.MethodGet:
		if !g.locked[r.URL.Path] {
			w.WriteHeader(http.StatusNotFound)
		}
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *gate) heard() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.calls...)
}

func (g *gate) port(t *testing.T) string {
	t.Helper()
	address, err := url.Parse(g.URL)
	require.NoError(t, err)
	return address.Port()
}

// person is somebody who has logged in.
type person struct {
	*http.Client
	base, csrf string
}

func logIn(t *testing.T, c *Collector, user string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p := &person{Client: &http.Client{Jar: jar}, base: c.Console()}
	var me struct{ CSRF string }
	_, body := p.say(t, "GET", "/api/v1/me", nil, nil)
	require.NoError(t, json.Unmarshal(body, &me))
	p.csrf = me.CSRF
	status, body := p.say(t, "POST", "/api/v1/session", map[string]string{"user": user, "password": pagePassword}, nil)
	require.Equal(t, 200, status, string(body))
	require.NoError(t, json.Unmarshal(body, &me))
	p.csrf = me.CSRF
	return p
}

func (p *person) say(t *testing.T, method, path string, what any, header map[string]string) (int, []byte) {
	t.Helper()
	text, err := json.Marshal(what)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, p.base+path, bytes.NewReader(text))
	require.NoError(t, err)
	r.Header.Set("X-CSRF-Token", p.csrf)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := p.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, body
}

// answeredIncident is what the API says of one.
type answeredIncident struct {
	ID, Token string
	Anomalies []string
	Acts      []struct{ ID, State string }
}

// The whole life of an incident, in the browser: a rule proposes a lock, a reader cannot answer, nor can another site; somebody with the role
// approves it, the gateway locks the key and says that it holds, a request that succeeds all the same says that it does not, and it is undone. For another
// key the proposal is refused, and nothing is done.
func TestAnIncidentIsAnsweredOnThePage(t *testing.T) {
	needBrowser(t)
	gate := openGate(t)
	c := newCollector(t, "../configs/default.yaml", "testdata/respond.yaml")
	c.args = c.onOwnPorts()
	c.Env["GATE"], c.Env["PASSWORD"] = gate.port(t), pagePassword
	key := keyNumber(0)
	token := known(key)
	yesterday := time.Now().AddDate(0, 0, -1).UTC()
	token.ExpiresAt = &yesterday
	other := known(keyNumber(1))
	other.ExpiresAt = &yesterday
	c.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH", Team: "payments"}}, token, other)
	c.Start()
	client := newClient(t, c.GRPC())
	for n := range 40 { // a life before it expired
		call := normal(key)
		call.Sequence, call.At = n, yesterday.Add(-time.Duration(40-n)*6*time.Hour)
		send(t, client, call)
	}
	call := normal(key)
	call.Sequence, call.At = 1000, time.Now().Add(-time.Second)
	send(t, client, call)

	rob := logIn(t, c, "rob")
	var list struct{ Incidents []answeredIncident }
	waitFor(t, "the proposal", func() bool {
		_, body := rob.say(t, "GET", "/api/v1/incidents", nil, nil)
		require.NoError(t, json.Unmarshal(body, &list))
		return len(list.Incidents) == 1 && len(list.Incidents[0].Acts) == 1 && list.Incidents[0].Acts[0].State == "proposed"
	})
	require.Empty(t, gate.heard(), "nothing is done before somebody says so")
	incident := list.Incidents[0]
	approve := map[string]string{"verb": "approve"}
	for name, header := range map[string]map[string]string{
		"another origin": {"Origin": "https://evil.example"}, "another site": {"Sec-Fetch-Site": "cross-site"}, "no token": {"X-CSRF-Token": ""},
	} {
		status, _ := rob.say(t, "POST", "/api/v1/acts/"+incident.Acts[0].ID, approve, header)
		assert.Equal(t, 403, status, name)
	}
	status, _ := logIn(t, c, "rita").say(t, "POST", "/api/v1/acts/"+incident.Acts[0].ID, approve, nil)
	assert.Equal(t, 403, status, "a reader cannot")

	env := map[string]string{"TOKEN": incident.Token, "ANOMALY": incident.Anomalies[0], "PASSWORD": pagePassword}
	visitPage(t, c, env, "approval")

	// The gateway says that the lock holds, and yet the key is served: that is told with the act, which is proven no more.
	call.Sequence, call.At = 1001, time.Now().Add(2*time.Second)
	send(t, client, call)
	waitFor(t, "the proof to the contrary", func() bool {
		_, body := rob.say(t, "GET", "/api/v1/incidents", nil, nil)
		require.NoError(t, json.Unmarshal(body, &list))
		return list.Incidents[0].Acts[0].State == "unproven"
	})
	waitFor(t, "the anomaly", func() bool {
		_, body := rob.say(t, "GET", "/api/v1/anomalies?severity=FATAL", nil, nil)
		return bytes.Contains(body, []byte("was locked at gate at")) && bytes.Contains(body, []byte("but still succeeds: it called GET /v1/orders/{id}"))
	})

	visitPage(t, c, env, "undo", "stop")
	call = normal(keyNumber(1))
	call.Sequence, call.At = 2000, time.Now().Add(-time.Second)
	send(t, client, call)
	waitFor(t, "the proposal for the other key", func() bool {
		_, body := rob.say(t, "GET", "/api/v1/incidents", nil, nil)
		require.NoError(t, json.Unmarshal(body, &list))
		return len(list.Incidents) == 2
	})
	second := list.Incidents[slices.IndexFunc(list.Incidents, func(i answeredIncident) bool { return i.ID != incident.ID })]
	visitPage(t, c, map[string]string{"TOKEN": second.Token, "ANOMALY": second.Anomalies[0], "PASSWORD": pagePassword}, "refusal")
	_, body := rob.say(t, "GET", "/api/v1/incidents", nil, nil)
	assert.Contains(t, string(body), `"state":"refused"`)

	lock := "/locks/" + token.ID
	calls := gate.heard()
	require.GreaterOrEqual(t, len(calls), 3)
	assert.Equal(t, []string{"PUT " + lock, "GET " + lock, "DELETE " + lock}, []string{calls[0], calls[1], calls[len(calls)-1]})
	assert.NotContains(t, strings.Join(calls, "\n"), other.ID, "what is refused is not done")
	assert.Empty(t, newHunt(map[string]string{"the key": key}).SearchFolder(t, c.Data, ownersFile))
}
