package tokenregistry

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/registry"
)

// checkRotations says in health, log and metric whether rotations go round in a circle through several sources. Every token of it has
// an id all the same: that of the first that was seen.
func (w *watch) checkRotations(ctx context.Context) {
	const what = "rotations"
	w.circling.Lock()
	defer w.circling.Unlock()
	id := w.directory.Circle()
	switch {
	case id == "" && w.circle:
		w.logger.Info("Rotations go round in a circle no longer")
		w.troubles.well(what)
	case id != "":
		err := fmt.Errorf("replaces: the rotations of token %s go round in a circle through several sources: the first of them replaces none", registry.Quote(id))
		w.telemetry.TokenRegistrySourceErrors.Add(ctx, 1, w.counted)
		if !w.circle {
			w.logger.Error("Rotations go round in a circle: which of them was the first cannot be told, and all have the id of the one that was seen first", zap.Error(err))
		}
		w.troubles.trouble(what, err)
	}
	w.circle = id != ""
}
