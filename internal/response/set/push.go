package set

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Push sends an event for each action to one receiver (RFC 8935). It cannot be asked what the receiver made of it.
type Push struct {
	Client    *http.Client
	Endpoint  string
	UserAgent string
	Secrets   wire.Secrets
	DryRun    bool
	Key       *Key
	Words     Words
	Kinds     map[response.Action]Kind
}

// Can is what there is for an action. The same event has the same id, so that a receiver takes it once.
func (p *Push) Can(action response.Action) response.Ability {
	kind, ok := p.Kinds[action]
	return response.Ability{Do: ok, Undo: ok && kind.Undone(), Idempotent: ok}
}

var _ response.Sharer = (*Push)(nil)

// Subject is whom the event that takes an act back is about.
func (p *Push) Subject(action response.Action, body []byte) string {
	kind, ok := p.Kinds[action]
	if !ok || !kind.Undone() {
		return ""
	}
	var envelope struct {
		Data response.Event `json:"data"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	of, err := p.Words.Subject.of(&envelope.Data)
	if err != nil {
		return ""
	}
	text, err := json.Marshal(of)
	if err != nil { // of texts
		return ""
	}
	return string(text)
}

// Send makes one attempt.
func (p *Push) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	final := func(format string, args ...any) response.Answer {
		return response.Answer{Verdict: response.Final, Reason: p.Secrets.Mask(fmt.Sprintf(format, args...))}
	}
	kind, ok := p.Kinds[d.Action]
	switch {
	case !ok:
		return final("the target has no event for %s", d.Action)
	case d.Step == response.Verify:
		return final("a receiver of events cannot be asked what it has done about them")
	case d.Step == response.Undo && !kind.Undone():
		return final("no event takes %s back: tell the receiver", kind)
	}
	var envelope struct {
		Data response.Event `json:"data"`
	}
	if err := json.Unmarshal(d.Body, &envelope); err != nil {
		return final("the stored event cannot be read: %v", err)
	}
	claims, err := p.Words.claims(kind, &envelope.Data, d)
	if err != nil {
		return final("the event cannot be written: %v", err)
	}
	if d.Dry(p.DryRun) {
		text, err := json.Marshal(claims)
		if err != nil {
			return final("the event cannot be written: %v", err)
		}
		return response.Answer{Verdict: response.Described, Request: p.Secrets.Mask(fmt.Sprintf("POST %s\nContent-Type: %s\n\n%s", p.Endpoint, mediaType, text))}
	}
	signed, err := p.Key.sign(claims)
	if err != nil {
		return final("%v", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Endpoint, strings.NewReader(signed))
	if err != nil {
		return final("endpoint: not a URL")
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", p.UserAgent)
	req.Close = true // on a connection of its own, it is known whether anything can have been sent
	return p.judge(wire.Exchange(p.Client, req, now))
}

const mediaType = "application/secevent+jwt"

// refusals are the error codes of RFC 8935, section 2.4. None of them goes away by itself.
var refusals = map[string]string{
	"invalid_request":       "the receiver cannot read the event",
	"invalid_key":           "the receiver does not accept the key: show it Holter's JWKS",
	"invalid_issuer":        "the receiver does not accept the issuer: look at issuer",
	"invalid_audience":      "the receiver is not the audience: look at audience",
	"authentication_failed": "the receiver does not accept how Holter shows who it is: look at headers and auth",
	"access_denied":         "Holter may not send such events to the receiver",
}

// judge says what an answer means: 202 is that the receiver has the event, anything else that it has not, or that nobody knows.
func (p *Push) judge(reply wire.Reply) response.Answer {
	a := reply.Answer(p.Secrets)
	var answer struct {
		Code        string `json:"err"`
		Description string `json:"description"`
	}
	switch {
	case reply.Status == 0 && !reply.Sent:
		a.Verdict = response.Unreached
	case reply.Status == 0:
		a.Verdict = response.Lost
	case reply.Status == http.StatusAccepted:
		a.Verdict = response.Done
	case reply.Status == http.StatusBadRequest && json.Unmarshal(reply.Body, &answer) == nil && answer.Code != "":
		why := refusals[answer.Code]
		if why == "" {
			why = "the receiver refuses the event"
		}
		a.Verdict = response.Final
		a.Reason = p.Secrets.Mask(fmt.Sprintf("status 400, %s: %s", answer.Code, why))
	case reply.Status >= 500 && reply.Status != http.StatusServiceUnavailable:
		a.Verdict, a.Reason = response.Lost, fmt.Sprintf("status %d: the receiver may have the event nevertheless", reply.Status)
	default:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("status %d is not 202", reply.Status)
	}
	return a
}
