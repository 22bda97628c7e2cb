package tokenregistry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/registry"
)

// HTTPConfig is a source that a server gives as a list.
type HTTPConfig struct {
	// ClientConfig holds the endpoint, and how it is called.
	confighttp.ClientConfig `mapstructure:",squash"`
	// Format is yaml, json, csv, or auto: what the content type says, or the end of the endpoint.
	Format string `mapstructure:"format"`
	// RefreshInterval is how often to ask whether the list has changed.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// MaxBytes bounds the answer.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// Optional lets the start go on without the server: until it has answered it says nothing.
	Optional bool `mapstructure:"optional"`

	_ struct{}
}

// Unmarshal lays what is written over the defaults.
func (h *HTTPConfig) Unmarshal(conf *confmap.Conf) error {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second
	*h = HTTPConfig{ClientConfig: client, Format: auto, RefreshInterval: time.Minute, MaxBytes: 64 << 20}
	return conf.Unmarshal(h)
}

func (h *HTTPConfig) validate() error {
	switch {
	case !slices.Contains(fileFormats, h.Format):
		return fmt.Errorf("format: %q is none of %s", h.Format, strings.Join(fileFormats, ", "))
	case h.RefreshInterval <= 0:
		return fmt.Errorf("refresh_interval: %v must be above zero, such as 1m", h.RefreshInterval)
	case h.MaxBytes < 1:
		return fmt.Errorf("max_bytes: %d must be at least 1: the default is %d", h.MaxBytes, 64<<20)
	}
	_, err := registry.NewList(h.list())
	return err
}

func (h *HTTPConfig) list() registry.ListConfig {
	list := registry.ListConfig{Endpoint: h.Endpoint, Interval: h.RefreshInterval, MaxBytes: h.MaxBytes, Optional: h.Optional}
	if h.Format != auto {
		list.Format = registry.Format(h.Format)
	}
	return list
}

func (h *HTTPConfig) open(ctx context.Context, host component.Host, telemetry component.TelemetrySettings) (registry.Source, error) {
	client, err := h.ToClient(ctx, host.GetExtensions(), telemetry)
	if err != nil {
		return nil, err
	}
	list := h.list()
	list.Client = client
	return registry.NewList(list)
}
