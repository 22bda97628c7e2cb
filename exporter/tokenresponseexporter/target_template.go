package tokenresponseexporter

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// TemplateConfig sends a message that templates write. Endpoint, headers and body are templates over the event.
type TemplateConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	Method                  string `mapstructure:"method"`
	Body                    string `mapstructure:"body"`
	// Secrets are what {{ secret "name" }} stands for.
	Secrets configopaque.MapList `mapstructure:"secrets"`
	// Success says which answers mean that the message was taken; any 2xx unless written.
	Success SuccessConfig `mapstructure:"success"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (c *TemplateConfig) faults() (faults []error) {
	if c.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", c.Timeout))
	}
	if _, err := c.request(); err != nil {
		faults = append(faults, err)
	}
	if _, err := c.success(); err != nil {
		faults = append(faults, fmt.Errorf("success: %w", err))
	}
	return faults
}

func (c *TemplateConfig) request() (*provider.Request, error) {
	return provider.NewRequest(provider.RequestSpec{
		Method: c.Method, Endpoint: c.Endpoint, Body: c.Body, Headers: plain(c.Headers), Secrets: plain(c.Secrets),
	})
}

func (c *TemplateConfig) success() (provider.Success, error) {
	if len(c.Success.Status) == 0 && len(c.Success.Body) == 0 {
		return provider.Success{}, nil
	}
	return c.Success.predicate()
}

func (c *TemplateConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	success, err := c.success()
	if err != nil {
		return fmt.Errorf("success: %w", err)
	}
	client := c.ClientConfig
	client.Headers = nil // they are templates, and written with the request
	way, err := r.way(ctx, host, t, client, nil)
	if err != nil {
		return err
	}
	hidden := append(slices.Collect(maps.Values(plain(c.Headers))), slices.Collect(maps.Values(plain(c.Secrets)))...)
	t.Sender = &message.Template{
		Client: way.Client, Request: request, Success: success, UserAgent: way.UserAgent, Secrets: wire.NewSecrets(hidden...),
	}
	return nil
}
