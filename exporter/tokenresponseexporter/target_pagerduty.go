package tokenresponseexporter

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// PagerDutyConfig sends to the Events API v2.
type PagerDutyConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// RoutingKey is the integration key of a service or of an event orchestration.
	RoutingKey configopaque.String `mapstructure:"routing_key"`
	// Source stands as the affected system where an event names no service.
	Source string `mapstructure:"source"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const pagerDutyEvents = "https://events.pagerduty.com/v2/enqueue"

func (p *PagerDutyConfig) faults() []error {
	faults := fixedEndpoint(p.ClientConfig, "pagerduty target")
	if p.RoutingKey == "" {
		faults = append(faults, errors.New("routing_key is missing: it is the integration key of an Events API v2 integration"))
	}
	if strings.TrimSpace(p.Source) == "" {
		faults = append(faults, errors.New("source: is empty: PagerDuty asks for one, write for example holter"))
	}
	return faults
}

func (p *PagerDutyConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	way, err := r.way(ctx, host, t, p.ClientConfig, nil, string(p.RoutingKey))
	if err != nil {
		return err
	}
	t.Sender = &message.PagerDuty{Way: way, RoutingKey: string(p.RoutingKey), Source: p.Source}
	return nil
}
