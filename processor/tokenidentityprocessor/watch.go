package tokenidentityprocessor

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// repeatAfter is how long an error that stays the same is not logged again.
const repeatAfter = 10 * time.Minute

// watch is what has been said about the registry file so far.
type watch struct {
	said   string
	saidAt time.Time
}

// watchRegistry looks at the registry file until it is stopped.
func (e *engine) watchRegistry(ctx context.Context) {
	ticker := time.NewTicker(e.cfg.Registry.ReloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = e.checkRegistry(ctx)
		}
	}
}

// checkRegistry reads the registry file if it has changed, and says in health, log and metric how it is.
func (e *engine) checkRegistry(ctx context.Context) error {
	changed, err := e.registry.Check()
	if err != nil {
		e.telemetry.TokenIdentityRegistryErrors.Add(ctx, 1)
		if now := time.Now(); err.Error() != e.watch.said || now.Sub(e.watch.saidAt) >= repeatAfter {
			e.logger.Error("The registry file is off: what was read before stays in force", zap.Error(err), zap.Int("tokens", e.registry.Snapshot().Len()))
			e.health.trouble(err)
			e.watch = watch{said: err.Error(), saidAt: now}
		}
		return err
	}
	if e.watch.said != "" {
		e.watch = watch{}
		e.health.well()
		e.logger.Info("The registry file is good again")
	}
	if changed {
		e.telemetry.TokenIdentityRegistryReloads.Add(ctx, 1)
		e.telemetry.TokenIdentityRegistryTokens.Record(ctx, int64(e.registry.Snapshot().Len()))
		e.logger.Info("The registry is in force", zap.Int("tokens", e.registry.Snapshot().Len()))
	}
	return nil
}
