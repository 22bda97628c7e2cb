package tokenconsoleextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/holterhq/holter/extension/tokenconsoleextension/internal/metadata"
)

// NewFactory creates the factory of the token_console extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &consoleExtension{set: set, cfg: cfg.(*Config), telemetry: telemetry}, nil
}
