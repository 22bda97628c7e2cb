package tokenregistry

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

// IntrospectionConfig is an authorization server that is asked about the tokens it may have issued (RFC 7662).
type IntrospectionConfig struct {
	// ClientConfig holds the endpoint, and how it is called.
	confighttp.ClientConfig `mapstructure:",squash"`
	// ClientID and ClientSecret are Holter's own at the server, by Basic; auth and headers serve for other ways.
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`
	// Issuer restricts the question to JWTs of this issuer, and names it where the server does not.
	Issuer string `mapstructure:"issuer"`
	// Formats are what is asked about: opaque, jwt, or formats by their name. Keys of other vendors are not, unless they are named.
	Formats []string `mapstructure:"formats"`
	// Inactive says what a token is that the server does not know as active and never did: revoked or unknown.
	Inactive string `mapstructure:"inactive"`
	// MaxConcurrent bounds the questions that are on their way.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// MaxRequestsPerSecond bounds how many are asked.
	MaxRequestsPerSecond float64 `mapstructure:"max_requests_per_second"`
	// QueueSize bounds those that wait: the only place where a token is kept.
	QueueSize int `mapstructure:"queue_size"`
	// ProvisionalFor is how long a token without an answer is counted and not learned from.
	ProvisionalFor time.Duration `mapstructure:"provisional_for"`
	// Cache bounds what is remembered of answers.
	Cache IntrospectionCacheConfig `mapstructure:"cache"`

	_ struct{}
}

// IntrospectionCacheConfig bounds what is remembered of answers.
type IntrospectionCacheConfig struct {
	// MaxTokens is how many tokens are remembered.
	MaxTokens int `mapstructure:"max_tokens"`
	// TTL is how long the answer holds that a token is active, at most until it expires.
	TTL time.Duration `mapstructure:"ttl"`
	// NegativeTTL is how long the answer holds that it is not.
	NegativeTTL time.Duration `mapstructure:"negative_ttl"`

	_ struct{}
}

// What Formats may hold besides names of formats.
const (
	opaqueTokens = "opaque"
	jwtTokens    = "jwt"
)

func defaultIntrospection() IntrospectionConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 5 * time.Second
	return IntrospectionConfig{
		ClientConfig: client, Formats: []string{opaqueTokens, jwtTokens}, Inactive: string(registry.Revoked),
		MaxConcurrent: 4, MaxRequestsPerSecond: 50, QueueSize: 1000, ProvisionalFor: time.Minute,
		Cache: IntrospectionCacheConfig{MaxTokens: 100_000, TTL: 5 * time.Minute, NegativeTTL: time.Minute},
	}
}

// Unmarshal lays what is written over the defaults.
func (c *IntrospectionConfig) Unmarshal(conf *confmap.Conf) error {
	*c = defaultIntrospection()
	return conf.Unmarshal(c)
}

// validate refuses a server that could not be asked, or that tokens would travel to in the open.
func (c *IntrospectionConfig) validate() error {
	if err := c.checkEndpoint(); err != nil {
		return err
	}
	switch {
	case (c.ClientID == "") != (c.ClientSecret == ""):
		return errors.New("client_id: goes with client_secret: give both, or auth")
	case c.ClientID != "" && c.Auth.HasValue():
		return errors.New("client_id: given beside auth: keep one")
	case len(c.Formats) == 0:
		return errors.New("formats: is empty: write [opaque, jwt], or names of formats such as github_app")
	case c.Inactive != string(registry.Revoked) && c.Inactive != string(registry.Unknown):
		return fmt.Errorf("inactive: %q is neither revoked nor unknown", c.Inactive)
	case !(c.MaxRequestsPerSecond > 0):
		return fmt.Errorf("max_requests_per_second: %v must be above zero: the default is 50", c.MaxRequestsPerSecond)
	case c.ProvisionalFor < 0:
		return fmt.Errorf("provisional_for: %v must not be below zero: the default is 1m, 0s learns from a token at once", c.ProvisionalFor)
	}
	for i, name := range c.Formats {
		if name != opaqueTokens && name != jwtTokens && !credential.IsFormat(name) {
			return fmt.Errorf("formats[%d]: %q is no format: write opaque, jwt, or a name such as github_app", i, name)
		}
	}
	return c.checkBounds()
}

func (c *IntrospectionConfig) checkBounds() error {
	for _, number := range [...]struct {
		name         string
		value, usual int
	}{
		{"max_concurrent", c.MaxConcurrent, 4},
		{"queue_size", c.QueueSize, 1000},
		{"cache::max_tokens", c.Cache.MaxTokens, 100_000},
	} {
		if number.value < 1 {
			return fmt.Errorf("%s: %d must be at least 1: the default is %d", number.name, number.value, number.usual)
		}
	}
	for _, span := range [...]struct {
		name  string
		value time.Duration
		usual string
	}{
		{"timeout", c.Timeout, "5s"},
		{"cache::ttl", c.Cache.TTL, "5m"},
		{"cache::negative_ttl", c.Cache.NegativeTTL, "1m"},
	} {
		if span.value <= 0 {
			return fmt.Errorf("%s: %v must be above zero: the default is %s", span.name, span.value, span.usual)
		}
	}
	return nil
}

func (c *IntrospectionConfig) checkEndpoint() error {
	if c.Endpoint == "" {
		return errors.New("endpoint: is missing: write the server's introspection endpoint, such as https://login.example.com/oauth2/introspect")
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("endpoint: %q is no URL of a server: write https://login.example.com/oauth2/introspect", u.Redacted())
	}
	if u.User != nil {
		return errors.New("endpoint: holds a password: write it to client_id and client_secret")
	}
	if u.Scheme == "http" && !local(u.Hostname()) {
		return fmt.Errorf("endpoint: %s would carry live tokens in the open: write https://, or reach the server by way of this machine", c.Endpoint)
	}
	return nil
}

// local says whether a host is this machine.
func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// takes says whether the server is asked about a credential. It is never asked about what a person logs in with.
func (c *IntrospectionConfig) takes(of credential.Credential) bool {
	switch {
	case of.Kind == credential.JWT:
		return slices.Contains(c.Formats, jwtTokens) && (c.Issuer == "" || of.Claims == nil || of.Claims.Issuer == c.Issuer)
	case of.Kind == credential.Basic, of.Kind == credential.AWSAccessKey, of.Kind == credential.PrivateKey:
		return false
	case of.Kind == credential.Session && of.Format == "":
		return false
	case of.Format == "":
		return slices.Contains(c.Formats, opaqueTokens)
	}
	return slices.Contains(c.Formats, of.Format)
}

// open opens nothing: a server is asked about tokens one by one, and has no reading that could be in force.
func (c *IntrospectionConfig) open(context.Context, component.Host, component.TelemetrySettings) (registry.Source, error) {
	return nil, nil
}

// introspections are the servers that are asked, in order.
func (r *RegistryConfig) introspections() []*IntrospectionConfig {
	var servers []*IntrospectionConfig
	for i := range r.Sources {
		if server := r.Sources[i].Introspection; server != nil {
			servers = append(servers, server)
		}
	}
	return servers
}
