package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// fake is a provider after its published contract. What is not in the contract is a fault of ours, and fails the test.
type fake struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	calls []string
	// answers of the next requests, instead of the contract's.
	next []canned
	// headers that every request needs, and those that it may have besides what HTTP itself needs.
	needs map[string]string
	may   []string
	ops   []operation
}

type canned struct {
	status int
	header map[string]string
	body   string
}

// operation is one of a contract.
type operation struct {
	method, path string   // path is a pattern
	query        []string // that have to be there
	schema       shape    // of a JSON request; nil: it has no body
	form         []string // of a form, each exactly once
	does         func(in request) canned
}

type request struct {
	path   []string // what the groups of the pattern hold
	query  url.Values
	header http.Header
	json   map[string]any
	form   url.Values
	raw    string

	method, host, escaped string
}

// shape are the fields of an object: all that there may be, an asterisk before those that have to.
type shape map[string]any

func contract(t *testing.T, f *fake) *fake {
	t.Helper()
	f.t = t
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// everybody sends these.
var everybody = []string{"User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length", "Connection", "Idempotency-Key"}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	for name := range r.Header {
		_, needed := f.needs[name]
		assert.True(f.t, needed || slices.Contains(f.may, name) || slices.Contains(everybody, name), "header %s is not in the contract", name)
	}
	for name, value := range f.needs {
		assert.Equal(f.t, value, r.Header.Get(name), name)
	}
	body, err := io.ReadAll(r.Body)
	assert.NoError(f.t, err)
	in := request{query: r.URL.Query(), header: r.Header, raw: string(body), method: r.Method, host: r.Host, escaped: r.URL.EscapedPath()}
	op := f.operation(r, &in)
	if op == nil {
		f.t.Errorf("%s %s is not in the contract", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	f.check(op, r, &in)
	var answer canned
	if len(f.next) > 0 {
		answer, f.next = f.next[0], f.next[1:]
	} else {
		answer = op.does(in)
	}
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

func (f *fake) operation(r *http.Request, in *request) *operation {
	for i := range f.ops {
		op := &f.ops[i]
		found := regexp.MustCompile("^" + op.path + "$").FindStringSubmatch(r.URL.EscapedPath())
		if op.method != r.Method || found == nil || op.form != nil && !strings.Contains(in.raw, op.form[0]) {
			continue
		}
		for _, part := range found[1:] {
			plain, err := url.PathUnescape(part)
			assert.NoError(f.t, err)
			in.path = append(in.path, plain)
		}
		return op
	}
	return nil
}

func (f *fake) check(op *operation, r *http.Request, in *request) {
	names := make([]string, 0, len(in.query))
	for name := range in.query {
		names = append(names, name)
	}
	assert.ElementsMatch(f.t, op.query, names, "query")
	switch {
	case op.form != nil:
		assert.Equal(f.t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		form, err := url.ParseQuery(in.raw)
		assert.NoError(f.t, err)
		in.form = form
		assert.Len(f.t, form, len(op.form), "form %v", form)
		for _, field := range op.form {
			name, value, exact := strings.Cut(field, "=")
			assert.Len(f.t, form[name], 1, name)
			if exact {
				assert.Equal(f.t, value, form.Get(name))
			}
		}
	case op.schema != nil:
		assert.Equal(f.t, "application/json", r.Header.Get("Content-Type"))
		if assert.NoError(f.t, json.Unmarshal([]byte(in.raw), &in.json), in.raw) {
			fits(f.t, "body", op.schema, in.json)
		}
	default:
		assert.Empty(f.t, in.raw, "this operation has no body")
	}
}

// fits compares an object with its shape.
func fits(t *testing.T, at string, want shape, got map[string]any) {
	t.Helper()
	for name := range got {
		_, optional := want[name]
		_, needed := want["*"+name]
		assert.True(t, optional || needed, "%s.%s is not in the contract", at, name)
	}
	for name, kind := range want {
		plain, needed := strings.CutPrefix(name, "*")
		value, there := got[plain]
		if !there {
			assert.False(t, needed, "%s.%s has to be there", at, plain)
			continue
		}
		if inner, ok := kind.(shape); ok {
			object, isObject := value.(map[string]any)
			if assert.True(t, isObject, "%s.%s is a %T", at, plain, value) {
				fits(t, at+"."+plain, inner, object)
			}
			continue
		}
		assert.IsType(t, kind, value, "%s.%s", at, plain)
	}
}

// will makes the next request get that answer, if it is in the contract.
func (f *fake) will(status int, body string, header ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := canned{status: status, body: body, header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		answer.header[header[i]] = header[i+1]
	}
	f.next = append(f.next, answer)
}

func (f *fake) made() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fake) channel(secrets ...string) Channel {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	f.t.Cleanup(transport.CloseIdleConnections)
	return Channel{
		Client:    wire.Client(&http.Client{Transport: transport, Timeout: 5 * time.Second}),
		UserAgent: "Holter/test", Secrets: wire.NewSecrets(secrets...),
	}
}

func answer(status int, body string) canned { return canned{status: status, body: body} }

// flagged is an event of a token that a registry knows.
const flagged = `{"type":"api_token.anomaly","timestamp":"2026-03-25T03:12:00Z","data":{"id":"a-1","detector":"leaked_credential",
"severity":"error","token":{"id":"tok_abc","registry_id":"key_123","fingerprint":"fp_1","client_id":"billing","issuer":"https://id.example.com",
"owner":{"id":"acme/1"},"tags":{"kong.acl":"7d2e3179-f69b-450c-7179-ac8ee8bd8ca9","vault.entity":"ent-1","aws.role":"shop-role","aws.user":"shop","aws.key":"AKIAIOSFODNN7EXAMPLE"}},
"incident":{"id":"i-1","grant":{"scopes":["orders.read"]}}}}`

// act performs steps of an act and compares what came of them.
type act struct {
	t      *testing.T
	preset *Preset
	action response.Action
}

func (a act) send(step response.Step, state response.State) response.Answer {
	return a.sendOf(step, response.Progress{State: state})
}

func (a act) sendOf(step response.Step, at response.Progress) response.Answer {
	d := &response.Delivery{ID: "act-1", Body: []byte(flagged), Action: a.action, Step: step, Arrived: noon, Progress: at}
	return a.preset.Send(a.t.Context(), d, noon)
}

func (a act) is(want response.Verdict, step response.Step, why ...string) {
	a.t.Helper()
	got := a.send(step, response.Waiting)
	require.Equal(a.t, want, got.Verdict, "%s %s: %s %s", a.action, step, got.Reason, got.Text)
	for _, text := range why {
		require.Contains(a.t, got.Reason, text)
	}
}

func (a act) asked(want response.Verdict, step response.Step) {
	a.t.Helper()
	got := a.send(step, response.Asking)
	require.Equal(a.t, want, got.Verdict, "%s %s asked: %s", a.action, step, got.Reason)
}

// reversible is the story of an act that can be undone, and asked for.
func (a act) reversible() {
	a.t.Helper()
	a.is(response.Undone, response.Verify)
	a.is(response.Done, response.Do)
	a.is(response.Done, response.Verify)
	a.asked(response.Done, response.Do)
	a.asked(response.Undone, response.Undo)
	a.is(response.Done, response.Undo)
	a.asked(response.Done, response.Undo)
	a.asked(response.Undone, response.Do)
	a.is(response.Undone, response.Verify)
	if a.preset.Can(a.action).Idempotent {
		a.is(response.Done, response.Do)
		a.is(response.Done, response.Do)
		a.is(response.Done, response.Undo)
		a.is(response.Done, response.Undo)
	}
}

// refusals are answers of the vendor, and what becomes of the act.
func (a act) refusals(f *fake, table []refused) {
	a.t.Helper()
	for _, r := range table {
		f.will(r.status, r.body, r.header...)
		got := a.sendOf(response.Do, response.Progress{Doubt: true}) // it is not asked before
		assert.Equal(a.t, r.verdict, got.Verdict, "%d %s: %s", r.status, r.body, got.Reason)
		if r.why != "" {
			assert.Contains(a.t, got.Reason, r.why)
		}
		assert.Equal(a.t, r.busy, got.Busy, "%d", r.status)
	}
}

type refused struct {
	status  int
	body    string
	header  []string
	verdict response.Verdict
	why     string
	busy    bool
}

// missing is an event without one field: the act must not go out.
func (a act) missing(path ...string) {
	a.t.Helper()
	var envelope map[string]any
	require.NoError(a.t, json.Unmarshal([]byte(flagged), &envelope))
	at := envelope["data"].(map[string]any)
	for _, step := range path[:len(path)-1] {
		at = at[step].(map[string]any)
	}
	delete(at, path[len(path)-1])
	body, err := json.Marshal(envelope)
	require.NoError(a.t, err)
	got := a.preset.Send(a.t.Context(), &response.Delivery{ID: "act-2", Body: body, Action: a.action, Arrived: noon}, noon.Add(time.Hour))
	assert.Equal(a.t, response.Final, got.Verdict)
	assert.Contains(a.t, got.Reason, strings.Join(path, "."), "it says which field is missing")
}

// hides says what a dry run shows, which asks nobody and holds no secret.
func (a act) hides(f *fake, want string, secrets ...string) {
	a.t.Helper()
	f.made()
	d := &response.Delivery{ID: "act-1", Body: []byte(flagged), Action: a.action, DryRun: true, Arrived: noon}
	got := a.preset.Send(a.t.Context(), d, noon)
	require.Equal(a.t, response.Described, got.Verdict, got.Reason)
	assert.Contains(a.t, got.Request, want)
	for _, secret := range secrets {
		assert.NotContains(a.t, got.Request, secret)
	}
	assert.Empty(a.t, f.made(), "dry run asks nobody")
}

func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }
