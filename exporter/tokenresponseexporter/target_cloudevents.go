package tokenresponseexporter

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// CloudEventsConfig sends CloudEvents 1.0.
type CloudEventsConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	OwnersConfig            `mapstructure:",squash"`
	// Mode is structured or binary.
	Mode string `mapstructure:"mode"`
	// Source is a URI reference of this Holter.
	Source string `mapstructure:"source"`
	// Secret signs as a webhook's does; without one events are not signed.
	Secret configopaque.String `mapstructure:"secret"`
	// Secrets sign as well.
	Secrets []configopaque.String `mapstructure:"secrets"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	structured = "structured"
	binary     = "binary"
)

func (c *CloudEventsConfig) faults() []error {
	faults := append(fixedEndpoint(c.ClientConfig, "cloudevents target"), c.OwnersConfig.faults()...)
	if c.Mode != structured && c.Mode != binary {
		faults = append(faults, fmt.Errorf("mode: %q is unknown: write %s or %s", c.Mode, structured, binary))
	}
	if _, err := url.Parse(c.Source); err != nil || c.Source == "" || strings.ContainsAny(c.Source, " \t\r\n") {
		faults = append(faults, fmt.Errorf("source: %q is no URI reference: write for example /holter/eu", c.Source))
	}
	if _, err := signingKeys(c.Secret, c.Secrets); err != nil {
		faults = append(faults, err)
	}
	for name := range c.Headers.Iter {
		if strings.HasPrefix(strings.ToLower(name), "ce-") {
			faults = append(faults, fmt.Errorf("headers: %s is set by the event", name))
		}
	}
	return append(faults, signatureHeaders(c.Headers)...)
}

func (c *CloudEventsConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	way, err := r.way(ctx, host, t, c.ClientConfig, &c.OwnersConfig, opened(append(c.Secrets, c.Secret)...)...)
	if err != nil {
		return err
	}
	keys, err := signingKeys(c.Secret, c.Secrets)
	if err != nil {
		return err
	}
	t.Sender = &message.CloudEvents{Way: way, Binary: c.Mode == binary, Source: c.Source, Keys: keys}
	return nil
}
