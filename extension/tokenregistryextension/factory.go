package tokenregistryextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension"

	"github.com/holterhq/holter/extension/tokenregistryextension/internal/metadata"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// Config says under which keys tokens are named, and where it is written whose they are.
type Config struct {
	tokenregistry.Config `mapstructure:",squash"`
	// Seen bounds what is remembered of tokens that are used and not registered.
	Seen tokenregistry.SeenConfig `mapstructure:"seen"`
	// HTTP is where the extension answers what it has seen. Without it nobody can ask.
	HTTP configoptional.Optional[confighttp.ServerConfig] `mapstructure:"http"`

	_ struct{}
}

// NewFactory creates the factory of the token_registry extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type,
		createDefaultConfig, create, metadata.ExtensionStability)
}

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	return &Config{
		Config: tokenregistry.DefaultConfig(), Seen: tokenregistry.SeenConfig{MaxTokens: 10_000}, HTTP: configoptional.Default(server),
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	e := &registryExtension{cfg: cfg.(*Config), telemetry: set.TelemetrySettings}
	registry, err := tokenregistry.New(tokenregistry.Settings{
		ID: set.ID, Kind: component.KindExtension, Telemetry: set.TelemetrySettings, Health: &e.health, Seen: e.cfg.Seen,
	}, e.cfg.Config)
	if err != nil {
		return nil, err
	}
	e.registry = registry
	return e, nil
}
