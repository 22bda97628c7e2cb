package tokenresponseexporter

import (
	"context"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/provider"
)

// VaultConfig acts on tokens of HashiCorp Vault or OpenBao.
type VaultConfig struct {
	ProviderConfig `mapstructure:",squash"`
	Token          configopaque.String `mapstructure:"token"`
	Namespace      string              `mapstructure:"namespace"`
	// Lock is accessor (the token is revoked for good) or entity (its entity is disabled; can be undone).
	Lock string `mapstructure:"lock"`
	// Accessor is the field of the event that holds the token's accessor.
	Accessor provider.Field `mapstructure:"accessor"`
	// Entity is the field that holds the entity's id.
	Entity provider.Field `mapstructure:"entity"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (v *VaultConfig) secrets() []string { return []string{string(v.Token)} }

func (v *VaultConfig) preset(_ context.Context, _ *responder, way provider.Channel) (*provider.Preset, error) {
	return provider.Vault{
		Endpoint: v.Endpoint, Token: string(v.Token), Namespace: v.Namespace, Lock: v.Lock, Accessor: v.Accessor, Entity: v.Entity,
	}.Preset(way)
}
