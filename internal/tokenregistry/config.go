package tokenregistry

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/identity"
)

// Config is the part of a component's configuration that is about what is known of tokens.
type Config struct {
	// Keys name tokens. Without them an identity key is generated and kept in Storage.
	Keys KeysConfig `mapstructure:"keys"`
	// Storage is the storage extension that keeps what has to outlive the process, a generated key first of all.
	Storage *component.ID `mapstructure:"storage"`
	// Registry says whose tokens are whose.
	Registry RegistryConfig `mapstructure:"registry"`

	_ struct{}
}

// KeysConfig holds the keys that tokens are named under: base64 of at least 32 bytes, here or in files.
type KeysConfig struct {
	// Identity is the key behind api_token.id. It must never change, and instances that see the same tokens share it.
	Identity configopaque.String `mapstructure:"identity"`
	// IdentityFile is a file that holds it.
	IdentityFile string `mapstructure:"identity_file"`
	// Fingerprint is the key behind api_token.fingerprint; it is derived from the identity key where it is not given.
	Fingerprint configopaque.String `mapstructure:"fingerprint"`
	// FingerprintFile is a file that holds it.
	FingerprintFile string `mapstructure:"fingerprint_file"`

	_ struct{}
}

// RegistryConfig is where owners and tokens are written down.
type RegistryConfig struct {
	// Sources are asked in order: the first that knows a token is believed.
	Sources []SourceConfig `mapstructure:"sources"`
	// File is a file of owners and tokens: the short form of a first source of that kind.
	File string `mapstructure:"file"`
	// ReloadInterval is how often it is looked at for changes.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
	// Optional lets the start go on where the file is missing or bad: until it is good there is no registry.
	Optional bool `mapstructure:"optional"`

	_ struct{}
}

// DefaultConfig has no keys, no storage and no sources.
func DefaultConfig() Config {
	return Config{Registry: RegistryConfig{ReloadInterval: defaultReloadInterval}}
}

// Validate refuses keys that are too short or no base64.
func (k *KeysConfig) Validate() error {
	var errs []error
	for _, key := range [...]struct {
		name, value, file string
	}{
		{"identity", string(k.Identity), k.IdentityFile},
		{"fingerprint", string(k.Fingerprint), k.FingerprintFile},
	} {
		if key.value == "" {
			continue
		}
		if key.file != "" {
			errs = append(errs, fmt.Errorf("%s: given here and in %s_file: keep one", key.name, key.name))
		}
		if _, err := identity.ParseKey(key.value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key.name, err))
		}
	}
	return errors.Join(errs...)
}

// Validate refuses sources that would never be read.
func (r *RegistryConfig) Validate() error {
	if r.ReloadInterval <= 0 {
		return fmt.Errorf("reload_interval: %v must be above zero, such as 5s", r.ReloadInterval)
	}
	if r.Optional && r.File == "" {
		return errors.New("file: is missing: an optional registry needs a path too, such as owners.yaml")
	}
	return validateSources(r.Sources)
}
