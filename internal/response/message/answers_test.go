package message

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// desk is a receiver that keeps what it gets and answers as it is told.
type desk struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string
	header http.Header
	status int
	text   string
}

func newDesk(t *testing.T) *desk {
	d := &desk{status: http.StatusOK, text: "ok"}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.got, d.header = append(d.got, r.Method+" "+r.URL.Path+" "+string(body)), r.Header
		w.WriteHeader(d.status)
		_, _ = io.WriteString(w, d.text)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *desk) says(status int, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status, d.text = status, text
}

func (d *desk) way(t *testing.T) Way {
	client := wire.Client(&http.Client{Transport: &http.Transport{}})
	t.Cleanup(client.CloseIdleConnections)
	return Way{Client: client, Endpoint: d.URL, UserAgent: "Holter/test"}
}

type sender interface {
	Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer
}

func delivery(t *testing.T, e Envelope) *response.Delivery {
	body, err := encode(e)
	require.NoError(t, err)
	return &response.Delivery{ID: "msg-1", Body: body}
}

func TestAnswers(t *testing.T) {
	type answer struct {
		status  int
		text    string
		verdict response.Verdict
		busy    bool
	}
	common := []answer{
		{301, "", response.Refused, false},
		{429, "slow down", response.Refused, true},
		{500, "", response.Refused, false},
		{503, "", response.Refused, true},
	}
	for name, c := range map[string]struct {
		make    func(Way) sender
		answers []answer
	}{
		"slack": {func(w Way) sender { return &Slack{Way: w} }, []answer{
			{200, "ok", response.Done, false},
			{200, `{"ok":true,"ts":"1.2"}`, response.Done, false},
			{200, `{"ok":false,"error":"not_in_channel"}`, response.Refused, false},
			{200, `{"ok":false,"error":"ratelimited"}`, response.Refused, true},
			{200, `{"ok":false,"error":"invalid_blocks"}`, response.Final, false},
			{200, "<html>a login page</html>", response.Refused, false},
			{204, "", response.Refused, false},
			{400, "invalid_payload", response.Final, false},
			{403, "action_prohibited", response.Refused, false},
			{404, "no_service", response.Refused, false},
			{410, "channel_is_archived", response.Gone, false},
		}},
		"teams": {func(w Way) sender { return &Teams{w} }, []answer{
			{202, "", response.Done, false},
			{200, "1", response.Done, false},
			{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", response.Refused, true},
			{400, "", response.Final, false},
			{413, "", response.Final, false},
		}},
		"pagerduty": {func(w Way) sender { return &PagerDuty{Way: w, RoutingKey: "k", Source: "s"} }, []answer{
			{202, `{"status":"success"}`, response.Done, false},
			{200, "", response.Refused, false},
			{400, `{"status":"invalid event","message":"Event object is invalid","errors":["x"]}`, response.Final, false},
			{410, "", response.Refused, false},
		}},
		"alertmanager": {func(w Way) sender { return &Alertmanager{Way: w, Hold: time.Hour} }, []answer{
			{200, "", response.Done, false},
			{400, "bad", response.Final, false},
			{404, "", response.Refused, false},
		}},
		"cloudevents": {func(w Way) sender { return &CloudEvents{Way: w, Source: "/"} }, []answer{
			{200, "", response.Done, false},
			{204, "", response.Done, false},
			{410, "", response.Gone, false},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			desk := newDesk(t)
			for _, want := range append(c.answers, common...) {
				desk.says(want.status, want.text)
				got := c.make(desk.way(t)).Send(t.Context(), delivery(t, told(response.Opened)), noon)
				assert.Equal(t, want.verdict, got.Verdict, "%d %s", want.status, want.text)
				assert.Equal(t, want.busy, got.Busy, "%d %s", want.status, want.text)
				assert.Equal(t, want.verdict == response.Done, got.Reason == "", "%d %s: %s", want.status, want.text, got.Reason)
			}
			broken := c.make(desk.way(t)).Send(t.Context(), &response.Delivery{Body: []byte("{")}, noon)
			assert.Equal(t, response.Final, broken.Verdict)
			desk.Close()
			assert.Equal(t, response.Unreached, c.make(desk.way(t)).Send(t.Context(), delivery(t, told(response.Opened)), noon).Verdict)
		})
	}
}

func TestPagerDutyKnowsAnIncidentByItsID(t *testing.T) {
	desk := newDesk(t)
	desk.says(202, "")
	p := &PagerDuty{Way: desk.way(t), RoutingKey: "key", Source: "holter"}
	send := func(what response.Occasion, sequence int) response.Answer {
		e := told(what)
		e.Data.Incident.Sequence = sequence
		return p.Send(t.Context(), delivery(t, e), noon)
	}
	said := func() (all []string) {
		for _, line := range desk.got {
			var e pagerEvent
			require.NoError(t, json.Unmarshal([]byte(line[strings.IndexByte(line, '{'):]), &e))
			assert.Equal(t, "key", e.RoutingKey)
			all = append(all, e.Action+" "+strings.TrimPrefix(e.Key, told(what(e)).Data.Incident.ID))
		}
		desk.got = nil
		return all
	}
	send(response.Opened, 1)
	send(response.Updated, 2)
	assert.Equal(t, []string{"trigger ", "trigger "}, said())
	send(response.Acknowledged, 3)
	assert.Equal(t, []string{
		"acknowledge ", "acknowledge /escalated", "acknowledge /act_late", "acknowledge /act_failed", "acknowledge /act_unknown", "acknowledge /act_unproven",
		"acknowledge /circuit_open",
	}, said())
	send(response.ActUnknown, 4)
	assert.Equal(t, []string{"trigger /act_unknown"}, said(), "it calls although the incident is acknowledged")

	desk.says(500, "")
	assert.Equal(t, response.Refused, send(response.Resolved, 6).Verdict)
	assert.Equal(t, []string{"resolve "}, said())
	desk.says(202, "")
	assert.Equal(t, response.Done, send(response.Resolved, 6).Verdict)
	assert.Len(t, said(), 7)

	late := send(response.Updated, 5)
	assert.Equal(t, response.Done, late.Verdict)
	assert.Contains(t, late.Reason, "not sent")
	assert.Empty(t, said(), "what was held up opens nothing after the end")
	send(response.Updated, 7)
	assert.Equal(t, []string{"trigger "}, said())
}

func what(pagerEvent) response.Occasion { return response.Opened }

func TestAlertmanagerFollowsTheSeverity(t *testing.T) {
	m := &Alertmanager{Hold: time.Hour}
	states := func(what response.Occasion, severity string) map[string]bool {
		e := told(what)
		e.Data.Incident.Severity = severity
		open := make(map[string]bool)
		for _, a := range m.alerts(e, noon) {
			assert.LessOrEqual(t, a.StartsAt, a.EndsAt)
			open[a.Labels["alertname"]+" "+a.Labels["severity"]] = a.EndsAt > noon.Format(time.RFC3339Nano)
		}
		return open
	}
	assert.Equal(t, map[string]bool{
		"ApiTokenIncident warn": true, "ApiTokenIncident error": false, "ApiTokenIncident fatal": false,
	}, states(response.Opened, "warn"))
	assert.Equal(t, map[string]bool{
		"ApiTokenIncident warn": false, "ApiTokenIncident error": false, "ApiTokenIncident fatal": true, "ApiTokenActUnproven fatal": true,
	}, states(response.ActUnproven, "fatal"))
	assert.Equal(t, map[string]bool{
		"ApiTokenIncident warn": false, "ApiTokenIncident error": true, "ApiTokenIncident fatal": false,
	}, states(response.Updated, "error"), "one message may have been louder than the incident")
	for name, open := range states(response.Resolved, "fatal") {
		assert.False(t, open, name)
	}
	assert.Len(t, states(response.Resolved, "fatal"), 3+len(urgent))
}

func TestEndingsAreBounded(t *testing.T) {
	var e endings
	forgotten := 0
	for n := range maxEndings + 10 {
		e.told(&response.Incident{ID: string(rune('a'+n%26)) + time.Duration(n).String(), Occasion: response.Resolved, Sequence: 2}, func() { forgotten++ })
	}
	assert.Equal(t, 10, forgotten, "somebody hears of it")
	assert.Len(t, e.at, maxEndings)
	assert.Len(t, e.order, maxEndings)
	assert.False(t, e.past(nil))
}

func TestOwnersEndpoint(t *testing.T) {
	operator, owner := newDesk(t), newDesk(t)
	at, err := url.Parse(owner.URL)
	require.NoError(t, err)
	guard := &wire.Guard{PlainHTTP: true, Ports: []uint16{netip.MustParseAddrPort(at.Host).Port()}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	way := operator.way(t)
	way.Owners = &Owners{Field: "token.tags.hook", Guard: guard, Client: guard.Client(nil)}
	send := func(tag string) response.Answer {
		e := told(response.Opened)
		e.Data.Token.Tags = map[string]string{"hook": tag}
		operator.got, owner.got = nil, nil
		return (&Teams{way}).Send(t.Context(), delivery(t, e), noon)
	}
	assert.Equal(t, response.Done, send(owner.URL+"/hooks/aBcDeFgHiJkLmNoP").Verdict)
	assert.Empty(t, operator.got)
	assert.Len(t, owner.got, 1)

	assert.Equal(t, response.Done, send("").Verdict)
	assert.Len(t, operator.got, 1, "an owner without a receiver")

	for _, bad := range []string{"https://10.0.0.1/", "http://127.0.0.1:1/", "not an address"} {
		a := send(bad)
		assert.Equal(t, response.Done, a.Verdict)
		assert.Len(t, operator.got, 1, "somebody is told nevertheless")
		assert.Contains(t, a.Reason, "token.tags.hook: forbidden address")
	}
	way.Owners.Guard = &wire.Guard{PlainHTTP: true, Ports: guard.Ports}
	way.Owners.Client = way.Owners.Guard.Client(nil)
	a := send(strings.Replace(owner.URL, "127.0.0.1", "localhost", 1))
	assert.Equal(t, response.Done, a.Verdict)
	assert.Contains(t, a.Reason, "this machine")
	assert.Empty(t, owner.got, "what a name resolves to is looked at, too")
	assert.Len(t, operator.got, 1)

	way.Owners = &Owners{Field: "token.tags.hook", Guard: guard, Client: guard.Client(nil)}
	owner.says(410, "gone: /hooks/aBcDeFgHiJkLmNoP")
	a = send(owner.URL + "/hooks/aBcDeFgHiJkLmNoP")
	assert.Equal(t, response.Final, a.Verdict, "one owner does not end the target")
	assert.NotContains(t, a.Text, "aBcDeFgHiJkLmNoP")
	owner.says(429, "")
	assert.False(t, send(owner.URL).Busy, "nor slows it down")
}

func TestCloudEvents(t *testing.T) {
	desk := newDesk(t)
	key := Key(strings.Repeat("k", 24))
	d := delivery(t, told(response.Opened))
	binary := &CloudEvents{Way: desk.way(t), Binary: true, Source: "/holter", Keys: []Key{key}}
	require.Equal(t, response.Done, binary.Send(t.Context(), d, noon).Verdict)
	h := desk.header
	assert.Equal(t, "1.0", h.Get("ce-specversion"))
	assert.Equal(t, "msg-1", h.Get("ce-id"))
	assert.Equal(t, "/holter", h.Get("ce-source"))
	assert.Equal(t, "io.github.holterhq.api_token.incident.opened", h.Get("ce-type"))
	assert.Equal(t, "tok_abc", h.Get("ce-subject"))
	assert.Equal(t, "2026-03-25T03:20:00Z", h.Get("ce-time"))
	assert.Equal(t, "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01", h.Get("ce-traceparent"))
	assert.Equal(t, "application/json", h.Get("Content-Type"))
	_, body, _ := strings.Cut(desk.got[0], "{")
	body = "{" + body
	assert.Equal(t, Sign([]Key{key}, "msg-1", noon, []byte(body)), h.Get("webhook-signature"))
	var e response.Event
	require.NoError(t, json.Unmarshal([]byte(body), &e))
	assert.Equal(t, told(response.Opened).Data.Incident, e.Incident)

	structured := &CloudEvents{Way: desk.way(t), Source: "/holter"}
	require.Equal(t, response.Done, structured.Send(t.Context(), d, noon).Verdict)
	assert.Equal(t, "application/cloudevents+json; charset=utf-8", desk.header.Get("Content-Type"))
	assert.Empty(t, desk.header.Get("ce-id")+desk.header.Get("webhook-signature"))
	assert.Contains(t, desk.got[1], `"data":`+body)
}

func TestTemplate(t *testing.T) {
	desk := newDesk(t)
	spec := provider.RequestSpec{
		Method: http.MethodPut, Endpoint: desk.URL + "/rooms/{{ .token.owner.team | urlpath }}",
		Headers: map[string]string{"Authorization": `Bearer {{ secret "room" }}`},
		Secrets: map[string]string{"room": "r00m-s3cr3t"},
		Body:    `{"title": {{ .message.title | json }}, "body": {{ .message.text | json }}, "undo": {{ if has . "message.links.Undo" }}{{ .message.links.Undo | json }}{{ else }}null{{ end }}, "n": {{ .incident.sequence | json }}}`,
	}
	request, err := provider.NewRequest(spec)
	require.NoError(t, err)
	sender := &Template{Client: desk.way(t).Client, Request: request, UserAgent: "Holter/test", Secrets: wire.NewSecrets("r00m-s3cr3t")}
	require.Equal(t, response.Done, sender.Send(t.Context(), delivery(t, told(response.ActDone)), noon).Verdict)
	line := desk.got[0]
	assert.True(t, strings.HasPrefix(line, "PUT /rooms/payments {"), line)
	var sent map[string]any
	require.NoError(t, json.Unmarshal([]byte(line[strings.IndexByte(line, '{'):]), &sent))
	assert.Equal(t, "Done: token sk_live_…9f3a of Acme is locked (kong)", sent["title"])
	assert.Equal(t, "https://holter.example.com/undo?t=b25jZQ", sent["undo"])
	assert.EqualValues(t, 3, sent["n"])
	assert.Equal(t, "Bearer r00m-s3cr3t", desk.header.Get("Authorization"))

	desk.says(404, "no room for r00m-s3cr3t")
	a := sender.Send(t.Context(), delivery(t, told("")), noon)
	assert.Equal(t, response.Final, a.Verdict, "what the event does not have is an error")
	assert.Contains(t, a.Reason, "incident")
	a = sender.Send(t.Context(), delivery(t, told(response.Opened)), noon)
	assert.Equal(t, response.Refused, a.Verdict)
	assert.Equal(t, "no room for ***", a.Text)

	sender.Success = provider.Success{Status: []int{404}, Body: []provider.Check{{Contains: "room"}}}
	assert.Equal(t, response.Done, sender.Send(t.Context(), delivery(t, told(response.Opened)), noon).Verdict)
	desk.says(200, "")
	assert.Equal(t, response.Refused, sender.Send(t.Context(), delivery(t, told(response.Opened)), noon).Verdict)
}

func TestEveryOccasionHasATitleOfItsOwn(t *testing.T) {
	seen := make(map[string]response.Occasion)
	for _, what := range append(slices.Clone(occasions), "something_new") {
		title := tell(told(what)).Title
		assert.Contains(t, title, "sk_live_…9f3a of Acme")
		assert.NotContains(t, seen, title, "%s", what)
		seen[title] = what
	}
	assert.Contains(t, seen, "Incident something new: token sk_live_…9f3a of Acme")
}
