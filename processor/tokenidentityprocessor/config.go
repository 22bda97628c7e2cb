package tokenidentityprocessor

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// Config says where credentials are looked for, how tokens are named, and what is known about them.
type Config struct {
	// TokenRegistry is a token_registry extension that keeps what stands in the next five, in place of this component.
	TokenRegistry *component.ID `mapstructure:"token_registry"`
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
	// Geo says where requests come from.
	Geo GeoConfig `mapstructure:"geo"`
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is believed. Without any, client.address is.
	TrustedProxies []string `mapstructure:"trusted_proxies"`
	// Sources are where the token of a request is looked for.
	Sources SourcesConfig `mapstructure:"sources"`
	// Erase says what becomes of secrets.
	Erase EraseConfig `mapstructure:"erase"`
	// LearnBy is under whom behaviour is learned: principal, client or owner.
	LearnBy string `mapstructure:"learn_by"`
	// JWT says how JSON web tokens are read.
	JWT JWTConfig `mapstructure:"jwt"`
	// Tenant makes a resource attribute a part of every identity.
	Tenant TenantConfig `mapstructure:"tenant"`
	// Attributes are written besides those that always are.
	Attributes []string `mapstructure:"attributes"`
	// Cache bounds what is remembered.
	Cache CacheConfig `mapstructure:"cache"`

	_ struct{}
}

// SourcesConfig lists names by where they stand, the first that is found wins. The word default in a list stands for the names
// that are there without it.
type SourcesConfig struct {
	Headers         []string `mapstructure:"headers"`
	Metadata        []string `mapstructure:"metadata"`
	QueryParameters []string `mapstructure:"query_parameters"`
	Cookies         []string `mapstructure:"cookies"`
	// Resource lists attributes of resources that carry the token of all their records.
	Resource []string `mapstructure:"resource"`
	// TrustedIDs are attributes that say who the caller is without a secret. They come before all other sources.
	TrustedIDs []TrustedIDConfig `mapstructure:"trusted_ids"`
	// OTTL finds what no name leads to.
	OTTL OTTLConfig `mapstructure:"ottl"`

	_ struct{}
}

// added are the attributes that are added by choice, and the tenant where tenants are told apart.
func (c *Config) added() []string {
	if c.Tenant.Attribute == "" && len(c.JWT.Claims.Tenant) == 0 {
		return c.Attributes
	}
	return append(slices.Clone(c.Attributes), otelattr.TokenTenant)
}

// TenantConfig separates the tokens of tenants.
type TenantConfig struct {
	// Attribute is the name of a resource attribute whose value is part of every identity.
	Attribute string `mapstructure:"attribute"`

	_ struct{}
}

// CacheConfig bounds what is remembered.
type CacheConfig struct {
	// MaxTokens is how many resolved tokens are remembered.
	MaxTokens int `mapstructure:"max_tokens"`
	// MaxServices is how many services are counted by name in the component's own metrics.
	MaxServices int `mapstructure:"max_services"`

	_ struct{}
}

// defaultWord stands in a list of sources for the names that are there without it.
const defaultWord = "default"

func createDefaultConfig() component.Config {
	own := tokenregistry.DefaultConfig()
	return &Config{
		Registry: own.Registry, Lineage: own.Lineage, Seal: own.Seal,
		Geo: GeoConfig{Enabled: true, ReloadInterval: time.Minute},
		Sources: SourcesConfig{
			Headers:         []string{defaultWord},
			Metadata:        []string{defaultWord},
			QueryParameters: []string{defaultWord},
			Cookies:         []string{defaultWord},
		},
		LearnBy: learnByPrincipal,
		JWT:     JWTConfig{Claims: defaultClaims()},
		Erase:   EraseConfig{Mode: eraseWhole, Placeholder: credential.Placeholder, HighEntropy: HighEntropyConfig{Enabled: true}},
		Cache:   CacheConfig{MaxTokens: 1_000_000, MaxServices: 1000},
	}
}

// own is what this component knows of tokens by itself.
func (c *Config) own() tokenregistry.Config {
	return tokenregistry.Config{Keys: c.Keys, Storage: c.Storage, Registry: c.Registry, Lineage: c.Lineage, Seal: c.Seal}
}

// defaultSources are the names that are looked for.
func defaultSources() *SourcesConfig {
	usual := credential.UsualSources()
	return &SourcesConfig{Headers: usual.Headers, Metadata: usual.Metadata, QueryParameters: usual.Parameters, Cookies: usual.Cookies}
}

// Validate checks what can be checked without reading a file.
func (c *Config) Validate() error {
	var errs []error
	if _, err := geo.ParseProxies(c.TrustedProxies); err != nil {
		errs = append(errs, err)
	}
	if _, err := otelattr.Choose(c.Attributes); err != nil {
		errs = append(errs, fmt.Errorf("attributes%w", err))
	}
	if c.TokenRegistry != nil && !reflect.DeepEqual(c.own(), tokenregistry.DefaultConfig()) {
		errs = append(errs, errors.New("token_registry: the extension keeps keys, storage, registry, lineage and seal: move them there"))
	}
	if by := c.LearnBy; by != learnByPrincipal && by != learnByClient && by != learnByOwner {
		errs = append(errs, fmt.Errorf("learn_by: %q: write principal, client (its users fold into it) or owner (as the registry knows it)", by))
	}
	errs = append(errs, c.verifiedOnce()...)
	if err := c.checkOriginAttributes(); err != nil {
		errs = append(errs, err)
	}
	if c.Cache.MaxTokens < 1 {
		errs = append(errs, fmt.Errorf("cache::max_tokens: %d must be at least 1: the default is 1000000", c.Cache.MaxTokens))
	}
	if c.Cache.MaxServices < 1 {
		errs = append(errs, fmt.Errorf("cache::max_services: %d must be at least 1: the default is 1000", c.Cache.MaxServices))
	}
	return errors.Join(errs...)
}

// Validate refuses names that nothing can be called.
func (s *SourcesConfig) Validate() error {
	var errs []error
	for _, list := range s.lists() {
		for i, name := range *list.names {
			if credential.Fold(name) == "" {
				errs = append(errs, fmt.Errorf("%s[%d]: %q is no name: write one such as x-api-key", list.path, i, name))
			}
		}
	}
	for i, name := range s.Resource {
		if credential.Fold(name) == "" || name == defaultWord {
			errs = append(errs, fmt.Errorf("resource[%d]: %q is no attribute: write one such as corp.api_key", i, name))
		}
	}
	return errors.Join(errs...)
}

type sourceList struct {
	path  string
	names *[]string
}

func (s *SourcesConfig) lists() []sourceList {
	return []sourceList{{"headers", &s.Headers}, {"metadata", &s.Metadata}, {"query_parameters", &s.QueryParameters}, {"cookies", &s.Cookies}}
}

// sources are the configured ones with the defaults in their place, but for the attributes that are kept as they are.
func (s *SourcesConfig) sources(kept []string) *otelattr.Sources {
	full := SourcesConfig{}
	defaults, into := defaultSources().lists(), full.lists()
	for i, list := range s.lists() {
		for _, name := range *list.names {
			if name == defaultWord {
				*into[i].names = append(*into[i].names, *defaults[i].names...)
			} else {
				*into[i].names = append(*into[i].names, name)
			}
		}
	}
	names := otelattr.Names{
		Headers: full.Headers, Metadata: full.Metadata, Parameters: full.QueryParameters, Cookies: full.Cookies, Resource: s.Resource, Kept: kept,
	}
	for _, id := range s.TrustedIDs {
		names.Trusted = append(names.Trusted, otelattr.TrustedID{Attribute: id.Attribute, Fingerprint: id.Kind == trustedFingerprint})
	}
	return otelattr.NewSources(names)
}
