package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinesOfEveryFormat(t *testing.T) {
	combined := map[string]any{
		"http.request.method": "GET", "url.path": "/v1/a", "url.query": "x=1", "http.response.status_code": int64(200), "http.response.body.size": int64(21),
		"client.address": "81.2.69.160", "user_agent.original": "curl/8",
	}
	for name, c := range map[string]struct {
		line string
		want map[string]any
		body bool
	}{
		"combined":              {`81.2.69.160 - - [22/Nov/2026:04:57:41 +0000] "GET /v1/a?x=1 HTTP/1.1" 200 21 "-" "curl/8"`, combined, false},
		"combined with headers": {`81.2.69.160 - - [22/Nov/2026:04:57:41 +0000] "GET /v1/a?x=1 HTTP/1.1" 200 21 "-" "curl/8" key="abc"`, combined, true},
		"a virtual host before it, a user, quotes": {
			`81.2.69.160 - jack [22/Nov/2026:05:57:41 +0100] "POST /v1/\"a HTTP/2.0" 204 - "https://x/\"" "a \"b\" c"`, map[string]any{
				"http.request.method": "POST", "url.path": `/v1/\"a`, "http.response.status_code": int64(204), "client.address": "81.2.69.160",
				"holter.remote_user": "jack", "user_agent.original": `a \"b\" c`,
			}, false,
		},
		"common": {`2001:db8::1 - - [22/Nov/2026:04:57:41 +0000] "GET / HTTP/1.0" 404 0`, map[string]any{
			"http.request.method": "GET", "url.path": "/", "http.response.status_code": int64(404), "http.response.body.size": int64(0), "client.address": "2001:db8::1",
		}, false},
		"Caddy": {
			`{"ts":1795323461.0,"request":{"method":"GET","client_ip":"81.2.69.160","uri":"/v1/a?x=1","headers":{"User-Agent":["curl/8"]}},"status":200,"size":21,"bytes_read":0}`,
			with(combined, "http.request.body.size", int64(0)), true,
		},
		"Envoy": {
			`{"start_time":"2026-11-22T04:57:41.000Z","method":"GET","path":"/v1/a?x=1","response_code":200,"bytes_received":0,"bytes_sent":21,"user_agent":"curl/8","x_forwarded_for":"81.2.69.160, 10.0.0.1","downstream_remote_address":"10.1.2.3:5000"}`,
			with(combined, "http.request.body.size", int64(0)), true,
		},
		"Kong": {
			`{"started_at":1795323461000,"client_ip":"81.2.69.160","request":{"method":"GET","uri":"/v1/a?x=1","size":138,"headers":{"user-agent":"curl/8"}},"response":{"status":200,"size":21}}`,
			with(combined, "http.request.body.size", int64(138)), true,
		},
		"nginx": {`{"time_iso8601":"2026-11-22T04:57:41+00:00","remote_addr":"81.2.69.160","request":"GET /v1/a?x=1 HTTP/1.1","status":"200","body_bytes_sent":"21","http_user_agent":"curl/8"}`, combined, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parse([]byte(c.line))
			require.NoError(t, err)
			assert.Equal(t, c.want, p.record.Attributes().AsRaw())
			assert.EqualValues(t, 1795323461e9, p.record.Timestamp())
			assert.Equal(t, c.body, p.record.Body().AsString() != "")
		})
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	all := map[string]any{key: value}
	for k, v := range m {
		all[k] = v
	}
	return all
}

func TestLinesThatAreNoRequestsAreExplained(t *testing.T) {
	for line, want := range map[string]string{
		"nonsense": "expected a line of",
		`a - - [yesterday] "GET / HTTP/1.1" 200 1`:                 "its time is not like",
		`a - - [22/Nov/2026:04:57:41 +0000] "\x16\x03\x01" 400 1`:  "its request line",
		`a - - [22/Nov/2026:04:57:41 +0000] "GET / HTTP/1.1" OK 1`: "its status",
		`a - - [22/Nov/2026:04:57:41 +0000] "GET / HTTP/1.1"`:      "it has no status",
		`{"a":`:                            "begins as JSON",
		`{"level":"info","ts":1795323461}`: "without a method and a status",
		`{"status":200}`:                   "without a time",
		`{"resourceMetrics":[]}`:           "metrics",
		`{"resourceSpans":[{"x`:            "no OTLP",
	} {
		_, err := parse([]byte(line))
		require.ErrorContains(t, err, want, line)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`81.2.69.160 - jack [22/Nov/2026:04:57:41 +0000] "GET /v1/a?x=1 HTTP/1.1" 200 21 "-" "curl/8" key="abc"`))
	f.Add([]byte(`{"started_at":1795323461000,"client_ip":"81.2.69.160","request":{"method":"GET","uri":"/v1"},"response":{"status":200}}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, err := parse(line)
		if err != nil || p.otlp || p.spans {
			return
		}
		require.NotZero(t, p.record.Timestamp())
		_, named := p.record.Attributes().Get("http.request.method")
		_, answered := p.record.Attributes().Get("http.response.status_code")
		require.True(t, named || answered)
	})
}
