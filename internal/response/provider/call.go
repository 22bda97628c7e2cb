package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Call is a templated HTTP request that acts on a token.
type Call struct {
	Client     *http.Client
	Request    *Request
	Success    Success
	ReadBack   *ReadBack // nil: the provider cannot be asked
	Idempotent bool      // sending twice does no harm
	DryRun     bool
	UserAgent  string
	Secrets    wire.Secrets
}

// ReadBack asks the provider whether an act was done whose answer was lost.
type ReadBack struct {
	Request *Request
	Done    Success
	NotDone Success
}

// Send makes one attempt: it acts, or asks, or in dry run says what it would have sent.
func (c *Call) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	data, err := eventData(d.Body)
	if err != nil {
		return response.Answer{Verdict: response.Final, Reason: "the stored event cannot be read: " + err.Error()}
	}
	if d.State == response.Asking {
		return c.ask(ctx, d, data, now)
	}
	if c.DryRun || d.DryRun {
		text, err := c.Request.Show(data, d.ID)
		if err != nil {
			return c.unwritable(err)
		}
		return response.Answer{Verdict: response.Described, Request: c.Secrets.Mask(text)}
	}
	req, err := c.Request.Write(ctx, data, d.ID, c.UserAgent)
	if err != nil {
		return c.unwritable(err)
	}
	return c.judge(wire.Exchange(c.Client, req, now))
}

// judge says what an answer to an act means. "No" is believed where it cannot mean "done": 3xx and 4xx, and 503 by its
// definition. Any other 5xx may come from something in front of a provider that has done it.
func (c *Call) judge(reply wire.Reply) response.Answer {
	a := reply.Answer(c.Secrets)
	if reply.Status == 0 {
		a.Verdict = response.Lost
		if !reply.Sent {
			a.Verdict = response.Unreached
		}
		return a
	}
	done, why := c.Success.Holds(reply.Status, reply.Body)
	class := reply.Status / 100
	switch {
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
	a.Reason = c.Secrets.Mask(why)
	return a
}

// ask finds out whether an act was done. Whatever goes wrong here did nothing, and is worth another try.
func (c *Call) ask(ctx context.Context, d *response.Delivery, data any, now time.Time) response.Answer {
	if c.ReadBack == nil {
		return response.Answer{Verdict: response.Lost, Reason: "the target has no read_back any more"}
	}
	req, err := c.ReadBack.Request.Write(ctx, data, d.ID, c.UserAgent)
	if err != nil {
		return response.Answer{Verdict: response.Refused, Reason: c.Secrets.Mask("read_back: " + err.Error())}
	}
	req.Header.Del("Idempotency-Key")
	reply := wire.Exchange(c.Client, req, now)
	a := reply.Answer(c.Secrets)
	a.Verdict = response.Refused
	if reply.Status == 0 {
		return a
	}
	if done, _ := c.ReadBack.Done.Holds(reply.Status, reply.Body); done && !reply.Cut {
		a.Verdict = response.Done
	} else if undone, _ := c.ReadBack.NotDone.Holds(reply.Status, reply.Body); undone && !reply.Cut {
		a.Verdict, a.Reason = response.Undone, "read back: not done"
	} else {
		a.Reason = fmt.Sprintf("read back: status %d says neither that it was done nor that it was not", reply.Status)
	}
	return a
}

func (c *Call) unwritable(err error) response.Answer {
	return response.Answer{Verdict: response.Final, Reason: c.Secrets.Mask("the request cannot be written: " + err.Error())}
}

// eventData is what templates see: the data of the message, as plain maps.
func eventData(body []byte) (any, error) {
	var envelope struct {
		Data map[string]any `json:"data"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&envelope); err != nil {
		return nil, err
	}
	return envelope.Data, nil
}
