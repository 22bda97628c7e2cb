package tokenresponseexporter

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/blast"
)

// blastBudget is how long the anomalies that come together wait for what acts would break.
const blastBudget = 300 * time.Millisecond

// patience is what is left of a budget.
type patience struct{ until time.Time }

// blast is what an action would break, nil if it is not known in time.
func (r *responder) blast(ctx context.Context, token string, action response.Action, now time.Time, budget *patience) *response.Blast {
	if r.store == nil || token == "" || !time.Now().Before(budget.until) {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, budget.until)
	defer cancel()
	found, err := blast.Of(ctx, r.store, blast.Question{Token: token, Action: action, Days: blast.DefaultDays, Now: now})
	if err != nil {
		return nil
	}
	return &found
}
