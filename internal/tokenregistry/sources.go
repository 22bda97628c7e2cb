package tokenregistry

import "github.com/holterhq/holter/internal/registry"

// open makes the configured sources, in the order in which they are asked.
func (r *RegistryConfig) open() []registry.Source {
	var sources []registry.Source
	if r.File != "" {
		sources = append(sources, registry.NewFile(r.File, r.ReloadInterval, r.Optional))
	}
	return sources
}
