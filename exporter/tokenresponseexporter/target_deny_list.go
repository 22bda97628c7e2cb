package tokenresponseexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/denylist"
)

// DenyListTargetConfig puts tokens on the deny list of this Collector.
type DenyListTargetConfig struct {
	// DryRun overrides the exporter's own setting.
	DryRun *bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// denyTimeout bounds how long the storage may take.
const denyTimeout = 10 * time.Second

func (*DenyListTargetConfig) faults() []error { return nil }

func (d *DenyListTargetConfig) dry() *bool { return d.DryRun }

func (*DenyListTargetConfig) actions() []response.Action {
	return []response.Action{response.Restrict, response.Reauthenticate, response.Lock}
}

func (*DenyListTargetConfig) undoes(action response.Action) bool { return denylist.Can(action).Undo }

func (d *DenyListTargetConfig) build(_ context.Context, r *responder, _ component.Host, t *courier.Target) error {
	t.Timeout, t.DryRun, t.Terms.Kind, t.Terms.Idempotent = denyTimeout, r.dryTarget(t.Name), response.Act, true
	t.Sender = &denylist.Target{List: r.deny.list, Keep: r.deny.keep, DryRun: t.DryRun}
	return nil
}
