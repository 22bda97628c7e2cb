package tokenresponseexporter

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/provider"
)

// KeycloakConfig acts through Keycloak's Admin REST API.
type KeycloakConfig struct {
	ProviderConfig `mapstructure:",squash"`
	Realm          string `mapstructure:"realm"`
	// ClientID and ClientSecret are those of the client that Holter is, with service accounts on; or write auth.
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`
	// TokenEndpoint is that of the realm unless written.
	TokenEndpoint string `mapstructure:"token_endpoint"`
	// Client is the field of the event that names the client to lock.
	Client provider.Field `mapstructure:"client"`
	// User is the field that names the user to log out.
	User provider.Field `mapstructure:"user"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (k *KeycloakConfig) secrets() []string { return []string{string(k.ClientSecret)} }

func (k *KeycloakConfig) preset(_ context.Context, _ *responder, way provider.Channel) (*provider.Preset, error) {
	switch {
	case k.ClientID == "" && !k.Auth.HasValue() && len(k.Headers) == 0:
		return nil, errors.New("client_id is missing: write that of a client with service accounts on, or auth: {authenticator: …}")
	case k.ClientID != "" && k.ClientSecret == "":
		return nil, errors.New("client_secret is missing")
	case k.ClientID != "":
		endpoint := k.TokenEndpoint
		if endpoint == "" {
			endpoint = strings.TrimRight(k.Endpoint, "/") + "/realms/" + url.PathEscape(k.Realm) + "/protocol/openid-connect/token"
		}
		token := &provider.AccessToken{Client: way.Client, Endpoint: endpoint, ID: k.ClientID, Secret: string(k.ClientSecret)}
		way.Sign = token.Sign
	}
	return provider.Keycloak{Endpoint: k.Endpoint, Realm: k.Realm, Client: k.Client, User: k.User}.Preset(way)
}
