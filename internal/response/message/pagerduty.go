package message

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// PagerDuty sends events to the Events API v2: an alert for each incident, and one more for each kind of urgent occasion, so
// that somebody is called even where the incident has been acknowledged.
type PagerDuty struct {
	Way
	RoutingKey string
	Source     string // the location of the affected system where the event does not name a service

	ended endings
}

// Limits of the Events API v2. Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/.
const (
	pagerKey     = 255
	pagerSummary = 1024
	pagerLimit   = 512 << 10
)

type pagerEvent struct {
	RoutingKey string        `json:"routing_key"`
	Action     string        `json:"event_action"`
	Key        string        `json:"dedup_key"`
	Client     string        `json:"client,omitempty"`
	ClientURL  string        `json:"client_url,omitempty"`
	Payload    *pagerPayload `json:"payload,omitempty"`
	Links      []pagerLink   `json:"links,omitempty"`
}

type pagerPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp string         `json:"timestamp,omitempty"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

type pagerLink struct {
	URL  string `json:"href"`
	Text string `json:"text"`
}

// Send makes one attempt: all that the message asks for. Each event of it can be sent twice.
func (p *PagerDuty) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	incident := envelope.Data.Incident
	if p.ended.past(incident) {
		return overtaken()
	}
	var a response.Answer
	for _, event := range p.events(envelope) {
		body, err := pagerBody(event)
		if err != nil {
			return finally(a, err.Error())
		}
		a = p.send(ctx, request{event: &envelope.Data, contentType: "application/json", body: body}, now, pagerAnswer)
		if a.Verdict != response.Done {
			return a
		}
	}
	p.ended.told(incident, p.Forgot)
	return a
}

// events are what a message asks for.
func (p *PagerDuty) events(envelope Envelope) []pagerEvent {
	e := &envelope.Data
	n := tell(envelope)
	switch what := occasion(e); {
	case what == response.Resolved || what == response.Acknowledged:
		action := map[response.Occasion]string{response.Resolved: "resolve", response.Acknowledged: "acknowledge"}[what]
		all := []pagerEvent{{RoutingKey: p.RoutingKey, Action: action, Key: pagerKeyOf(n.Key, "")}}
		for _, one := range urgent {
			all = append(all, pagerEvent{RoutingKey: p.RoutingKey, Action: action, Key: pagerKeyOf(n.Key, one)})
		}
		return all
	case slices.Contains(urgent, what):
		return []pagerEvent{p.trigger(e, n, pagerKeyOf(n.Key, what))}
	}
	return []pagerEvent{p.trigger(e, n, pagerKeyOf(n.Key, ""))}
}

// pagerKeyOf is what PagerDuty knows an alert by.
func pagerKeyOf(incident string, occasion response.Occasion) string {
	suffix := ""
	if occasion != "" {
		suffix = "/" + string(occasion)
	}
	return cut(incident, pagerKey-len(suffix)-len("…")) + suffix
}

func (p *PagerDuty) trigger(e *response.Event, n note, key string) pagerEvent {
	owner := response.Owner{}
	if e.Token.Owner != nil {
		owner = *e.Token.Owner
	}
	event := pagerEvent{
		RoutingKey: p.RoutingKey, Action: "trigger", Key: key, Client: "Holter",
		Payload: &pagerPayload{
			Summary:   cut(n.Title+": "+n.Sentence, pagerSummary-len("…")),
			Source:    word(e.Trigger.Service, p.Source),
			Severity:  pagerSeverity(e, n),
			Timestamp: timestamp(e.Time),
			Component: harmless(e.Token.Hint, maxWord),
			Group:     word(owner.Team, owner.Name, owner.ID),
			Class:     harmless(strings.Join(detectors(e)[:1], ""), maxWord),
			Details:   pagerDetails(n),
		},
	}
	for _, l := range n.Links {
		event.Links = append(event.Links, pagerLink{URL: l.URL, Text: l.Name})
		if l.Name == "Console" {
			event.ClientURL = l.URL
		}
	}
	return event
}

// pagerSeverity: a fatal event is critical, and so is what needs somebody at once.
func pagerSeverity(e *response.Event, n note) string {
	switch {
	case n.Level == alarm:
		return "critical"
	case n.Level == calm:
		return "info"
	case severity(e) == response.Error.String():
		return "error"
	}
	return "warning"
}

// timestamp is a time as RFC 3339 writes it, or nothing.
func timestamp(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func pagerDetails(n note) map[string]any {
	details := map[string]any{"message": n.Foot}
	for _, f := range n.Facts {
		details[f.Name] = f.Value
	}
	for _, p := range n.Parts {
		details[p.Name] = p.Lines
	}
	if n.Command != nil {
		details[n.Command.Name] = n.Command.Text
	}
	if n.DryRun {
		details["Dry run"] = dryRun
	}
	return details
}

// pagerBody leaves the details out of an event that is too large.
func pagerBody(event pagerEvent) ([]byte, error) {
	body, err := encode(event)
	if err == nil && len(body) > pagerLimit && event.Payload != nil {
		event.Payload.Details = nil
		return encode(event)
	}
	return body, err
}

// pagerAnswer: 202 says that it was taken, 400 that it never will be, everything else is tried again.
func pagerAnswer(a response.Answer, reply wire.Reply) response.Answer {
	switch a = byStatus(a, reply); {
	case a.Status == http.StatusAccepted:
	case a.Status == http.StatusBadRequest:
		var said struct {
			Message string   `json:"message"`
			Errors  []string `json:"errors"`
		}
		_ = json.Unmarshal(reply.Body, &said)
		return finally(a, fmt.Sprintf("PagerDuty does not take this event: %s", plain(said.Message+" "+strings.Join(said.Errors, ", "), maxLine)))
	case a.Verdict == response.Done || a.Verdict == response.Gone:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d is no answer of PagerDuty's, which says 202", a.Status)
	}
	return a
}
