package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Call is a templated HTTP request that does something to a token, or takes it back.
type Call struct {
	Channel
	Request    *Request
	Success    Success
	Refusals   []Refusal // what the provider's own errors mean
	ReadBack   *ReadBack // nil: the provider cannot be asked
	Before     *ReadBack // asked first: what is so already is not done, and not to be undone; nil: it does not matter
	Idempotent bool      // sending twice does no harm
}

// Refusal explains an error that a provider documents. Where nothing is said of an answer, a 4xx is worth another try.
type Refusal struct {
	Status int
	Check  *Check // of the body; nil: any
	Why    string // one sentence, with what to do
	Final  bool   // another try makes no sense
	Busy   bool   // the provider is asked too often: it is left alone for a while
}

// Send makes one attempt: it acts, or asks, or in dry run says what it would have sent.
func (c *Call) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	w, err := c.fill(ctx, d, now)
	if d.State == response.Asking {
		switch {
		case c.ReadBack == nil:
			return response.Answer{Verdict: response.Lost, Reason: "the target has no read_back any more"}
		case err != nil:
			return response.Answer{Verdict: response.Refused, Reason: c.Secrets.Mask("read_back: " + err.Error())}
		}
		return c.ReadBack.ask(ctx, &c.Channel, w, now)
	}
	if err != nil {
		return c.unsent(err, c.Secrets)
	}
	if d.Dry(c.DryRun) {
		text, err := c.Request.Show(w.shown, d.ID)
		if err != nil {
			return c.unsent(Impossible("the request cannot be written: %w", err), w.hide)
		}
		return response.Answer{Verdict: response.Described, Request: w.hide.Mask(text)}
	}
	if a, holds := c.before(ctx, w, d, now); holds {
		return a
	}
	reply, err := c.exchange(ctx, c.Request, w, d.ID, now)
	if err != nil {
		return c.unsent(err, w.hide)
	}
	return c.judge(reply, w.hide)
}

// before says whether it is so already. What the provider does not say clearly, and soon, keeps nobody from acting, nor is it asked
// once an earlier request may have done it.
func (c *Call) before(ctx context.Context, w whole, d *response.Delivery, now time.Time) (response.Answer, bool) {
	if c.Before == nil || d.Doubt {
		return response.Answer{}, false
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/3)
		defer cancel()
	}
	a := c.Before.ask(ctx, &c.Channel, w, now)
	if a.Verdict != response.Done {
		return response.Answer{}, false
	}
	a.Before, a.Reason = true, "it was so before, nothing was sent"
	return a, true
}

// judge says what an answer to an act means. "No" is believed where it cannot mean "done": 3xx and 4xx, and 503 by its
// definition. Any other 5xx may come from something in front of a provider that has done it.
func (c *Call) judge(reply wire.Reply, hide wire.Secrets) response.Answer {
	a := reply.Answer(hide)
	if reply.Status == 0 {
		a.Verdict = response.Lost
		if !reply.Sent {
			a.Verdict = response.Unreached
		}
		return a
	}
	done, why := c.Success.Holds(reply.Status, reply.Body)
	class := reply.Status / 100
	refusal, explained := c.refusal(reply)
	switch {
	case explained:
		a.Verdict, why = response.Refused, fmt.Sprintf("status %d: %s", reply.Status, refusal.Why)
		a.Busy = a.Busy || refusal.Busy
		if refusal.Final {
			a.Verdict = response.Final
		}
	case done && (!reply.Cut || len(c.Success.Body) == 0):
		a.Verdict = response.Done
		return a
	case reply.Cut && reply.Err != nil:
		a.Verdict, why = response.Lost, fmt.Sprintf("status %d, but the answer broke off", reply.Status)
	case class == 3 || class == 4 || reply.Status == http.StatusServiceUnavailable:
		a.Verdict = response.Refused
	case class == 5:
		a.Verdict, why = response.Lost, why+": it may have been done nevertheless"
	case c.Idempotent:
		a.Verdict = response.Refused
	default:
		a.Verdict, why = response.Final, why+"; it is not sent again, because the target is not declared idempotent"
	}
	a.Reason = hide.Mask(why)
	return a
}

func (c *Call) refusal(reply wire.Reply) (Refusal, bool) {
	for _, r := range c.Refusals {
		if r.Status != reply.Status {
			continue
		}
		if r.Check == nil {
			return r, true
		}
		if ok, _ := r.Check.holds(reply.Body); ok {
			return r, true
		}
	}
	return Refusal{}, false
}

// eventData is what templates see: the data of the message, as plain maps.
func eventData(body []byte) (map[string]any, error) {
	var envelope struct {
		Data map[string]any `json:"data"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&envelope); err != nil {
		return nil, err
	}
	if envelope.Data == nil {
		return nil, errors.New("there is no data in it")
	}
	return envelope.Data, nil
}
