package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Channel is the way to a provider, which all calls to it share.
type Channel struct {
	Client    *http.Client
	UserAgent string
	Secrets   wire.Secrets
	DryRun    bool
	// Fill adds what templates need and no event has: an opened credential, a signed assertion. None of it is ever shown.
	Fill Filler
	// Sign adds what proves to the provider who asks: a bearer token, a signature over the request.
	Sign func(ctx context.Context, req *http.Request, body []byte, now time.Time) error
}

// impossible is an error after which another try makes no sense.
type impossible struct{ error }

func (i impossible) Unwrap() error { return i.error }

// Impossible marks an error after which another try makes no sense.
func Impossible(format string, args ...any) error { return impossible{fmt.Errorf(format, args...)} }

// whole is what templates see, as it goes out and as it may be shown.
type whole struct {
	sent, shown map[string]any
	hide        wire.Secrets
}

// fill reads the event and adds to it.
func (c *Channel) fill(ctx context.Context, d *response.Delivery, now time.Time) (whole, error) {
	event, err := eventData(d.Body)
	if err != nil {
		return whole{}, Impossible("the stored event cannot be read: %w", err)
	}
	return c.complete(ctx, event, d, now)
}

// complete adds to an event what only the call knows.
func (c *Channel) complete(ctx context.Context, event map[string]any, d *response.Delivery, now time.Time) (whole, error) {
	event["arrived"] = d.Arrived.UTC().Format(time.RFC3339)
	w := whole{sent: event, shown: event, hide: c.Secrets}
	if c.Fill == nil {
		return w, nil
	}
	more, err := c.Fill(ctx, event, d, now)
	if err != nil {
		return whole{}, err
	}
	w.sent, w.shown = maps.Clone(event), maps.Clone(event)
	for name, value := range more {
		w.sent[name], w.shown[name] = value, wire.Mask
	}
	w.hide = append(slices.Clone(c.Secrets), wire.NewSecrets(slices.Collect(maps.Values(more))...)...)
	return w, nil
}

// exchange writes, signs and makes a request. An error means that nothing was sent.
func (c *Channel) exchange(ctx context.Context, r *Request, w whole, key string, now time.Time) (wire.Reply, error) {
	req, body, err := r.Write(ctx, w.sent, key, c.UserAgent)
	if err != nil {
		return wire.Reply{}, Impossible("the request cannot be written: %w", err)
	}
	if c.Sign != nil {
		if err := c.Sign(ctx, req, body, now); err != nil {
			return wire.Reply{}, err
		}
	}
	return wire.Exchange(c.Client, req, now), nil
}

// unsent is the answer where nothing was sent.
func (c *Channel) unsent(err error, hide wire.Secrets) response.Answer {
	a := response.Answer{Verdict: response.Unreached, Reason: hide.Mask(err.Error())}
	var final impossible
	if errors.As(err, &final) {
		a.Verdict = response.Final
	}
	return a
}
