package tokenidentityprocessor

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/holterhq/holter/internal/tokenregistry"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	sub, err := conf.Sub("token_identity")
	require.NoError(t, err)
	cfg := createDefaultConfig()
	require.NoError(t, sub.Unmarshal(cfg))
	assert.Equal(t, createDefaultConfig(), cfg)

	sub, err = conf.Sub("token_identity/full")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	storage := component.MustNewIDWithName("file_storage", "state")
	assert.Equal(t, &Config{
		Lineage:  tokenregistry.LineageConfig{MaxTokens: 1_000_000},
		Keys:     tokenregistry.KeysConfig{Identity: "${env:HOLTER_IDENTITY_KEY}", FingerprintFile: "/run/secrets/holter-fingerprint"},
		Storage:  &storage,
		Registry: tokenregistry.RegistryConfig{File: "/etc/holter/owners.yaml", ReloadInterval: 30 * time.Second, Optional: true},
		Seal:     tokenregistry.DefaultConfig().Seal,
		LearnBy:  learnByClient,
		JWT: JWTConfig{Claims: ClaimsConfig{
			Issuer: []string{"iss"}, Client: []string{"app.id", "azp"}, Subject: []string{"sub"}, Scopes: []string{"scope", "scp"}, Tenant: []string{"tid"},
		}},
		Geo: GeoConfig{
			Enabled: true, CountryDB: "/var/lib/geo/country.mmdb", CityDB: "/var/lib/geo/city.mmdb", ASNDB: "/var/lib/geo/asn.mmdb", ReloadInterval: 10 * time.Minute,
		},
		TrustedProxies: []string{"10.0.0.0/8", "2001:db8::1"},
		Sources: SourcesConfig{
			Headers: []string{"x-corp-key", "default"}, Metadata: []string{"default"}, QueryParameters: []string{"default"}, Cookies: []string{"corp_session"},
			Resource:   []string{"corp.session"},
			TrustedIDs: []TrustedIDConfig{{Attribute: "corp.caller"}, {Attribute: "corp.key_hash", Kind: "fingerprint"}},
			OTTL:       OTTLConfig{Span: []string{`span.attributes["corp.note"]`}, Log: []string{`log.body["caller"]`}},
		},
		Erase:      EraseConfig{Mode: "hint", Placeholder: "[REDACTED]", Off: []string{"corp.signed_url"}},
		Tenant:     TenantConfig{Attribute: "tenant.id"},
		Attributes: []string{"api_token.owner.name", "api_token.type"},
		Cache:      CacheConfig{MaxTokens: 5000, MaxServices: 20},
	}, cfg)
}

func TestValidate(t *testing.T) {
	good := strings.Repeat("YWJj", 12)
	for name, test := range map[string]struct {
		change func(*Config)
		want   string // empty: nothing is wrong
	}{
		"default":             {func(*Config) {}, ""},
		"key":                 {func(c *Config) { c.Keys.Identity = "YWJj" + "" }, "keys: identity: 3 bytes are too few: a key has at least 32"},
		"no base64":           {func(c *Config) { c.Keys.Fingerprint = "!" }, "keys: fingerprint: not base64: write the output of `openssl rand -base64 32`"},
		"two keys":            {func(c *Config) { c.Keys.Identity, c.Keys.IdentityFile = "x", "/k" }, "keys: identity: given here and in identity_file: keep one"},
		"fingerprints beside": {func(c *Config) { c.Keys.FingerprintFile, c.Keys.Fingerprints = "/k", fingerprints('a') }, "keys: fingerprints: a fingerprint key is given beside them"},
		"fingerprint of none": {func(c *Config) {
			c.Keys.Fingerprints = append(fingerprints('a'), tokenregistry.FingerprintKey{ID: "x"})
		}, "keys::fingerprints::1: write either key or file"},
		"fingerprint too short": {func(c *Config) { c.Keys.Fingerprints = []tokenregistry.FingerprintKey{{Key: "YWJj"}} }, "key: 3 bytes are too few"},
		"proxy":                 {func(c *Config) { c.TrustedProxies = []string{"10.0.0.1", "ten"} }, `trusted_proxies[1]: "ten" is neither a network nor an address: write 10.0.0.0/8 or 10.1.2.3`},
		"attribute":             {func(c *Config) { c.Attributes = []string{"api_token.type", "api_token.raw"} }, `attributes[1]: "api_token.raw" cannot be added: choose from api_token.owner.name`},
		"interval":              {func(c *Config) { c.Registry.ReloadInterval = 0 }, "registry: reload_interval: 0s must be above zero, such as 5s"},
		"optional nothing":      {func(c *Config) { c.Registry.Optional = true }, "registry: file: is missing: an optional registry needs a path too"},
		"placeholder":           {func(c *Config) { c.Erase.Placeholder = "" }, "erase: placeholder: is empty: write REDACTED, another word, or fingerprint"},
		"odd placeholder":       {func(c *Config) { c.Erase.Placeholder = "a b" }, `erase: placeholder: "a b" must be one short word`},
		"placeholder as key":    {func(c *Config) { c.Erase.Placeholder = "gone" }, `erase: placeholder: "gone" would be taken for a credential by the next reader`},
		"other placeholder":     {func(c *Config) { c.Erase.Placeholder = "***" }, ""},
		"source without name":   {func(c *Config) { c.Sources.Headers = []string{"default", "-"} }, `sources: headers[1]: "-" is no name: write one such as x-api-key`},
		"learn by":              {func(c *Config) { c.LearnBy = "user" }, `learn_by: "user": write principal, client`},
		"claim":                 {func(c *Config) { c.JWT.Claims.Tenant = []string{"tid", ""} }, `jwt::claims: tenant[1]: "" is no claim: write one such as tid`},
		"no claims":             {func(c *Config) { c.JWT.Claims.Client, c.JWT.Claims.Subject = nil, nil }, "jwt::claims: subject: is missing beside client"},
		"issuer twice": {func(c *Config) {
			c.JWT.Verify = []VerifyConfig{{Issuer: "i", JWKSFile: "f"}, {Issuer: "i", JWKSFile: "g"}}
		}, `jwt::verify::1: issuer: "i" is that of 0 too`},
		"audience":   {func(c *Config) { c.JWT.Verify = []VerifyConfig{{Issuer: "i", JWKSFile: "f", Audience: []string{""}}} }, `jwt::verify::0: audience[0]: "" is nobody`},
		"issuer":     {func(c *Config) { c.JWT.Verify = []VerifyConfig{{JWKSFile: "f"}} }, "jwt::verify::0: issuer: is missing"},
		"two places": {func(c *Config) { c.JWT.Verify = []VerifyConfig{{Issuer: "i", JWKSFile: "f", Discovery: true}} }, "write one of jwks_url, jwks_file and discovery: true"},
		"algorithm": {func(c *Config) {
			c.JWT.Verify = []VerifyConfig{{Issuer: "i", JWKSFile: "f", Algorithms: []string{"HS256"}}}
		}, `algorithms[0]: "HS256" cannot be checked with a public key`},
		"jwks address": {func(c *Config) { c.JWT.Verify = []VerifyConfig{{Issuer: "i", JWKSURL: "id.example"}} }, `jwks_url: "id.example" is no address`},
		"cache":        {func(c *Config) { c.Cache.MaxTokens = 0 }, "cache::max_tokens: 0 must be at least 1: the default is 1000000"},
		"services":     {func(c *Config) { c.Cache.MaxServices = -1 }, "cache::max_services: -1 must be at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			test.change(cfg)
			err := confmap.Validate(cfg)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), good)
		})
	}
}
