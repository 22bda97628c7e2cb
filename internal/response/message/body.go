// Package message holds what people and their tools read about an anomaly, and how it gets to them.
package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/holterhq/holter/internal/response"
)

// Type is the type of a message about an anomaly.
const Type = "api_token.anomaly"

// TypeOf is the type of the message about an event: that of an incident tells its occasion.
func TypeOf(e *response.Event) string {
	if e.Incident != nil {
		return "api_token.incident." + string(e.Incident.Occasion)
	}
	return Type
}

// MaxBody is the largest message: Standard Webhooks asks for less than 20 kB.
const MaxBody = 20_000

// Envelope is the payload that Standard Webhooks 1.0.0 proposes.
type Envelope struct {
	Type      string         `json:"type"`
	Timestamp string         `json:"timestamp"` // event time, RFC 3339
	Data      response.Event `json:"data"`
}

// Body is the message about an event. What does not fit is cut, the least important first, and the message says so: other
// attributes, then evidence from its end, then the ends of long texts.
func Body(e response.Event) ([]byte, error) {
	body, err := marshal(e)
	if err != nil || len(body) < MaxBody {
		return body, err
	}
	e.Truncated = true
	e.Attributes = nil
	all := e.Evidence
	with := func(pieces int) ([]byte, error) {
		e.Evidence = all[:pieces]
		return marshal(e)
	}
	tooMany := sort.Search(len(all)+1, func(pieces int) bool {
		body, err := with(pieces)
		return err != nil || len(body) >= MaxBody
	})
	if tooMany > 1 || tooMany > len(all) {
		return with(tooMany - 1)
	}
	e.Evidence = all[:min(1, len(all))]
	for limit := maxText; ; limit /= 2 {
		if body, err = marshal(brief(e, limit)); err != nil || len(body) < MaxBody || limit == 0 {
			return body, err
		}
	}
}

func marshal(e response.Event) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(Envelope{Type: TypeOf(&e), Timestamp: e.Time, Data: e}); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

const (
	maxText = 256 // bytes of one text in a message that had to be cut
	maxList = 16  // scopes or tags in it
)

// brief bounds every part of an event, so that the whole is bounded. What people read is cut; what calls act on is left
// out, since half a name is another name.
func brief(e response.Event, limit int) response.Event {
	for _, text := range []*string{
		&e.ID, &e.Time, &e.Detector, &e.Sentence, &e.SuggestedAction, &e.Rule, &e.TraceID, &e.SpanID, &e.Technique,
		&e.Token.Hint, &e.Token.Type, &e.Token.Format, &e.Token.Direction, &e.Token.Status, &e.Token.ExpiresAt,
		&e.Trigger.Service, &e.Trigger.Version, &e.Trigger.Environment, &e.Trigger.Method, &e.Trigger.Route, &e.Trigger.Country,
		&e.Trigger.Network, &e.Trigger.ClientAddress, &e.Trigger.Client,
	} {
		*text = cut(*text, limit)
	}
	for _, name := range []*string{&e.Token.ID, &e.Token.RegistryID, &e.Token.Fingerprint, &e.Token.Issuer, &e.Token.ClientID} {
		*name = whole(*name, limit)
	}
	if o := e.Token.Owner; o != nil {
		e.Token.Owner = &response.Owner{ID: whole(o.ID, limit), Name: cut(o.Name, limit), Type: cut(o.Type, limit), Team: cut(o.Team, limit)}
	}
	if r := e.SecurityRule; r != nil {
		e.SecurityRule = &response.SecurityRule{Name: cut(r.Name, limit), Category: cut(r.Category, limit)}
	}
	if len(e.Token.Scopes) > maxList || slices.ContainsFunc(e.Token.Scopes, func(s string) bool { return len(s) > limit }) {
		e.Token.Scopes = nil
	}
	if len(e.Token.Tags) > maxList {
		e.Token.Tags = nil
	}
	tags := make(map[string]string, len(e.Token.Tags))
	for name, value := range e.Token.Tags {
		if len(name) <= limit && len(value) <= limit {
			tags[name] = value
		}
	}
	e.Token.Tags = tags
	e.Incident = briefIncident(e.Incident, limit)
	evidence := e.Evidence
	e.Evidence = nil
	for _, v := range evidence {
		v.Facet, v.Observed, v.Expected = cut(v.Facet, limit), cut(v.Observed, limit), cut(v.Expected, limit)
		e.Evidence = append(e.Evidence, v)
	}
	return e
}

// briefIncident bounds what is told of an incident. A grant that does not fit as a whole is left out: what calls restrict a
// token to is not cut.
func briefIncident(i *response.Incident, limit int) *response.Incident {
	if i == nil {
		return nil
	}
	b := *i
	for _, text := range []*string{
		&b.State, &b.Opened, &b.Updated, &b.Severity, &b.AcknowledgedBy, &b.ResolvedBy, &b.Cause, &b.CauseWhy,
	} {
		*text = cut(*text, limit)
	}
	b.ID, b.Occasion = whole(b.ID, limit), response.Occasion(whole(string(b.Occasion), maxText))
	b.Detectors = cutAll(b.Detectors, limit)
	b.Reached = nil
	for _, r := range i.Reached[:min(len(i.Reached), maxList)] {
		r.Method, r.Route = cut(r.Method, limit), cut(r.Route, limit)
		b.Reached = append(b.Reached, r)
	}
	if i.Blast != nil {
		blast := *i.Blast
		blast.Routes, blast.Services = cutAll(blast.Routes, limit), cutAll(blast.Services, limit)
		blast.Last, blast.Sentence = cut(blast.Last, limit), cut(blast.Sentence, limit)
		b.Blast = &blast
	}
	if g := i.Grant; g != nil {
		for _, names := range [][]string{g.Scopes, g.Idle, g.Routes, g.Networks, g.Countries, {g.Sentence}} {
			if len(names) > maxList || slices.ContainsFunc(names, func(name string) bool { return len(name) > limit }) {
				b.Grant = nil
			}
		}
	}
	if i.Act != nil {
		act := *i.Act
		for _, text := range []*string{&act.ID, &act.Action, &act.Target, &act.State, &act.Why, &act.By, &act.Answer, &act.Proof, &act.Expires} {
			*text = cut(*text, limit)
		}
		b.Act = &act
	}
	for _, link := range []*string{&b.Links.Console, &b.Links.File, &b.Links.Trace, &b.Links.Approve, &b.Links.Undo, &b.Links.Curl} {
		*link = whole(*link, max(limit, maxLink))
		if limit == 0 {
			*link = ""
		}
	}
	return &b
}

// maxLink is the length up to which a link is kept: half a link leads nowhere.
const maxLink = 1000

func cutAll(all []string, limit int) (few []string) {
	for _, text := range all[:min(len(all), maxList)] {
		few = append(few, cut(text, limit))
	}
	return few
}

// whole is a name, or nothing if it is too long.
func whole(name string, limit int) string {
	if len(name) > limit {
		return ""
	}
	return name
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
