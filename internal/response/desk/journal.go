package desk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/store"
)

// Journal keeps records in a store. It is a target like others: what the store does not take now is brought again.
type Journal struct {
	Store interface {
		Append(ctx context.Context, entries []store.Entry) error
	}
}

// JournalSchedule is how often a record is brought before it is given up.
func JournalSchedule() response.Schedule {
	const (
		step     = 10 * time.Second
		attempts = 8640 // a day's worth
	)
	delays := make([]time.Duration, attempts)
	for n := range delays {
		delays[n] = min(time.Duration(n)*time.Second, step)
	}
	return response.Schedule{Delays: delays}
}

var _ courier.Sender = (*Journal)(nil)

// Send appends the records of a delivery.
func (j *Journal) Send(ctx context.Context, d *response.Delivery, _ time.Time) response.Answer {
	var entries []store.Entry
	if err := json.Unmarshal(d.Body, &entries); err != nil {
		return response.Answer{Verdict: response.Final, Reason: "the records cannot be read: " + err.Error()}
	}
	if err := j.Store.Append(ctx, entries); err != nil {
		return response.Answer{Verdict: response.Refused, Reason: err.Error(), Busy: errors.Is(err, store.ErrAway)}
	}
	return response.Answer{Verdict: response.Done}
}
