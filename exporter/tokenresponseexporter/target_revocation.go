package tokenresponseexporter

import (
	"context"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/set"
)

// RevocationConfig has an authorization server revoke tokens (RFC 7009). It needs the sealed credential, and the client that the token
// was issued to.
type RevocationConfig struct {
	ProviderConfig    `mapstructure:",squash"`
	OAuthClientConfig `mapstructure:",squash"`
	// TokenTypeHint is access_token or refresh_token.
	TokenTypeHint string `mapstructure:"token_type_hint"`
	// Introspection asks the server whether a token is active, before and after (RFC 7662).
	Introspection configoptional.Optional[IntrospectionConfig] `mapstructure:"introspection"`
	// Delay is for how long resource servers believe what they have heard before.
	Delay time.Duration `mapstructure:"delay"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// OAuthClientConfig is who Holter is at an authorization server.
type OAuthClientConfig struct {
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`
	// AuthMethod is client_secret_basic, client_secret_post or private_key_jwt.
	AuthMethod string `mapstructure:"auth_method"`
	// PrivateKeyFile signs the assertions of private_key_jwt.
	PrivateKeyFile string `mapstructure:"private_key_file"`
	// Audience of these assertions: the server's issuer.
	Audience string `mapstructure:"audience"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// IntrospectionConfig is where a server says whether a token is active. The client is the same unless one is written.
type IntrospectionConfig struct {
	Endpoint     string              `mapstructure:"endpoint"`
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`
	AuthMethod   string              `mapstructure:"auth_method"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (c *RevocationConfig) secrets() []string {
	secrets := []string{string(c.ClientSecret)}
	if c.Introspection.HasValue() {
		secrets = append(secrets, string(c.Introspection.Get().ClientSecret))
	}
	return secrets
}

func (*RevocationConfig) opens() bool { return true }

func (c *OAuthClientConfig) auth(r *responder) (provider.ClientAuth, error) {
	auth := provider.ClientAuth{Method: c.AuthMethod, ID: c.ClientID, Secret: string(c.ClientSecret), For: c.Audience}
	if auth.Method == "" {
		auth.Method = provider.ClientBasic
	}
	switch {
	case c.PrivateKeyFile == "":
	case r == nil:
		auth.Key = &jose.SigningKey{}
	default:
		key, err := set.ReadKey(c.PrivateKeyFile)
		if err != nil {
			return auth, fmt.Errorf("private_key_file: %w", err)
		}
		signing := key.Signing()
		auth.Key = &signing
	}
	return auth, nil
}

func (c *RevocationConfig) preset(_ context.Context, r *responder, way provider.Channel) (*provider.Preset, error) {
	if c.Delay < 0 {
		return nil, fmt.Errorf("delay: %s is negative", c.Delay)
	}
	auth, err := c.auth(r)
	if err != nil {
		return nil, err
	}
	revocation := provider.Revocation{Endpoint: c.Endpoint, Hint: c.TokenTypeHint, Auth: auth, Open: r.opener(), Delay: c.Delay}
	if c.Introspection.HasValue() {
		i := c.Introspection.Get()
		if i.Endpoint == "" {
			return nil, fmt.Errorf("introspection: endpoint is missing: write introspection_endpoint of the server's metadata")
		}
		revocation.Introspection = i.Endpoint
		if i.ClientID != "" {
			other := OAuthClientConfig{ClientID: i.ClientID, ClientSecret: i.ClientSecret, AuthMethod: i.AuthMethod}
			if revocation.IntrospectAs, err = other.auth(r); err != nil {
				return nil, fmt.Errorf("introspection: %w", err)
			}
		}
	}
	return revocation.Preset(way)
}
