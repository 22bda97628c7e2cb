package tokenresponseexporter

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/response/denylist"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// DenyListConfig is about the list of tokens that gateways refuse, and how they ask for it. It is off unless http or grpc is written.
type DenyListConfig struct {
	// HTTP serves checks for nginx, Traefik, Caddy and Envoy, and the list itself.
	HTTP configoptional.Optional[confighttp.ServerConfig] `mapstructure:"http"`
	// GRPC serves checks by Envoy's ext_authz.
	GRPC configoptional.Optional[configgrpc.ServerConfig] `mapstructure:"grpc"`
	// TokenRegistry is the token_registry extension that token_identity names tokens with.
	TokenRegistry *component.ID `mapstructure:"token_registry"`
	// Keys are those of token_identity, where there is no such extension.
	Keys tokenregistry.KeysConfig `mapstructure:"keys"`
	// LearnBy is that of token_identity: principal, client or owner.
	LearnBy string `mapstructure:"learn_by"`
	// Claims are jwt::claims of token_identity.
	Claims DenyClaimsConfig `mapstructure:"claims"`
	// Sources are where the credential of a request is looked for.
	Sources DenySourcesConfig `mapstructure:"sources"`
	// Tenant says whose tokens a request may show, where tenants are told apart.
	Tenant DenyTenantConfig `mapstructure:"tenant"`
	// Routes say what happens while it is not known whom to refuse. The first that matches counts.
	Routes []DenyRouteConfig `mapstructure:"routes"`
	// TrustedProxies are those in front of the gateway, whose X-Forwarded-For is believed.
	TrustedProxies []string `mapstructure:"trusted_proxies"`
	// Geo says where requests come from, for tokens that are restricted to countries or networks.
	Geo DenyGeoConfig `mapstructure:"geo"`
	// MaxEntries bounds the list.
	MaxEntries int `mapstructure:"max_entries"`
	// MaxAge is for how long gateways that poll may go by a copy of the list.
	MaxAge time.Duration `mapstructure:"max_age"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DenyClaimsConfig lists claims by what they say, as token_identity does.
type DenyClaimsConfig struct {
	Issuer  []string `mapstructure:"issuer"`
	Client  []string `mapstructure:"client"`
	Subject []string `mapstructure:"subject"`
	Tenant  []string `mapstructure:"tenant"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DenySourcesConfig lists names. The word default stands for those that token_identity looks for.
type DenySourcesConfig struct {
	Headers         []string `mapstructure:"headers"`
	QueryParameters []string `mapstructure:"query_parameters"`
	Cookies         []string `mapstructure:"cookies"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DenyTenantConfig is one tenant, or the header in which the gateway says which.
type DenyTenantConfig struct {
	Value  string `mapstructure:"value"`
	Header string `mapstructure:"header"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DenyRouteConfig says what happens on a route while it is not known whom to refuse.
type DenyRouteConfig struct {
	// Match is a route such as "POST /v1/payments/*".
	Match string `mapstructure:"match"`
	// Fail is open or closed.
	Fail string `mapstructure:"fail"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DenyGeoConfig names databases.
type DenyGeoConfig struct {
	// CountryDB is the path of a country database, in place of the one that Holter carries.
	CountryDB string `mapstructure:"country_db"`
	// ASNDB is the path of a database of autonomous systems. Without one, restrictions to such networks are not checked.
	ASNDB string `mapstructure:"asn_db"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	denyEveryName = "default" // in a list of names: those that there are without it
	failOpen      = "open"
	failClosed    = "closed"
)

func defaultDenyList() DenyListConfig {
	http := confighttp.NewDefaultServerConfig()
	http.NetAddr.Endpoint = "localhost:8687"
	grpc := configgrpc.NewDefaultServerConfig()
	grpc.NetAddr.Endpoint = "localhost:8688"
	usual := credential.UsualClaims()
	all := []string{denyEveryName}
	return DenyListConfig{
		HTTP: configoptional.Default(http), GRPC: configoptional.Default(grpc),
		LearnBy:    learnByPrincipal,
		Claims:     DenyClaimsConfig{Issuer: usual.Issuer, Client: usual.Client, Subject: usual.Subject},
		Sources:    DenySourcesConfig{Headers: all, QueryParameters: all, Cookies: all},
		MaxEntries: 100_000,
		MaxAge:     5 * time.Second,
	}
}

// Values of learn_by.
const (
	learnByPrincipal = "principal"
	learnByClient    = "client"
	learnByOwner     = "owner"
)

// served says whether anybody can ask.
func (d *DenyListConfig) served() bool { return d.HTTP.HasValue() || d.GRPC.HasValue() }

// faults are by their paths below deny_list.
func (d *DenyListConfig) faults() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	keys := !reflect.ValueOf(d.Keys).IsZero()
	if err := d.Keys.Validate(); err != nil {
		fault("keys::%w", err)
	}
	switch {
	case d.served() && d.TokenRegistry == nil && !keys:
		fault("token_registry: is missing: name the extension that token_identity uses, or write keys as they stand there; " +
			"a key that token_identity generated for itself cannot be shared")
	case d.TokenRegistry != nil && keys:
		fault("keys: given beside token_registry: the extension has them")
	}
	if by := d.LearnBy; by != learnByPrincipal && by != learnByClient && by != learnByOwner {
		fault("learn_by: %q: write principal, client or owner, as in token_identity", by)
	}
	if d.HTTP.HasValue() && d.HTTP.Get().NetAddr.Endpoint == "" {
		fault("http::endpoint: is missing: write one such as localhost:8687")
	}
	if d.GRPC.HasValue() && d.GRPC.Get().NetAddr.Endpoint == "" {
		fault("grpc::endpoint: is missing: write one such as localhost:8688")
	}
	for _, list := range d.Sources.lists() {
		for i, name := range *list.names {
			if credential.Fold(name) == "" {
				fault("sources::%s[%d]: %q is no name: write one such as x-api-key", list.path, i, name)
			}
		}
	}
	if d.Tenant.Value != "" && d.Tenant.Header != "" {
		fault("tenant: value and header are both given: keep one")
	}
	if _, err := d.failing(); err != nil {
		faults = append(faults, err)
	}
	if _, err := geo.ParseProxies(d.TrustedProxies); err != nil {
		faults = append(faults, err)
	}
	if d.MaxEntries <= 0 {
		fault("max_entries: %d is not positive", d.MaxEntries)
	}
	if d.MaxAge < 0 {
		fault("max_age: %s is negative", d.MaxAge)
	}
	return faults
}

func (d *DenyListConfig) failing() (all []denylist.Failing, err error) {
	var errs []error
	for i, r := range d.Routes {
		route, err := registry.ParseRoute(r.Match)
		if err != nil {
			errs = append(errs, fmt.Errorf("routes[%d]::match: %q: %w: write a route such as POST /v1/payments/*", i, r.Match, err))
		}
		if r.Fail != failOpen && r.Fail != failClosed {
			errs = append(errs, fmt.Errorf("routes[%d]::fail: %q: write open, to let requests pass while it is not known whom to refuse, or closed", i, r.Fail))
		}
		all = append(all, denylist.Failing{Route: route, Closed: r.Fail == failClosed})
	}
	return all, errors.Join(errs...)
}

type denySourceList struct {
	path  string
	names *[]string
}

func (s *DenySourcesConfig) lists() []denySourceList {
	return []denySourceList{{"headers", &s.Headers}, {"query_parameters", &s.QueryParameters}, {"cookies", &s.Cookies}}
}

// finder looks in the sources, with the usual ones in the place of the word for them.
func (s *DenySourcesConfig) finder() *denylist.Finder {
	var names credential.SourceNames
	usual := credential.UsualSources()
	for _, list := range []struct{ given, usual, into *[]string }{
		{&s.Headers, &usual.Headers, &names.Headers},
		{&s.QueryParameters, &usual.Parameters, &names.Parameters},
		{&s.Cookies, &usual.Cookies, &names.Cookies},
	} {
		for _, name := range *list.given {
			if name == denyEveryName {
				*list.into = append(*list.into, *list.usual...)
			} else {
				*list.into = append(*list.into, name)
			}
		}
	}
	return denylist.NewFinder(names)
}

// paths are the claims to read, nil if they are the usual ones.
func (c *DenyClaimsConfig) paths() *credential.ClaimPaths {
	usual := credential.UsualClaims()
	paths := credential.ClaimPaths{Issuer: c.Issuer, Client: c.Client, Subject: c.Subject, Scopes: usual.Scopes, Tenant: c.Tenant}
	if reflect.DeepEqual(paths, usual) {
		return nil
	}
	return &paths
}
