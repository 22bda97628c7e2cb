package tokenresponseexporter

import (
	"context"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/provider"
)

// KongConfig acts through Kong Gateway's Admin API.
type KongConfig struct {
	ProviderConfig `mapstructure:",squash"`
	// Token is the Kong-Admin-Token, where RBAC is on.
	Token configopaque.String `mapstructure:"token"`
	// Lock is terminate (the consumer's requests are refused; can be undone) or delete_key (its key is deleted for good).
	Lock string `mapstructure:"lock"`
	// Consumer is the field of the event that names the consumer.
	Consumer provider.Field `mapstructure:"consumer"`
	// Key is the field that names the credential, for delete_key.
	Key provider.Field `mapstructure:"key"`
	// Group is the ACL group that a restricted consumer leaves; without it nothing can be restricted.
	Group string `mapstructure:"group"`
	// ACL is the field that names the consumer's membership in the group.
	ACL provider.Field `mapstructure:"acl"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (k *KongConfig) secrets() []string { return []string{string(k.Token)} }

func (k *KongConfig) preset(_ context.Context, _ *responder, way provider.Channel) (*provider.Preset, error) {
	return provider.Kong{
		Endpoint: k.Endpoint, Token: string(k.Token), Consumer: k.Consumer, Key: k.Key, Lock: k.Lock, Group: k.Group, ACL: k.ACL,
	}.Preset(way)
}
