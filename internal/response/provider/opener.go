package provider

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Opener gives the credential of a fingerprint, for as long as one request needs it.
type Opener func(fingerprint string) (string, error)

// Filler adds what templates need and no event has.
type Filler func(ctx context.Context, event map[string]any, d *response.Delivery, now time.Time) (map[string]string, error)

// patience is how long a credential may take to arrive sealed after its token was flagged: both go their own way.
const patience = time.Minute

// Fill opens the credential that the event is about.
func (o Opener) Fill(_ context.Context, event map[string]any, d *response.Delivery, now time.Time) (map[string]string, error) {
	fingerprint, err := field(event, "token.fingerprint")
	if err != nil {
		return nil, Impossible("which credential is meant is not known: %w; write registry: token_registry into token_response", err)
	}
	raw, err := o(fingerprint)
	switch {
	case err == nil:
		return map[string]string{"credential": raw}, nil
	case now.Sub(d.Arrived) < patience:
		return nil, err
	}
	return nil, Impossible("%w", err)
}

// and fills in what both fill in.
func (f Filler) and(next Filler) Filler {
	return func(ctx context.Context, event map[string]any, d *response.Delivery, now time.Time) (map[string]string, error) {
		first, err := f(ctx, event, d, now)
		if err != nil {
			return nil, err
		}
		second, err := next(ctx, event, d, now)
		if err != nil {
			return nil, err
		}
		for name, value := range second {
			if _, twice := first[name]; twice {
				return nil, Impossible("%s is filled in twice", name)
			}
			first[name] = value
		}
		return first, nil
	}
}
