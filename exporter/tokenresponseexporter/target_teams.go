package tokenresponseexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// TeamsConfig sends to the webhook of a Microsoft Teams workflow.
type TeamsConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	OwnersConfig            `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (c *TeamsConfig) faults() []error {
	return append(fixedEndpoint(c.ClientConfig, "teams target"), c.OwnersConfig.faults()...)
}

func (c *TeamsConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	way, err := r.way(ctx, host, t, c.ClientConfig, &c.OwnersConfig)
	if err != nil {
		return err
	}
	t.Sender = &message.Teams{Way: way}
	return nil
}
