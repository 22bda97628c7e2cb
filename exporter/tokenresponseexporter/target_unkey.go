package tokenresponseexporter

import (
	"context"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/provider"
)

// UnkeyConfig acts through Unkey's API.
type UnkeyConfig struct {
	ProviderConfig `mapstructure:",squash"`
	// RootKey has the permissions api.*.update_key and api.*.read_key.
	RootKey configopaque.String `mapstructure:"root_key"`
	// Key is the field of the event that names the key's id.
	Key provider.Field `mapstructure:"key"`
	// Permissions that a restricted key keeps; none: those that it really used.
	Permissions []string `mapstructure:"permissions"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (u *UnkeyConfig) secrets() []string { return []string{string(u.RootKey)} }

func (u *UnkeyConfig) preset(_ context.Context, _ *responder, way provider.Channel) (*provider.Preset, error) {
	return provider.Unkey{Endpoint: u.Endpoint, RootKey: string(u.RootKey), Key: u.Key, Permissions: u.Permissions}.Preset(way)
}
