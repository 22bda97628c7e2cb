package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/message"
)

// Checked is what the published software of a message's reader says of it.
type Checked struct {
	Path   string
	Faults []string
	Body   string
}

func startReaders(t testing.TB) *NodeApp {
	t.Helper()
	return startNode(t, map[string]string{"WEBHOOK_SECRET": webhookSecret}, "messages.mjs")
}

// checked are the messages so far, by the path that they went to.
func checked(app *NodeApp) map[string][]Checked {
	all := make(map[string][]Checked)
	for _, line := range app.lines() {
		var c Checked
		if json.Unmarshal([]byte(line), &c) == nil && c.Path != "" {
			all[c.Path] = append(all[c.Path], c)
		}
	}
	return all
}

// What the collector sends is read by the libraries and types that its receivers publish (Standard Webhooks and Svix,
// CloudEvents, Slack, Adaptive Cards, PagerDuty), and shown by a real Alertmanager, from the beginning of an incident to its end.
func TestMessagesAreReadByTheirReaders(t *testing.T) {
	readers, alertmanager := startReaders(t), startAlertmanager(t)
	c := newCollector(t, "testdata/holter.yaml", "testdata/messages.yaml")
	c.Env["BACKEND"] = newBackend(t).Port
	c.Env["READERS"] = fmt.Sprint(readers.Port)
	c.Env["ALERTMANAGER"] = alertmanager.Port
	c.Env["WEBHOOK_SECRET"] = webhookSecret
	c.writeOwners(t, []Owner{{ID: "acme", Name: `Acme <!channel> & "Söhne" *GmbH*`, Team: "payments"}}, expired(keyNumber(0)))
	c.Start()
	send(t, newClient(t, c.GRPC()), normal(keyNumber(0)))

	waitFor(t, "alertmanager to show it", func() bool { return len(alertmanager.Alerts(t)) == 1 })
	for name, alert := range alertmanager.Alerts(t) {
		t.Log(name, alert.Labels, alert.Annotations["summary"], alert.GeneratorURL)
		require.Equal(t, "expired_use", alert.Labels["detector"])
		require.Equal(t, "payments", alert.Labels["api_token_owner_team"])
		require.Contains(t, alert.Annotations["description"], "What was reached")
		require.Contains(t, alert.GeneratorURL, "https://holter.example.com/")
	}
	waitFor(t, "it to be over", func() bool { return len(alertmanager.Alerts(t)) == 0 })

	want := []string{"/cloudevents/binary", "/cloudevents/structured", "/pagerduty", "/slack", "/teams", "/webhook"}
	waitFor(t, "its beginning and end in each format", func() bool {
		got := checked(readers)
		return !slices.ContainsFunc(want, func(path string) bool { return len(got[path]) < 2 })
	})
	got := checked(readers)
	require.Equal(t, want, slices.Sorted(maps.Keys(got)))
	for path, all := range got {
		for _, one := range all {
			require.Empty(t, one.Faults, "%s: %s", path, one.Body)
			require.NotContains(t, one.Body, keyNumber(0))
		}
	}
	require.Contains(t, got["/pagerduty"][0].Body, `"event_action":"trigger"`)
	require.Contains(t, got["/pagerduty"][1].Body, `"event_action":"resolve"`)
	require.Contains(t, got["/slack"][1].Body, "Incident resolved")
}

// So is every occasion, and what is wrong is found.
func TestEveryOccasionIsReadByItsReaders(t *testing.T) {
	readers := startReaders(t)
	post := func(path, kind string, body []byte) {
		reply, err := http.Post(readers.URL()+path, kind, bytes.NewReader(body)) //nolint:noctx // a request to a server of the test
		require.NoError(t, err)
		require.NoError(t, reply.Body.Close())
	}
	sent := 0
	for _, format := range []string{"slack", "teams", "pagerduty", "cloudevents"} {
		kind := "application/json"
		if format == "cloudevents" {
			kind = "application/cloudevents+json"
		}
		for _, body := range goldens(t, format) {
			post("/"+format, kind, body)
			sent++
		}
	}
	waitFor(t, "all to be read", func() bool {
		read := 0
		for _, all := range checked(readers) {
			read += len(all)
		}
		return read == sent
	})
	for path, all := range checked(readers) {
		for _, one := range all {
			require.Empty(t, one.Faults, "%s: %s", path, one.Body)
		}
	}

	for path, change := range map[string][2]string{
		"/slack":       {`"type":"header"`, `"type":"header","colour":"red"`},
		"/pagerduty":   {`"severity":"error"`, `"severity":"fatal"`},
		"/teams":       {`"size":"Large"`, `"size":"Huge"`},
		"/cloudevents": {`"source":"/holter",`, ``},
	} {
		before := len(checked(readers)[path])
		good := string(goldens(t, path[1:])[1])
		bad := strings.Replace(good, change[0], change[1], 1)
		require.NotEqual(t, good, bad)
		post(path, "application/cloudevents+json", []byte(bad))
		waitFor(t, "it to be read", func() bool { return len(checked(readers)[path]) > before })
		require.NotEmpty(t, checked(readers)[path][before].Faults, path)
	}
}

// goldens are the messages that a format is tested with, one for each occasion.
func goldens(t *testing.T, format string) (bodies [][]byte) {
	t.Helper()
	text, err := os.ReadFile("../internal/response/message/testdata/" + format + ".golden")
	require.NoError(t, err)
	for part := range strings.SplitSeq(strings.TrimPrefix(string(text), "-- "), "\n-- ") {
		_, body, ok := strings.Cut(part, " --\n")
		require.True(t, ok)
		all := []json.RawMessage{json.RawMessage(body)}
		if body[0] == '[' {
			all = nil
			require.NoError(t, json.Unmarshal([]byte(body), &all))
		}
		for _, one := range all {
			var flat bytes.Buffer
			require.NoError(t, json.Compact(&flat, one))
			bodies = append(bodies, flat.Bytes())
		}
	}
	require.NotEmpty(t, bodies)
	return bodies
}

// A real Alertmanager shows an incident under its highest severity, what is urgent beside it, and nothing of it once it is
// resolved. A message that comes late opens nothing.
func TestAlertmanagerShowsAnIncidentAndItsEnd(t *testing.T) {
	alertmanager := startAlertmanager(t)
	sender := &message.Alertmanager{
		Way:    message.Way{Client: http.DefaultClient, Endpoint: "http://127.0.0.1:" + alertmanager.Port, UserAgent: "Holter/test"},
		Labels: map[string]string{"cluster": "eu"}, Hold: time.Hour,
	}
	opened := time.Now().Add(-time.Minute).UTC()
	tell := func(occasion response.Occasion, severity string, sequence int) response.Answer {
		body, err := json.Marshal(message.Envelope{Type: "api_token.incident." + string(occasion), Data: response.Event{
			ID: "a-1", Time: opened.Format(time.RFC3339Nano), Detector: "expired_use", Severity: severity, Sentence: "An expired key is used.",
			Token: response.Token{ID: "tok_1", Hint: "sk_live_…9f3a", Owner: &response.Owner{ID: "acme", Name: "Acme", Team: "payments"}},
			Incident: &response.Incident{
				ID: "i-1", Occasion: occasion, Opened: opened.Format(time.RFC3339Nano), Sequence: sequence, Severity: severity,
				Detectors: []string{"expired_use"}, Links: response.Links{Console: "https://holter.example.com/#/tokens/tok_1"},
			},
		}})
		require.NoError(t, err)
		return sender.Send(t.Context(), &response.Delivery{ID: fmt.Sprint("m-", sequence), Body: body}, time.Now())
	}
	shows := func(names ...string) {
		t.Helper()
		waitFor(t, fmt.Sprint("alertmanager to show ", names), func() bool {
			return slices.Equal(slices.Sorted(maps.Keys(alertmanager.Alerts(t))), names)
		})
	}
	require.Equal(t, response.Done, tell(response.Opened, "warn", 1).Verdict)
	shows("ApiTokenIncident warn")
	alert := alertmanager.Alerts(t)["ApiTokenIncident warn"]
	require.Equal(t, map[string]string{
		"alertname": "ApiTokenIncident", "severity": "warn", "incident_id": "i-1", "detector": "expired_use", "api_token_id": "tok_1",
		"api_token_hint": "sk_live_…9f3a", "api_token_owner_id": "acme", "api_token_owner_name": "Acme", "api_token_owner_team": "payments",
		"cluster": "eu",
	}, alert.Labels)
	require.Equal(t, "https://holter.example.com/#/tokens/tok_1", alert.GeneratorURL)
	require.Equal(t, "Incident opened: token sk_live_…9f3a of Acme", alert.Annotations["summary"])
	require.Equal(t, "active", alert.Status.State)

	require.Equal(t, response.Done, tell(response.Updated, "fatal", 2).Verdict)
	shows("ApiTokenIncident fatal")
	require.Equal(t, response.Done, tell(response.ActUnknown, "fatal", 3).Verdict)
	shows("ApiTokenActUnknown fatal", "ApiTokenIncident fatal")
	require.Equal(t, response.Done, tell(response.Resolved, "fatal", 5).Verdict)
	shows()
	late := tell(response.Updated, "fatal", 4)
	require.Equal(t, response.Done, late.Verdict)
	require.Contains(t, late.Reason, "not sent")
	shows()

	sender.Labels = map[string]string{"api.token": "x"}
	refused := tell(response.Updated, "fatal", 6)
	require.Equal(t, response.Final, refused.Verdict, "it refuses dots in the names of labels: %+v", refused)
	require.Equal(t, http.StatusBadRequest, refused.Status)
}
