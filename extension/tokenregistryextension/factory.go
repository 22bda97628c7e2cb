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
	// Keys name tokens. Without them an identity key is generated and kept in Storage.
	Keys tokenregistry.KeysConfig `mapstructure:"keys"`
	// Storage is the storage extension that keeps what has to outlive the process, a generated key first of all.
	Storage *component.ID `mapstructure:"storage"`
	// Registry says whose tokens are whose.
	Registry tokenregistry.RegistryConfig `mapstructure:"registry"`
	// Lineage bounds what is remembered of tokens so that their successors keep their ids.
	Lineage tokenregistry.LineageConfig `mapstructure:"lineage"`
	// Seal says whether credentials are sealed for whoever may revoke them.
	Seal tokenregistry.SealConfig `mapstructure:"seal"`
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
	own := tokenregistry.DefaultConfig()
	return &Config{
		Registry: own.Registry, Lineage: own.Lineage, Seal: own.Seal, Seen: tokenregistry.SeenConfig{MaxTokens: 10_000}, HTTP: configoptional.Default(server),
	}
}

// own is what the extension knows of tokens by itself.
func (c *Config) own() tokenregistry.Config {
	return tokenregistry.Config{Keys: c.Keys, Storage: c.Storage, Registry: c.Registry, Lineage: c.Lineage, Seal: c.Seal}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	e := &registryExtension{id: set.ID, cfg: cfg.(*Config), telemetry: set.TelemetrySettings}
	registry, err := tokenregistry.New(tokenregistry.Settings{
		ID: set.ID, Kind: component.KindExtension, Telemetry: set.TelemetrySettings, Health: &e.health, Seen: e.cfg.Seen,
	}, e.cfg.own())
	if err != nil {
		return nil, err
	}
	e.registry = registry
	return e, nil
}
