package message

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// CloudEvents sends CloudEvents 1.0 by HTTP, structured or binary.
//
// Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.
type CloudEvents struct {
	Way
	Binary bool
	Source string // URI reference of this Holter: with the id it is unique
	Keys   []Key  // sign as Standard Webhooks does; none: not signed
}

// TypePrefix makes the types of messages those of CloudEvents, which begin with a name in the reverse order of DNS.
const TypePrefix = "io.github.holterhq."

type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time,omitempty"`
	TraceParent string          `json:"traceparent,omitempty"`
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// Send makes one attempt. Body and id are the same each time; a signature is the attempt's own.
func (c *CloudEvents) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	r, err := c.write(d, envelope)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	if len(c.Keys) > 0 {
		r.header["webhook-id"] = []string{d.ID}
		r.header["webhook-timestamp"] = []string{strconv.FormatInt(now.Unix(), 10)}
		r.header["webhook-signature"] = []string{Sign(c.Keys, d.ID, now, r.body)}
	}
	return c.send(ctx, r, now, byStatus)
}

func (c *CloudEvents) write(d *response.Delivery, envelope Envelope) (request, error) {
	event, err := c.event(d, envelope)
	if err != nil {
		return request{}, err
	}
	r := request{event: &envelope.Data, header: make(http.Header)}
	if c.Binary {
		r.contentType, r.body = event.ContentType, event.Data
		for name, value := range map[string]string{
			"specversion": event.SpecVersion, "id": event.ID, "source": event.Source, "type": event.Type,
			"subject": event.Subject, "time": event.Time, "traceparent": event.TraceParent,
		} {
			if value != "" {
				r.header["ce-"+name] = []string{headerText(value)}
			}
		}
		return r, nil
	}
	r.contentType = "application/cloudevents+json; charset=utf-8"
	r.body, err = encode(event)
	return r, err
}

func (c *CloudEvents) event(d *response.Delivery, envelope Envelope) (cloudEvent, error) {
	var body struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		return cloudEvent{}, fmt.Errorf("the stored message cannot be read: %w", err)
	}
	e := envelope.Data
	event := cloudEvent{
		SpecVersion: "1.0", ID: d.ID, Source: c.Source, Type: TypePrefix + envelope.Type,
		Subject: first(e.Token.ID, key(&e)), Time: timestamp(envelope.Timestamp), ContentType: "application/json", Data: body.Data,
	}
	if hexadecimal(e.TraceID, 32) && hexadecimal(e.SpanID, 16) {
		event.TraceParent = "00-" + e.TraceID + "-" + e.SpanID + "-01"
	}
	return event, nil
}

func hexadecimal(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == ""
}

// headerText is a value as the HTTP binding writes it into a header: what is not printable ASCII, and quotes, spaces and
// percent signs, as the percent-encoding of its UTF-8. Source: section 3.1.3.2 of the binding.
func headerText(value string) string {
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
