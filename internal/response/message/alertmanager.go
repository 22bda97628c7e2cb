package message

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Alertmanager posts alerts to the API v2 of Prometheus' Alertmanager.
//
// Alertmanager ends an alert by itself when its endsAt is past. An alert is open until somebody says that it is over, or for
// Hold after its last message: a monitor that has died must not look like an incident that has.
type Alertmanager struct {
	Way
	Labels map[string]string // added to those of every alert
	Hold   time.Duration

	ended endings
}

type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send makes one attempt. The same alert can be posted twice.
func (m *Alertmanager) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	incident := envelope.Data.Incident
	if m.ended.past(incident) {
		return overtaken()
	}
	body, err := encode(m.alerts(envelope, now))
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	a := m.send(ctx, request{
		event: &envelope.Data, path: "/api/v2/alerts", contentType: "application/json", body: body,
	}, now, alertmanagerAnswer)
	if a.Verdict == response.Done {
		m.ended.told(incident, m.Forgot)
	}
	return a
}

// Names of the alerts.
const (
	alertAnomaly  = "ApiTokenAnomaly"
	alertIncident = "ApiTokenIncident"
)

// alertName is ApiTokenActUnknown for act_unknown.
func alertName(what response.Occasion) string {
	name := "ApiToken"
	for word := range strings.SplitSeq(string(what), "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// alerts are what a message makes of an incident: its alert under its severity, the end of those under other severities, and
// one more for an urgent occasion. An alert is its labels, so these are the same from the first
// message to the last.
func (m *Alertmanager) alerts(envelope Envelope, now time.Time) []alert {
	e := &envelope.Data
	n := tell(envelope)
	opened := e.Time
	if e.Incident != nil {
		opened = e.Incident.Opened
	}
	starts, err := time.Parse(time.RFC3339Nano, opened)
	if err != nil || starts.After(now) {
		starts = now
	}
	over := occasion(e) == response.Resolved
	one := func(name, severity string, over bool) alert {
		ends := now
		if !over {
			ends = now.Add(m.Hold)
		}
		return alert{
			Labels: m.labels(e, name, severity), Annotations: annotations(n), GeneratorURL: generator(n),
			StartsAt: starts.UTC().Format(time.RFC3339Nano), EndsAt: ends.UTC().Format(time.RFC3339Nano),
		}
	}
	name := alertIncident
	if e.Incident == nil {
		name = alertAnomaly
	}
	all := []alert{one(name, severity(e), over)}
	if e.Incident == nil {
		return all
	}
	for _, other := range []response.Severity{response.Warn, response.Error, response.Fatal} {
		if other.String() != severity(e) {
			all = append(all, one(name, other.String(), true))
		}
	}
	for _, what := range urgent {
		if over || what == occasion(e) {
			all = append(all, one(alertName(what), response.Fatal.String(), over))
		}
	}
	return all
}

// labels have no dots in their names, which Alertmanager refuses, and no empty values, which it drops.
func (m *Alertmanager) labels(e *response.Event, name, severity string) map[string]string {
	labels := make(map[string]string)
	add := func(name, value string) {
		if value = plain(value, maxWord); value != "" {
			labels[name] = value
		}
	}
	if e.Incident != nil {
		add("incident_id", e.Incident.ID)
	} else {
		add("anomaly_id", e.ID)
	}
	add("detector", detectors(e)[0])
	add("api_token_id", e.Token.ID)
	add("api_token_hint", e.Token.Hint)
	add("api_token_direction", e.Token.Direction)
	if o := e.Token.Owner; o != nil {
		add("api_token_owner_id", o.ID)
		add("api_token_owner_name", o.Name)
		add("api_token_owner_team", o.Team)
	}
	for name, value := range m.Labels {
		labels[name] = value
	}
	labels["alertname"], labels["severity"] = name, severity
	return labels
}

func annotations(n note) map[string]string {
	all := map[string]string{"summary": n.Title, "description": n.text()}
	for _, l := range n.Links {
		all["link_"+strings.ReplaceAll(strings.ToLower(l.Name), " ", "_")] = l.URL
	}
	if n.Command != nil {
		all["command"] = n.Command.Text
	}
	if n.DryRun {
		all["dry_run"] = "true"
	}
	return all
}

// generator is where the alert comes from: the console, else the trace.
func generator(n note) string {
	for _, name := range []string{"Console", "Incident file", "Trace"} {
		if i := slices.IndexFunc(n.Links, func(l link) bool { return l.Name == name }); i >= 0 {
			return n.Links[i].URL
		}
	}
	return ""
}

// alertmanagerAnswer: what it calls a bad request once, it does for ever.
func alertmanagerAnswer(a response.Answer, reply wire.Reply) response.Answer {
	if a = byStatus(a, reply); a.Status == http.StatusBadRequest {
		return finally(a, "Alertmanager does not take these alerts: "+plain(a.Text, maxLine))
	}
	return a
}
