package tokenresponseexporter

import (
	"context"

	"github.com/holterhq/holter/internal/response/provider"
)

// GitHubConfig has GitHub revoke personal access tokens. It needs the sealed credential.
type GitHubConfig struct {
	ProviderConfig `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (*GitHubConfig) secrets() []string { return nil }

func (*GitHubConfig) opens() bool { return true }

func (g *GitHubConfig) preset(_ context.Context, r *responder, way provider.Channel) (*provider.Preset, error) {
	way.Fill = r.opener().Fill
	return provider.GitHub{Endpoint: g.Endpoint}.Preset(way)
}
