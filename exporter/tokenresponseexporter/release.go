package tokenresponseexporter

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/store"
)

// lookBack is how long before an anomaly a release may have come that the token met another one before.
const lookBack = 24 * time.Hour

// release is since when the token meets the release that the anomalous request met, nil if that is not known: without a store,
// and where the token met no other release of the service before.
func (r *responder) release(ctx context.Context, e *response.Event, budget *patience) *incident.Release {
	if r.store == nil || e.Token.ID == "" || e.Trigger.Service == "" || e.Trigger.Version == "" || !time.Now().Before(budget.until) {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, e.Time)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, budget.until)
	defer cancel()
	answer, err := r.store.Query(ctx, store.Query{
		Filter: store.TokenFilter{IDs: []string{e.Token.ID}}, From: at.Add(-lookBack), To: at, Step: time.Minute,
		Measure: store.MeasureRequests, Group: store.ByRelease, Where: store.Dimension{Group: store.ByService, Values: []string{e.Trigger.Service}},
	})
	if err != nil {
		return nil
	}
	return releaseOf(&answer, e.Trigger.Service, e.Trigger.Version, at)
}

// releaseOf finds in the requests of a token by release since when it meets one of them.
func releaseOf(answer *store.Answer, service, version string, at time.Time) *incident.Release {
	mine, others := -1, -1
	for i := range answer.Series {
		s := &answer.Series[i]
		first := firstUsed(s.Points)
		switch {
		case first < 0:
		case s.Key == service+"@"+version:
			mine = first
		case others < 0 || first < others:
			others = first
		}
	}
	if others < 0 || mine >= 0 && mine <= others {
		return nil
	}
	since := at // this very request is the first
	if mine >= 0 {
		since = answer.From.Add(time.Duration(mine) * answer.Step)
	}
	return &incident.Release{Service: service, Version: version, Age: max(at.Sub(since), 0)}
}

func firstUsed(points []float64) int {
	for i, n := range points {
		if n > 0 {
			return i
		}
	}
	return -1
}
