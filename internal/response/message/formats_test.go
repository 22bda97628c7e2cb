package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// occasions are all that a message can be about; the empty one is a message about an anomaly alone.
var occasions = []response.Occasion{
	"", response.Opened, response.Updated, response.Acknowledged, response.Escalated, response.Resolved, response.ActProposed,
	response.ActDone, response.ActUndone, response.ActLate, response.ActFailed, response.ActUnknown, response.ActUnproven, response.CircuitOpen,
}

// told is a message with everything in it.
func told(what response.Occasion) Envelope {
	e := stolen()
	e.DryRun = false
	if what == "" {
		return Envelope{Type: Type, Timestamp: e.Time, Data: e}
	}
	i := &response.Incident{
		ID: "7d1f8a52-6c1e-5f0e-9a52-2f5f0d6c9b11", Occasion: what, State: "open", Opened: "2026-03-25T03:12:00Z",
		Updated: "2026-03-25T03:20:00Z", Sequence: 3, Anomalies: 2, Detectors: []string{"identity_shift", "new_endpoint"}, Severity: "error",
		Cause: "attack", CauseWhy: "No release is newer than the trouble, and no other token changed with it.",
		Reached: []response.Reached{
			{Method: "GET", Route: "/v1/exports", Status: 200, Requests: 12}, {Method: "DELETE", Route: "/v1/users/{id}", Status: 403, Requests: 1},
		},
		Blast: &response.Blast{
			Days: 30, Requests: 48_210, Refused: 48_210, Routes: []string{"GET /v1/orders"}, Services: []string{"shop"}, Last: "2026-03-25T03:19:58Z",
		},
		Grant: &response.Grant{Days: 30, Idle: []string{"orders:write"}, Networks: []string{"AS3320"}, Sentence: "It used one of its two scopes."},
		Links: response.Links{
			Console: "https://holter.example.com/#/tokens/tok_abc?from=1&to=2", File: "https://holter.example.com/api/incidents/7d1f.json",
			Trace: "https://traces.example.com/trace/0102030405060708090a0b0c0d0e0f10",
		},
	}
	done := &response.ActTold{
		ID: "9c2f", Action: "lock", Target: "kong", State: "done", Why: "rule: stolen keys are locked", By: "ada",
		Answer: "204 No Content", Proof: "the key is disabled", Expires: "2026-03-26T03:12:00Z",
	}
	switch what {
	case response.Updated:
		e.DryRun = true
	case response.Acknowledged:
		i.State, i.AcknowledgedBy = "acknowledged", "ada"
	case response.Resolved:
		i.State, i.ResolvedBy = "resolved", "ada"
	case response.ActProposed:
		i.Act = done
		i.Act.State, i.Act.Answer, i.Act.Proof, i.Act.By = "proposed", "", "", ""
		i.Links.Approve = "https://holter.example.com/act?t=b25jZQ"
		i.Links.Curl = `curl -fsS -X POST -d t=b25jZQ https://holter.example.com/act`
	case response.ActDone:
		i.Act = done
		i.Links.Undo = "https://holter.example.com/undo?t=b25jZQ"
		i.Links.Curl = `curl -fsS -X POST -d t=b25jZQ https://holter.example.com/undo`
	case response.ActUndone, response.ActLate, response.ActFailed, response.ActUnknown, response.ActUnproven, response.CircuitOpen:
		i.Act = done
		i.Act.State, i.Act.Proof = strings.TrimPrefix(string(what), "act_"), ""
	}
	if what == response.ActLate {
		i.Act.State, i.Act.Answer = "sending", "401 Unauthorized"
	}
	e.Incident = i
	return Envelope{Type: "api_token.incident." + string(what), Timestamp: i.Updated, Data: e}
}

// hostile is a message whose every text was written by an enemy.
func hostile(text string, what response.Occasion) Envelope {
	e := told(what)
	d := &e.Data
	for _, place := range []*string{
		&d.ID, &d.Time, &d.Detector, &d.Sentence, &d.SuggestedAction, &d.Rule, &d.TraceID, &d.SpanID, &d.Technique,
		&d.Token.ID, &d.Token.Hint, &d.Token.RegistryID, &d.Token.Type, &d.Token.Status, &d.Token.Direction,
		&d.Trigger.Service, &d.Trigger.Version, &d.Trigger.Environment, &d.Trigger.Method, &d.Trigger.Route, &d.Trigger.Country,
		&d.Trigger.Network, &d.Trigger.ClientAddress, &d.Trigger.Client,
	} {
		*place = text
	}
	d.Token.Owner = &response.Owner{ID: text, Name: text, Type: text, Team: text}
	d.Token.Tags = map[string]string{text: text, "slack": text, "hook": text}
	d.Evidence = []response.Evidence{{Facet: text, Observed: text, Expected: text}}
	d.SecurityRule = &response.SecurityRule{Name: text, Category: text}
	if i := d.Incident; i != nil {
		i.Detectors, i.AcknowledgedBy, i.ResolvedBy, i.Cause, i.CauseWhy = []string{text}, text, text, text, text
		i.Reached = []response.Reached{{Method: text, Route: text}}
		i.Blast = &response.Blast{Routes: []string{text}, Services: []string{text}, Last: text, Sentence: text}
		i.Grant = &response.Grant{Idle: []string{text}, Sentence: text}
		i.Act = &response.ActTold{Action: text, Target: text, State: text, Why: text, By: text, Answer: text, Proof: text, Expires: text}
		i.Links = response.Links{Console: text, File: text, Trace: text, Approve: text, Undo: text, Curl: text}
	}
	return e
}

// format is a way to write a message.
type format struct {
	name  string
	write func(testing.TB, Envelope) []byte
}

func formats() []format {
	return []format{
		{"slack", func(t testing.TB, e Envelope) []byte {
			body, err := (&Slack{Channel: "#security", ChannelField: "token.tags.slack"}).body(e)
			require.NoError(t, err)
			return body
		}},
		{"teams", func(t testing.TB, e Envelope) []byte {
			body, err := teamsBody(tell(e))
			require.NoError(t, err)
			return body
		}},
		{"pagerduty", func(t testing.TB, e Envelope) []byte {
			p := &PagerDuty{RoutingKey: "0123456789abcdef0123456789abcdef", Source: "holter"}
			var all [][]byte
			for _, event := range p.events(e) {
				body, err := pagerBody(event)
				require.NoError(t, err)
				all = append(all, body)
			}
			return append(append([]byte{'['}, bytes.Join(all, []byte{','})...), ']')
		}},
		{"alertmanager", func(t testing.TB, e Envelope) []byte {
			m := &Alertmanager{Labels: map[string]string{"cluster": "eu"}, Hold: 168 * time.Hour}
			body, err := encode(m.alerts(e, noon))
			require.NoError(t, err)
			return body
		}},
		{"cloudevents", func(t testing.TB, e Envelope) []byte {
			c := &CloudEvents{Source: "/holter"}
			body, err := encode(e)
			require.NoError(t, err)
			r, err := c.write(&response.Delivery{ID: "msg-1", Body: body}, e)
			require.NoError(t, err)
			return r.body
		}},
		{"text", func(t testing.TB, e Envelope) []byte {
			body, err := encode(strings.Split(tell(e).text(), "\n"))
			require.NoError(t, err)
			return body
		}},
	}
}

func TestFormatsGolden(t *testing.T) {
	for _, f := range formats() {
		t.Run(f.name, func(t *testing.T) {
			var all bytes.Buffer
			for _, what := range occasions {
				body := f.write(t, told(what))
				assert.Equal(t, string(body), string(f.write(t, told(what))), "the same message, the same bytes")
				fmt.Fprintf(&all, "-- %s --\n", first(string(what), "anomaly"))
				require.NoError(t, json.Indent(&all, body, "", " "))
				all.WriteByte('\n')
			}
			path := filepath.Join("testdata", f.name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(path, all.Bytes(), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), all.String())
		})
	}
}
