package provider

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/freeport"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

const adminKey = "adm1n-k3y"

func lockSpec(address string) RequestSpec {
	return RequestSpec{
		Method:   http.MethodPost,
		Endpoint: address + `/keys/{{ .token.registry_id | urlpath }}/lock?hashed=true&score={{ .score | urlquery }}`,
		Headers:  map[string]string{"authorization": `Bearer {{ secret "admin" }}`, "X-Detector": "{{ .detector }}"},
		Body:     `{"reason":{{ .detector | json }},"key":{{ secret "admin" | json }}}`,
		Secrets:  map[string]string{"admin": adminKey},
	}
}

func newCall(t *testing.T, spec RequestSpec) *Call {
	t.Helper()
	request, err := NewRequest(spec)
	require.NoError(t, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &Call{
		Channel: Channel{
			Client:    wire.Client(&http.Client{Transport: transport, Timeout: 5 * time.Second}),
			UserAgent: "Holter/test", Secrets: wire.NewSecrets(adminKey),
		},
		Request: request,
		Success: Success{Status: []int{200, 204}, Body: []Check{{Path: "error", Exists: new(bool)}}},
	}
}

func locking() *response.Delivery { return &response.Delivery{ID: "a-1", Body: []byte(stolen)} }

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestCallSendsExactlyWhatIsConfigured(t *testing.T) {
	var got *http.Request
	var body string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		_, _ = io.WriteString(w, `{"locked":true,"echo":"`+adminKey+`"}`)
	})
	a := newCall(t, lockSpec(address)).Send(t.Context(), locking(), noon)
	require.Equal(t, response.Done, a.Verdict, a.Reason)
	assert.JSONEq(t, `{"locked":true,"echo":"***"}`, a.Text, "the answer is kept without secrets")
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "/keys/key%2F1%202/lock?hashed=true&score=31.5", got.RequestURI)
	assert.Equal(t, "Bearer "+adminKey, got.Header.Get("Authorization"))
	assert.Equal(t, "identity_shift", got.Header.Get("X-Detector"))
	assert.Equal(t, "a-1", got.Header.Get("Idempotency-Key"))
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "Holter/test", got.Header.Get("User-Agent"))
	assert.JSONEq(t, `{"reason":"identity_shift","key":"adm1n-k3y"}`, body)
}

func TestDryRunSaysExactlyWhatWouldBeSent(t *testing.T) {
	asked := false
	address := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	want := strings.Join([]string{
		"POST " + address + "/keys/key%2F1%202/lock?hashed=***&score=31.5",
		"Idempotency-Key: a-1",
		"Authorization: ***",
		"X-Detector: ***",
		"",
		`{"reason":"identity_shift","key":"***"}`,
	}, "\n")

	call := newCall(t, lockSpec(address))
	call.DryRun = true
	a := call.Send(t.Context(), locking(), noon)
	assert.Equal(t, response.Described, a.Verdict)
	assert.Equal(t, want, a.Request)

	call.DryRun = false
	d := locking()
	d.DryRun = true
	assert.Equal(t, response.Described, call.Send(t.Context(), d, noon).Verdict, "it was accepted in dry run")
	assert.False(t, asked)

	call.DryRun = true
	d.Body = []byte(`{"data":{"detector":"x","score":1,"token":{}}}`)
	a = call.Send(t.Context(), d, noon)
	assert.Equal(t, response.Final, a.Verdict, "a dry run shows what would fail, too")
	assert.Contains(t, a.Reason, `map has no entry for key "registry_id"`)
}

func TestCallJudges(t *testing.T) {
	for _, c := range []struct {
		name              string
		status            int
		body              string
		plain, idempotent response.Verdict
		busy              bool
	}{
		{"done", 200, `{}`, response.Done, response.Done, false},
		{"200 that says no", 200, `{"error":"invalid_token"}`, response.Final, response.Refused, false},
		{"200 that is no JSON", 200, `<html>`, response.Final, response.Refused, false},
		{"another 2xx", 202, `{}`, response.Final, response.Refused, false},
		{"a redirect", 302, ``, response.Refused, response.Refused, false},
		{"wrong credentials", 401, ``, response.Refused, response.Refused, false},
		{"no such key", 404, ``, response.Refused, response.Refused, false},
		{"gone is no end for an act", 410, ``, response.Refused, response.Refused, false},
		{"too many", 429, ``, response.Refused, response.Refused, true},
		{"unavailable, by definition not done", 503, ``, response.Refused, response.Refused, true},
		{"it broke, done or not", 500, ``, response.Lost, response.Lost, false},
		{"a gateway lost the answer", 502, ``, response.Lost, response.Lost, true},
		{"a gateway gave up waiting", 504, ``, response.Lost, response.Lost, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			call := newCall(t, lockSpec(address))
			a := call.Send(t.Context(), locking(), noon)
			assert.Equal(t, c.plain, a.Verdict, a.Reason)
			assert.Equal(t, c.busy, a.Busy)
			call.Idempotent = true
			assert.Equal(t, c.idempotent, call.Send(t.Context(), locking(), noon).Verdict)
		})
	}
}

func TestCallWithoutAnAnswer(t *testing.T) {
	t.Run("not sent", func(t *testing.T) {
		ports, err := freeport.Take(1)
		require.NoError(t, err)
		a := newCall(t, lockSpec("http://127.0.0.1:"+ports[0])).Send(t.Context(), locking(), noon)
		assert.Equal(t, response.Unreached, a.Verdict)
		assert.NotContains(t, a.Reason, "lock")
	})
	t.Run("broken off", func(t *testing.T) {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{}`)
		})
		call := newCall(t, lockSpec(address))
		assert.Equal(t, response.Lost, call.Send(t.Context(), locking(), noon).Verdict)
		call.Success.Body = nil
		assert.Equal(t, response.Done, call.Send(t.Context(), locking(), noon).Verdict, "the status is all that matters")
	})
	t.Run("sent once, even over a connection that was used before", func(t *testing.T) {
		var arrived atomic.Int32
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if arrived.Add(1) == 1 {
				_, _ = io.WriteString(w, `{}`)
				return
			}
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		})
		call := newCall(t, RequestSpec{Method: http.MethodDelete, Endpoint: address + "/keys/{{ .id | urlpath }}"})
		require.Equal(t, response.Done, call.Send(t.Context(), locking(), noon).Verdict)
		assert.Equal(t, response.Lost, call.Send(t.Context(), locking(), noon).Verdict)
		assert.EqualValues(t, 2, arrived.Load(), "the transport must not repeat it by itself")
	})
}

func TestReadBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   response.Verdict
	}{
		{"done", 404, ``, response.Done},
		{"not done", 200, `{"enabled":true}`, response.Undone},
		{"neither", 200, `{}`, response.Refused},
		{"not allowed to know", 401, ``, response.Refused},
		{"broken", 500, ``, response.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *http.Request
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			call := newCall(t, lockSpec(address))
			request, err := NewRequest(RequestSpec{Method: http.MethodGet, Endpoint: address + "/keys/{{ .token.registry_id | urlpath }}"})
			require.NoError(t, err)
			call.ReadBack = &ReadBack{
				Request: request, Done: Success{Status: []int{404}},
				NotDone: Success{Status: []int{200}, Body: []Check{{Path: "enabled", Equals: true}}},
			}
			d := locking()
			d.State = response.Asking
			a := call.Send(t.Context(), d, noon)
			assert.Equal(t, c.want, a.Verdict, a.Reason)
			assert.Equal(t, http.MethodGet, got.Method)
			assert.Equal(t, "/keys/key%2F1%202", got.RequestURI)
			assert.Empty(t, got.Header.Get("Idempotency-Key"))
		})
	}
	t.Run("it was taken out of the configuration", func(t *testing.T) {
		call := newCall(t, lockSpec("http://127.0.0.1:1"))
		d := locking()
		d.State = response.Asking
		assert.Equal(t, response.Lost, call.Send(t.Context(), d, noon).Verdict)
	})
}

func TestRequestRefusesWhatIsWrong(t *testing.T) {
	good := lockSpec("http://kong:8001")
	for want, change := range map[string]func(*RequestSpec){
		`method "" is not an HTTP method`:                       func(s *RequestSpec) { s.Method = "" },
		`method "DE LETE" is not an HTTP method`:                func(s *RequestSpec) { s.Method = "DE LETE" },
		`endpoint "kong:8001" has no scheme`:                    func(s *RequestSpec) { s.Endpoint = "kong:8001" },
		`endpoint: {{ .id }} is not escaped`:                    func(s *RequestSpec) { s.Endpoint = "http://kong/{{ .id }}" },
		`headers: "a b" is not the name of a header`:            func(s *RequestSpec) { s.Headers = map[string]string{"a b": "x"} },
		`headers::x: 1: unclosed action`:                        func(s *RequestSpec) { s.Headers = map[string]string{"x": "{{"} },
		`body: {{ .id }} is not escaped: write {{ .id | json }`: func(s *RequestSpec) { s.Body = `{"id":"{{ .id }}"}` },
	} {
		s := good
		change(&s)
		_, err := NewRequest(s)
		assert.ErrorContains(t, err, want)
	}
}

func TestRequestThatAnEventCannotFill(t *testing.T) {
	for want, change := range map[string]func(*RequestSpec){
		`endpoint: 1:`: func(s *RequestSpec) { s.Endpoint = "http://kong/{{ .gone | urlpath }}" },
		`headers::X:`:  func(s *RequestSpec) { s.Headers = map[string]string{"x": "{{ .gone }}"} },
		`body: 1:`:     func(s *RequestSpec) { s.Body = "{{ .gone | json }}" },
		`body: not JSON once the event is written into it`: func(s *RequestSpec) { s.Body = `{"id":"{{ .id | json }}"}` },
	} {
		s := lockSpec("http://kong:8001")
		change(&s)
		call := newCall(t, s)
		a := call.Send(t.Context(), locking(), noon)
		assert.Equal(t, response.Final, a.Verdict)
		assert.Contains(t, a.Reason, "the request cannot be written: "+want)
	}
	call := newCall(t, lockSpec("http://kong:8001"))
	d := locking()
	d.Body = []byte("?")
	assert.Equal(t, response.Final, call.Send(t.Context(), d, noon).Verdict)
}

func TestFormBody(t *testing.T) {
	var body string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		_, _ = io.WriteString(w, "{}")
	})
	call := newCall(t, RequestSpec{
		Method: http.MethodPost, Endpoint: address + "/revoke", Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"},
		Body: `id={{ .token.registry_id | urlquery }}&by=holter`,
	})
	require.Equal(t, response.Done, call.Send(t.Context(), locking(), noon).Verdict)
	assert.Equal(t, "id=key%2F1+2&by=holter", body)
}
