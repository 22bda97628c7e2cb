package tokenresponseexporter

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/response"
)

const approvalKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// asking has an act that cannot be taken back, and somebody who is asked.
func asking(t *testing.T, kong, people, more string) (cfg, base string) {
	base = "http://127.0.0.1:" + freePort(t)
	return fmt.Sprintf(`
dry_run: false
approvals: {http: {endpoint: "%s"}, url: "%s", key: %s, token: st0p-everything-now}
targets:
  people: {webhook: {endpoint: "%s", secret: %s}, retry: {delays: [0s], jitter: 0}}
  kong: {http: {endpoint: "%s/lock", success: {status: [204]}}}
rules: [{name: lock, action: lock, targets: [kong, people]}]
%s`, strings.TrimPrefix(base, "http://"), base, approvalKey, people, testSecret, kong, more), base
}

func call(t *testing.T, method, address string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	for n := 0; n+1 < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// occasions are those that a receiver was told of, in order.
func (r *receiver) occasions() (all []response.Occasion) {
	for _, one := range r.all() {
		if one.envelope.Data.Incident != nil {
			all = append(all, one.envelope.Data.Incident.Occasion)
		}
	}
	return all
}

// told is the message about an occasion.
func (r *running) told(by *receiver, occasion response.Occasion) (found response.Event) {
	r.t.Helper()
	r.eventually(string(occasion), func() bool {
		for _, one := range by.all() {
			if i := one.envelope.Data.Incident; i != nil && i.Occasion == occasion {
				found = one.envelope.Data
				return true
			}
		}
		return false
	})
	return found
}

func TestALinkIsAConsentOnce(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, base := asking(t, kong.URL, people.URL, "")
	r := run(t, nil, cfg)
	r.sends(raised("a-1"))
	proposed := r.told(people, response.ActProposed)
	link := proposed.Incident.Links.Approve
	require.True(t, strings.HasPrefix(link, base+"/approve/"), link)
	assert.Equal(t, "curl -X POST '"+link+"'", proposed.Incident.Links.Curl)

	status, page := call(t, "GET", link, "Accept", "text/html")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "Nothing is done until you press a button.")
	assert.Contains(t, page, "sk_live_…9f3a of Acme")
	assert.Contains(t, page, "<form method=\"post\">")
	assert.Zero(t, kong.count(), "looking does nothing")

	status, text := call(t, "POST", strings.Replace(link, "sign=", "sign=x", 1))
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, text, "not one that Holter has made")

	status, text = call(t, "POST", link)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "Noted: It is approved, and on its way.\n", text)
	done := r.told(people, response.ActDone)
	assert.Equal(t, "link", done.Incident.Act.By)
	assert.Equal(t, 1, kong.count())

	status, text = call(t, "POST", link)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "it does not wait for consent: it is done")
	assert.Equal(t, 1, kong.count())
}

func TestAnAnswerThatDoesNotArriveWholeIsNoConsent(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, _ := asking(t, kong.URL, people.URL, "")
	r := run(t, nil, cfg)
	r.sends(raised("a-1"))
	link := r.told(people, response.ActProposed).Incident.Links.Approve
	at, err := url.Parse(link)
	require.NoError(t, err)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.Host)
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 13\r\n\r\nanswer=re", at.RequestURI())
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.Contains(t, string(said), "What you answered did not arrive whole.")
	assert.Empty(t, r.said("decided: approve"))
	assert.Zero(t, kong.count())

	form := strings.NewReader(url.Values{"answer": {"refuse"}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), "POST", link, form)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Len(t, r.said("decided: refuse"), 1)
}

func TestTheStopSwitch(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, base := asking(t, kong.URL, people.URL, "")
	r := run(t, nil, cfg)
	status, _ := call(t, "POST", base+"/stop")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = call(t, "POST", base+"/stop", "Authorization", "Bearer wrong")
	assert.Equal(t, http.StatusUnauthorized, status)
	pass := []string{"Authorization", "Bearer st0p-everything-now"}
	status, _ = call(t, "POST", base+"/stop?why=drill", pass...)
	assert.Equal(t, http.StatusNoContent, status)
	_, text := call(t, "GET", base+"/status", pass...)
	assert.JSONEq(t, `{"stopped": true, "circuits": [], "incidents": {"open": 0, "resolved": 0}}`, text)

	r.sends(raised("a-1", leaked))
	opened := r.told(people, response.Opened)
	assert.Equal(t, "blocked", opened.Incident.Act.State)
	assert.Equal(t, "all acts are stopped by approvals endpoint", opened.Incident.Act.Why)
	assert.Empty(t, kong.count())

	status, _ = call(t, "POST", base+"/resume", pass...)
	assert.Equal(t, http.StatusNoContent, status)
	status, text = call(t, "POST", base+"/resume", pass...)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "nothing is stopped")
}

func TestDeadLettersAreListedAndSentAgain(t *testing.T) {
	kong, people := receive(t), receive(t)
	people.says(http.StatusInternalServerError)
	cfg, base := asking(t, kong.URL, people.URL, "")
	r := run(t, nil, cfg)
	r.sends(raised("a-1"))
	r.eventually("dead letters", func() bool { return len(r.said("given up")) == 2 })
	pass := []string{"Authorization", "Bearer st0p-everything-now"}
	_, text := call(t, "GET", base+"/dead_letters", pass...)
	var list struct {
		Letters []letter `json:"dead_letters"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.Letters, 2)
	assert.Equal(t, "500 Internal Server Error", list.Letters[0].Why)
	people.says(http.StatusNoContent)
	before := people.count()
	status, _ := call(t, "POST", base+"/replay?id="+list.Letters[0].ID+"&target=people", pass...)
	assert.Equal(t, http.StatusNoContent, status)
	r.eventually("the replay", func() bool { return people.count() == before+1 })
	again := people.all()[before]
	assert.Equal(t, list.Letters[0].ID, again.header.Get("webhook-id"))
	bodies := map[string]string{}
	for _, one := range people.all()[:before] {
		bodies[one.header.Get("webhook-id")] = one.body
	}
	assert.Equal(t, bodies[list.Letters[0].ID], again.body, "the same to the byte")
	status, text = call(t, "POST", base+"/replay?id="+list.Letters[0].ID, pass...)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "there is no such dead letter")
}

func TestApprovalFaults(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"no key", "approvals: {http: {}, url: \"https://x\"}", "approvals::key is missing, which signs links"},
		{"a weak key", "approvals: {http: {}, url: \"https://x\", key: eHh4}", "approvals::key: it holds 3 bytes"},
		{"no address", "approvals: {http: {}, key: " + approvalKey + "}", "approvals::url: write what links begin with"},
		{"a token that can be guessed", "approvals: {http: {}, url: \"https://x\", key: " + approvalKey + ", token: x}", "approvals::token: less than 16 characters"},
		{"not served", "approvals: {url: \"https://x\"}", "approvals::http is missing"},
		{"no time", "approvals: {within: 0s}", "approvals::within: 0s is not positive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := confmap.NewRetrievedFromYAML([]byte(c.yaml))
			require.NoError(t, err)
			conf, err := raw.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, conf.Unmarshal(cfg))
			assert.ErrorContains(t, confmap.Validate(cfg), c.want)
		})
	}
}
