// Package message holds what people and their tools read about an anomaly, and how it gets to them.
package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/holterhq/holter/internal/response"
)

// Type is the type of every message about an anomaly.
const Type = "api_token.anomaly"

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
	for {
		if body, err = marshal(e); err != nil || len(body) < MaxBody {
			return body, err
		}
		if len(e.Evidence) <= 1 {
			break
		}
		e.Evidence = e.Evidence[:len(e.Evidence)-1]
	}
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
	if err := enc.Encode(Envelope{Type: Type, Timestamp: e.Time, Data: e}); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

const (
	maxText = 256 // bytes of one text in a message that had to be cut
	maxList = 16  // scopes or tags in it
)

// brief bounds every part of an event, so that the whole is bounded.
func brief(e response.Event, limit int) response.Event {
	cut := func(text string) string { return cut(text, limit) }
	for _, text := range []*string{
		&e.ID, &e.Time, &e.Detector, &e.Sentence, &e.SuggestedAction, &e.Rule, &e.TraceID, &e.SpanID, &e.Technique,
		&e.Token.ID, &e.Token.Hint, &e.Token.RegistryID, &e.Token.Fingerprint, &e.Token.Type, &e.Token.Format, &e.Token.Direction,
		&e.Token.Status, &e.Token.Issuer, &e.Token.ClientID, &e.Token.ExpiresAt,
		&e.Trigger.Service, &e.Trigger.Version, &e.Trigger.Environment, &e.Trigger.Method, &e.Trigger.Route, &e.Trigger.Country,
		&e.Trigger.Network, &e.Trigger.ClientAddress, &e.Trigger.Client,
	} {
		*text = cut(*text)
	}
	if o := e.Token.Owner; o != nil {
		e.Token.Owner = &response.Owner{ID: cut(o.ID), Name: cut(o.Name), Type: cut(o.Type), Team: cut(o.Team)}
	}
	if r := e.SecurityRule; r != nil {
		e.SecurityRule = &response.SecurityRule{Name: cut(r.Name), Category: cut(r.Category)}
	}
	scopes := e.Token.Scopes[:min(len(e.Token.Scopes), maxList)]
	e.Token.Scopes = nil
	for _, scope := range scopes {
		e.Token.Scopes = append(e.Token.Scopes, cut(scope))
	}
	if len(e.Token.Tags) > maxList {
		e.Token.Tags = nil
	}
	tags := make(map[string]string, len(e.Token.Tags))
	for name, value := range e.Token.Tags {
		tags[cut(name)] = cut(value)
	}
	e.Token.Tags = tags
	evidence := e.Evidence
	e.Evidence = nil
	for _, v := range evidence {
		v.Facet, v.Observed, v.Expected = cut(v.Facet), cut(v.Observed), cut(v.Expected)
		e.Evidence = append(e.Evidence, v)
	}
	return e
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
