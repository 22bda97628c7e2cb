package message

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// Template sends whatever a template makes of a message: for receivers that have no format of their own here. The template
// sees the data of the message, and below message what the other formats would say.
type Template struct {
	Client    *http.Client
	Request   *provider.Request
	Success   provider.Success // no status: any 2xx
	UserAgent string
	Secrets   wire.Secrets
}

// Send makes one attempt.
func (t *Template) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	data, err := templateData(d.Body, envelope)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	req, _, err := t.Request.Write(ctx, data, d.ID, t.UserAgent)
	if err != nil {
		return finally(response.Answer{}, t.Secrets.Mask("the request cannot be written: "+err.Error()))
	}
	return judged(wire.Exchange(t.Client, req, now), t.Secrets, t.judge)
}

func (t *Template) judge(a response.Answer, reply wire.Reply) response.Answer {
	a = byStatus(a, reply)
	if len(t.Success.Status) == 0 || a.Verdict == response.Gone {
		return a
	}
	if done, why := t.Success.Holds(reply.Status, reply.Body); !done {
		a.Verdict, a.Reason = response.Refused, t.Secrets.Mask(first(a.Reason, why))
		return a
	}
	a.Verdict, a.Reason = response.Done, ""
	return a
}

// templateData is the data of a message as plain maps, and what is told of it.
func templateData(body []byte, envelope Envelope) (map[string]any, error) {
	var stored struct {
		Type string         `json:"type"`
		Data map[string]any `json:"data"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&stored); err != nil {
		return nil, err
	}
	if stored.Data == nil {
		stored.Data = make(map[string]any)
	}
	n := tell(envelope)
	links := make(map[string]any)
	for _, l := range n.Links {
		links[l.Name] = l.URL
	}
	stored.Data["message"] = map[string]any{
		"type": stored.Type, "key": n.Key, "title": n.Title, "text": n.text(), "level": levels[n.Level], "links": links,
	}
	return stored.Data, nil
}

var levels = [...]string{calm: "calm", look: "look", act: "act", alarm: "alarm"}
