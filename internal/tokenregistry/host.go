package tokenregistry

import (
	"fmt"

	"go.opentelemetry.io/collector/component"
)

// Holder is a component that shares its Registry: the token_registry extension.
type Holder interface {
	component.Component
	// TokenRegistry is the shared Registry, started before the pipelines are.
	TokenRegistry() *Registry
}

// FromHost is the Registry that the extension of this id shares.
func FromHost(host component.Host, id component.ID) (*Registry, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("token_registry: extension %q is not there: define it under extensions and name it under service::extensions", id)
	}
	holder, ok := extension.(Holder)
	if !ok {
		return nil, fmt.Errorf("token_registry: extension %q is no token registry: use one of type token_registry", id)
	}
	return holder.TokenRegistry(), nil
}
