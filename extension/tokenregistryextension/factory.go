package tokenregistryextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/holterhq/holter/extension/tokenregistryextension/internal/metadata"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// Config says under which keys tokens are named, and where it is written whose they are.
type Config struct {
	tokenregistry.Config `mapstructure:",squash"`

	_ struct{}
}

// NewFactory creates the factory of the token_registry extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type,
		func() component.Config { return &Config{Config: tokenregistry.DefaultConfig()} },
		create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	e := &registryExtension{cfg: cfg.(*Config)}
	registry, err := tokenregistry.New(tokenregistry.Settings{
		ID: set.ID, Kind: component.KindExtension, Telemetry: set.TelemetrySettings, Health: &e.health,
	}, e.cfg.Config)
	if err != nil {
		return nil, err
	}
	e.registry = registry
	return e, nil
}
