package tokenbehaviorconnector

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// readResponses reads what is said of tokens by who responds to their events.
func (w *worker) readResponses(ld plog.Logs) (all []behavior.Response) {
	if !w.config.Watch.Enabled {
		return nil
	}
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				r, ok, err := otelattr.ResponseOf(log)
				switch {
				case !ok:
				case err != nil:
					w.refuseResponse(&r, err)
				default:
					all = append(all, w.config.Watch.bound(r))
				}
			}
		}
	}
	return all
}

// bound gives a response a time, and an act an end.
func (c *Watch) bound(r behavior.Response) behavior.Response {
	if r.Time == 0 {
		r.Time = now()
	}
	r.Act.Delay, r.Act.For = max(r.Act.Delay, c.Delay), c.For
	return r
}

// follow hands responses to the engine.
func (w *worker) follow(all []behavior.Response) {
	for i := range all {
		r := &all[i]
		if err := w.learner.follow(*r); err != nil {
			w.refuseResponse(r, err)
			continue
		}
		w.telemetry.TokenBehaviorResponses.Add(context.Background(), 1, resultTaken)
		if r.Act.State == behavior.ActDone && !w.metrics.replaying {
			w.logger.Info("a token is watched after an act", zap.String("token", r.Token), zap.String("act", r.Act.ID), zap.String("target", r.Act.Target),
				zap.Time("from", time.Unix(0, r.Time).Add(r.Act.Delay)))
		}
	}
}

func (w *worker) refuseResponse(r *behavior.Response, why error) {
	w.telemetry.TokenBehaviorResponses.Add(context.Background(), 1, resultRefused)
	w.logger.Warn("a response is refused", zap.String("token", r.Token), zap.String("act", r.Act.ID), zap.Error(why))
}

// follow lets the engine follow a response.
func (l *learner) follow(r behavior.Response) (err error) {
	defer recoverTo(&err)
	return l.engine.Follow(r)
}
