package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

// noon is when the tests take place: a Thursday.
var noon = time.Date(2026, 3, 26, 12, 0, 0, 0, time.UTC)

// town is a console over a store of two tenants. Whatever is of the second one has zeta in it.
type town struct {
	t       testing.TB
	store   *embedded.Store
	console *Console
	server  *httptest.Server
	demo    *scripted
	counted chan string
}

// facts of one token in an hour.
const perHour = 10

func newTown(t testing.TB, change ...func(*Settings)) *town {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := &town{t: t, store: s, counted: make(chan string, 1000)}
	w.demo = &scripted{store: s, steps: make(chan float64)}
	w.fill()
	settings := Settings{
		Store: s, Version: "1.2.3", Assets: fstest.MapFS{
			"index.html": {Data: []byte(`<script type="application/json" id="first">{{.First}}</script>`)}, "app.js": {Data: []byte("let a = 1")},
		},
		Links:   []Link{{"Jaeger", "http://localhost:16686/trace/{trace_id}"}},
		Limits:  Limits{MaxRange: 800 * 24 * time.Hour, Timeout: 20 * time.Second, Streams: 4, Export: 100_000, Entries: 1000},
		Gate:    (&access.Gate{Login: access.LoginNone}).Open(),
		OTLP:    func() (string, string) { return "127.0.0.1:4317", "http://127.0.0.1:4318" },
		Demo:    w.demo,
		Now:     func() time.Time { return noon },
		Count:   func(what string) { w.counted <- what },
		Trouble: func(doing string, err error) { t.Errorf("%s: %v", doing, err) },
	}
	for _, c := range change {
		c(&settings)
	}
	w.console, err = New(settings)
	require.NoError(t, err)
	w.console.Run()
	require.Eventually(t, func() bool { // what was said before is read
		w.console.ledger.mu.RLock()
		defer w.console.ledger.mu.RUnlock()
		return w.console.ledger.upTo >= 2
	}, 10*time.Second, time.Millisecond)
	w.server = httptest.NewServer(w.console)
	t.Cleanup(func() {
		w.console.Close()
		w.server.CloseClientConnections()
		w.server.Close()
	})
	return w
}

// fill writes two days of two tenants, and of the demo.
func (w *town) fill() {
	ctx := w.t.Context()
	batch := store.Batch{}
	for _, tenant := range []string{"acme", "zeta"} {
		for i := range 2 {
			id := fmt.Sprintf("tok_%s%d", tenant, i)
			owner := store.Subject{Token: id, Owner: tenant + "-owner", Team: tenant + "-team"}
			batch.Sightings = append(batch.Sightings, store.Sighting{
				Token: store.Token{
					ID: id, Direction: "inbound", Hint: fmt.Sprintf("sk_%s_…%04d", tenant, i), Type: "api_key", OwnerID: owner.Owner, OwnerName: strings.ToUpper(tenant) + " Corp",
					OwnerTeam: owner.Team, Tenant: tenant, Environment: "production", Status: "active", Scopes: []string{tenant + ":read"}, Tags: map[string]string{"plan": tenant},
					LastUse: store.Use{
						At: noon.Add(-time.Minute), Country: "DE", Network: "AS" + tenant, Client: tenant + "-client", Route: "GET /" + tenant, Service: tenant + "-api",
						Version: "1.1", Trace: "0af7651916cd43dd8448eb211c80319c",
					},
				},
				Evidence: &store.Evidence{At: noon, Nats: 2, Threshold: 14},
			})
			batch.Facts = append(batch.Facts, hours(owner, tenant)...)
		}
	}
	batch.Sightings = append(batch.Sightings, store.Sighting{Token: store.Token{
		ID: "tok_demo", Direction: "inbound", Hint: "sk_live_…demo", Environment: DemoEnvironment, LastUse: store.Use{At: noon.Add(-time.Hour)},
	}})
	require.NoError(w.t, w.store.Write(ctx, batch))
	require.NoError(w.t, w.store.PutEvents(ctx, events()))
	require.NoError(w.t, w.store.Append(ctx, []store.Entry{
		{Time: noon.Add(-time.Hour), Kind: store.EntryResponse, Token: "tok_zeta0", By: "zeta", Body: "zeta was told"},
		{Time: noon.Add(-time.Hour), Kind: store.EntryResponse, Token: "tok_acme0", By: "responder", Body: "the team was told"},
	}))
}

// hours are two days of one subject: nine requests that succeed and one that does not in every hour, a tenth of it from elsewhere in the last three.
func hours(owner store.Subject, tenant string) (out []store.Fact) {
	for h := range 48 {
		at := noon.Add(-time.Duration(48-h)*time.Hour).Unix() / 60
		put := func(kind store.Kind, first, second string, value int64) {
			out = append(out, store.Fact{Minute: at, Kind: kind, Subject: owner, First: first, Second: second, Value: value})
		}
		put(store.Outcomes, "success", "", perHour-1)
		put(store.Outcomes, "server_error", "", 1)
		put(store.Routes, "GET /"+tenant, "", perHour-1)
		if h >= 45 {
			put(store.Routes, "GET /"+tenant+"/export", "", 1)
			put(store.Origins, "NL", "AS14061", 1)
			put(store.Origins, "DE", "AS"+tenant, perHour-1)
			put(store.Releases, tenant+"-api", "1.1", perHour)
		} else {
			put(store.Routes, "GET /"+tenant+"/list", "", 1)
			put(store.Origins, "DE", "AS"+tenant, perHour)
			put(store.Releases, tenant+"-api", "1.0", perHour)
		}
		put(store.Clients, tenant+"-client", "", perHour)
		put(store.Bytes, "receive", "", 1000)
		put(store.Bytes, "transmit", "", 5000)
		put(store.Units, "input_tokens", tenant+"-model", 70)
		put(store.Costs, "EUR", tenant+"-model", 2_500_000_000)
		histogram := &store.Histogram{Scale: 3, Offset: -30, Counts: []uint64{perHour}, Sum: 1}
		out = append(out, store.Fact{Minute: at, Kind: store.Durations, Subject: owner, Value: perHour, Histogram: histogram},
			store.Fact{Minute: at, Kind: store.RouteDurations, First: "GET /" + tenant, Second: "success", Value: perHour, Histogram: histogram},
			store.Fact{Minute: at, Kind: store.Coverage, First: tenant + "-api", Second: "with", Value: perHour})
	}
	return out
}

func events() (out []store.Event) {
	for i, tenant := range []string{"acme", "zeta"} {
		token := "tok_" + tenant + "0"
		of := store.Event{
			Token: token, Direction: "inbound", Owner: tenant + "-owner", Team: tenant + "-team", Tenant: tenant, Time: noon.Add(-90 * time.Minute), Body: tenant + " did something",
		}
		anomaly, auth, usual := of, of, of
		anomaly.ID, anomaly.Kind, anomaly.Severity, anomaly.Name, anomaly.Trace = anomalyID(i), store.EventAnomaly, "ERROR", "identity_shift", "0af7651916cd43dd8448eb211c80319c"
		anomaly.Attributes = json.RawMessage(fmt.Sprintf(`{"anomaly.evidence": [
			{"facet": "country", "observed": "NL", "expected": "DE 100 %%", "nats": 9.5, "samples": 1800,
				"owner_tokens": 5, "owner_tokens_same": 0, "owner_tokens_mostly": "DE"},
			{"facet": "endpoint", "observed": "GET /%[1]s/export", "expected": "2 others", "nats": 14, "samples": 1800},
			{"facet": "hour", "observed": "10:00 UTC", "expected": "at all hours", "nats": -1}],
			"anomaly.suggested_action": "restrict", "anomaly.trace_ids": ["5b8aa5a2d2c872e8321cf37308d69df2"], "http.route": "/%[1]s/export", "http.request.method": "GET", "client.as.number": 14061,
			"client.address": "192.0.2.0/24", "geo.country.iso_code": "NL", "security_rule.name": "API token used by somebody else", "user_agent.name": "<script>alert(1)</script>"}`, tenant))
		auth.ID, auth.Kind, auth.Name, auth.Time = "auth-"+tenant, store.EventAuth, "refreshed", noon.Add(-5*time.Hour)
		usual.ID, usual.Kind = "base-"+tenant, store.EventBaseline
		usual.Attributes = json.RawMessage(fmt.Sprintf(`{"baseline.days": 30, "baseline.requests": 7200, "baseline.state": "ready",
			"baseline.requests_per_day": {"low": 230, "median": 240, "high": 250}, "baseline.hours": [%s],
			"baseline.routes": [{"value": "GET /%[2]s", "share": 0.9}, {"value": "GET /%[2]s/list", "share": 0.1}],
			"baseline.countries": [{"value": "DE", "share": 1}], "baseline.networks": [{"value": "AS%[2]s", "share": 1}], "baseline.clients": [{"value": "%[2]s-client", "share": 1}]}`,
			strings.TrimSuffix(strings.Repeat("1,", 24), ","), tenant))
		out = append(out, anomaly, auth, usual)
	}
	return append(out, store.Event{ID: "many", Kind: store.EventAnomaly, Time: noon.Add(-2 * time.Hour), Severity: "WARN", Name: "population_shift", Body: "zeta and others changed"})
}

// anomalyID is that of the anomaly of a tenant, by its place.
func anomalyID(tenant int) string {
	return fmt.Sprintf("00000000-0000-5000-8000-00000000000%d", tenant)
}

// users of a console: who sees all, and who sees acme.
func users(t testing.TB) []access.User {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	require.NoError(t, err)
	of := func(name string, role access.Role, scope store.Scope) access.User {
		return access.User{Who: access.Who{Name: name, Roles: []access.Role{role}, Scope: scope}, Password: access.Password(hash)}
	}
	acme := store.Scope{Tenants: []string{"acme"}}
	return []access.User{
		of("root", access.Admin, store.Scope{}), of("reader", access.Read, acme), of("responder", access.Respond, acme), of("owner", access.Admin, acme),
		of("team", access.Read, store.Scope{Teams: []string{"acme-team"}}),
	}
}

// withUsers has people log in.
func withUsers(t testing.TB) func(*Settings) {
	return func(s *Settings) {
		s.Gate = (&access.Gate{
			Login: access.LoginUsers, Users: users(t), Sessions: &access.Sessions{Lifetime: time.Hour, Most: 100}, Attempts: &access.Rates{Each: .1, Burst: 10, Keys: 100},
		}).Open()
	}
}

// visitor is somebody with a browser.
type visitor struct {
	w      *town
	client *http.Client
	csrf   string
}

// visit opens a browser, and logs in where there is a name.
func (w *town) visit(name string) *visitor {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	v := &visitor{w: w, client: &http.Client{Jar: jar}}
	v.csrf = get[me](v, "/api/v1/me").CSRF
	if name != "" {
		status, body := v.say("POST", "/api/v1/session", login{name, "open sesame"})
		require.Equal(w.t, 200, status, body)
		var self me
		require.NoError(w.t, json.Unmarshal([]byte(body), &self))
		require.Equal(w.t, name, self.User)
		v.csrf = self.CSRF
		w.catchUp() // with the login
	}
	return v
}

// ask asks for something.
func (v *visitor) ask(path string) (status int, body string) {
	v.w.t.Helper()
	status, body, _ = v.do(httpRequest(v.w.t, "GET", v.w.server.URL+path, nil))
	return status, body
}

// say changes something.
func (v *visitor) say(method, path string, what any) (status int, body string) {
	v.w.t.Helper()
	text, err := json.Marshal(what)
	require.NoError(v.w.t, err)
	r := httpRequest(v.w.t, method, v.w.server.URL+path, bytes.NewReader(text))
	r.Header.Set("X-CSRF-Token", v.csrf)
	status, body, _ = v.do(r)
	return status, body
}

func httpRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return r
}

func (v *visitor) do(r *http.Request) (status int, body string, header http.Header) {
	v.w.t.Helper()
	response, err := v.client.Do(r)
	require.NoError(v.w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(v.w.t, err)
	return response.StatusCode, string(text), response.Header
}

// get asks for something that is there.
func get[T any](v *visitor, path string) (answer T) {
	v.w.t.Helper()
	status, body := v.ask(path)
	require.Equal(v.w.t, 200, status, "%s: %s", path, body)
	require.NoError(v.w.t, json.Unmarshal([]byte(body), &answer), path)
	return answer
}
