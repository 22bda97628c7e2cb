package tokenbehaviorconnector

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

var (
	resultTaken     = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", "taken")))
	resultRefused   = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", "refused")))
	resultDisplaced = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", "displaced")))
)

// readFeedback reads what people say of tokens out of a batch of log records.
func (w *worker) readFeedback(ld plog.Logs) (all []behavior.Feedback) {
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				f, ok, err := otelattr.FeedbackOf(log)
				switch {
				case !ok:
				case !w.config.Feedback.Enabled:
					w.refuseFeedback(&f, errFeedbackOff)
				case err != nil:
					w.refuseFeedback(&f, err)
				default:
					all = append(all, w.config.Feedback.bound(f))
				}
			}
		}
	}
	return all
}

// bound gives feedback a time and an end.
func (c *Feedback) bound(f behavior.Feedback) behavior.Feedback {
	if f.Time == 0 {
		f.Time = now()
	}
	if f.TTL == 0 {
		f.TTL = c.TTL
	}
	f.TTL = min(f.TTL, c.MaxTTL)
	return f
}

// heed hands feedback to the engine.
func (w *worker) heed(all []behavior.Feedback) {
	for i := range all {
		f := &all[i]
		if err := w.learner.advise(*f); err != nil {
			w.refuseFeedback(f, err)
			continue
		}
		w.metrics.touch(f)
		w.telemetry.TokenBehaviorFeedback.Add(context.Background(), 1, resultTaken)
		w.logger.Info("feedback is taken", zap.String("token", f.Token), zap.Stringer("verdict", f.Verdict), zap.String("facet", f.Facet),
			zap.Duration("ttl", f.TTL), zap.String("by", f.By))
	}
}

func (w *worker) refuseFeedback(f *behavior.Feedback, why error) {
	w.telemetry.TokenBehaviorFeedback.Add(context.Background(), 1, resultRefused)
	w.logger.Warn("feedback is refused", zap.String("token", f.Token), zap.String("by", f.By), zap.Error(why))
}
