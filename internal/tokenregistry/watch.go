package tokenregistry

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/registry"
)

// repeatAfter is how long an error that stays the same is not logged again.
const repeatAfter = 10 * time.Minute

// watch looks at one source for changes, and knows what has been said about it so far.
type watch struct {
	*Registry
	source  registry.Source
	logger  *zap.Logger
	counted metric.MeasurementOption

	mu     sync.Mutex
	said   string
	saidAt time.Time
}

func (r *Registry) newWatch(source registry.Source) *watch {
	return &watch{
		Registry: r, source: source,
		logger:  r.logger.With(zap.String("source", source.Name())),
		counted: metric.WithAttributeSet(attribute.NewSet(attribute.String("source", source.Name()))),
	}
}

// run looks at the source until ctx ends.
func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(w.source.Interval())
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = w.check(ctx)
		}
	}
}

// check reads the source if it has changed, and says in health, log and metric how it is.
func (w *watch) check(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, err := w.source.Check(ctx)
	if changed {
		w.directory.Changed()
		tokens := w.source.Snapshot().Len()
		w.telemetry.TokenRegistrySourceReloads.Add(ctx, 1, w.counted)
		w.telemetry.TokenRegistryTokens.Record(ctx, int64(tokens), w.counted)
		w.logger.Info("The registry is in force", zap.Int("tokens", tokens))
		w.checkRotations(ctx)
	}
	switch {
	case err != nil && ctx.Err() != nil:
	case err != nil:
		w.telemetry.TokenRegistrySourceErrors.Add(ctx, 1, w.counted)
		if now := time.Now(); err.Error() != w.said || now.Sub(w.saidAt) >= repeatAfter {
			w.logger.Error("A registry source is off: what is good of it, and what was read before, stays in force",
				zap.Error(err), zap.Int("tokens", w.source.Snapshot().Len()))
			w.troubles.trouble(w.source.Name(), err)
			w.said, w.saidAt = err.Error(), now
		}
	case w.said != "":
		w.said, w.saidAt = "", time.Time{}
		w.troubles.well(w.source.Name())
		w.logger.Info("The registry source is good again")
	}
	return err
}
