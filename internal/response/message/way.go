package message

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Way is how messages get to their receiver.
type Way struct {
	Client    *http.Client
	Endpoint  string
	UserAgent string
	Secrets   wire.Secrets // not to be shown in answers and errors
	Owners    *Owners      // nil: everything goes to Endpoint
	Forgot    func()       // hears that the end of an incident is forgotten to make room; nil: nobody does
}

// Owners lets an event name where its messages go: a receiver of whoever owns the token. It is written by others than the
// operator, so a guard watches over it, and it gets neither the headers nor the credentials of the operator's endpoint.
type Owners struct {
	Field  string // of the event, that holds the address
	Guard  *wire.Guard
	Client *http.Client
}

// request is what a format sends.
type request struct {
	event       *response.Event
	method      string // POST if empty
	path        string // below the endpoint
	contentType string
	header      http.Header
	body        []byte
}

// judge says what an answer with a status means.
type judge func(response.Answer, wire.Reply) response.Answer

// send makes one attempt. An owner's address that is forbidden is as good as none.
func (w *Way) send(ctx context.Context, r request, now time.Time, judge judge) response.Answer {
	reason := ""
	if address := w.owner(r.event); address != "" {
		reply, err := w.toOwner(ctx, address, r, now)
		if err == nil {
			a := judged(reply, w.Secrets.And(wire.URLSecrets(address)...), judge)
			// One owner's receiver says nothing about those of the others.
			if a.Busy = false; a.Verdict == response.Gone {
				a.Verdict = response.Final
			}
			return a
		}
		reason = fmt.Sprintf("%s: %s; the target's own endpoint got it", w.Owners.Field, err)
	}
	req, err := w.request(ctx, w.Endpoint+r.path, r)
	if err != nil {
		return finally(response.Answer{}, "the request cannot be made: the endpoint is not a URL")
	}
	a := judged(wire.Exchange(w.Client, req, now), w.Secrets, judge)
	a.Reason, a.Detour = first(a.Reason, reason), reason != ""
	return a
}

func (w *Way) owner(e *response.Event) string {
	if w.Owners == nil {
		return ""
	}
	return e.Field(w.Owners.Field)
}

// toOwner is an error if the guard forbids it.
func (w *Way) toOwner(ctx context.Context, address string, r request, now time.Time) (wire.Reply, error) {
	if _, err := w.Owners.Guard.Check(address); err != nil {
		return wire.Reply{}, err
	}
	req, err := w.request(ctx, address, r)
	if err != nil {
		return wire.Reply{}, errors.New("not a URL")
	}
	reply := wire.Exchange(w.Owners.Client, req, now)
	if errors.Is(reply.Err, wire.ErrForbidden) {
		return reply, reply.Err
	}
	return reply, nil
}

func (w *Way) request(ctx context.Context, address string, r request) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	req.Header.Set("User-Agent", w.UserAgent)
	// Sent empty it stays off the wire, and tells the transport that it may repeat the request on a new connection when
	// an idle one turns out to be dead: receivers know the message by its id.
	req.Header["Idempotency-Key"] = nil
	return req, nil
}

func judged(reply wire.Reply, secrets wire.Secrets, judge judge) response.Answer {
	a := reply.Answer(secrets)
	switch {
	case reply.Status == 0 && !reply.Sent:
		a.Verdict = response.Unreached
	case reply.Status == 0:
		a.Verdict = response.Lost
	default:
		return judge(a, reply)
	}
	return a
}

// byStatus is what a status means where a format does not say otherwise, by the rules of Standard Webhooks 1.0.0.
func byStatus(a response.Answer, _ wire.Reply) response.Answer {
	switch {
	case a.Status/100 == 2:
		a.Verdict = response.Done
	case a.Status == http.StatusGone:
		a.Verdict, a.Reason = response.Gone, "410 Gone: the receiver wants no more messages"
	case a.Status/100 == 3:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d: redirects are not followed, write the final address", a.Status)
	default:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	}
	return a
}

// finally is an answer after which another try makes no sense.
func finally(a response.Answer, reason string) response.Answer {
	a.Verdict, a.Reason = response.Final, reason
	return a
}

// encode writes JSON as people read it.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
