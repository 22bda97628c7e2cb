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
	// Lineage bounds what is remembered of tokens so that their successors keep their ids.
	Lineage LineageConfig `mapstructure:"lineage"`
	// Seal says whether credentials are sealed for whoever may revoke them.
	Seal SealConfig `mapstructure:"seal"`

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
	// FingerprintFile is a file that holds it, and former ones below it.
	FingerprintFile string `mapstructure:"fingerprint_file"`
	// Fingerprints are, in place of Fingerprint, the key that signs and former ones by which is still looked up.
	Fingerprints []FingerprintKey `mapstructure:"fingerprints"`

	_ struct{}
}

// FingerprintKey is one key behind api_token.fingerprint.
type FingerprintKey struct {
	// ID is the key's public id. It is derived from the key: where it is given, another key is refused.
	ID string `mapstructure:"id"`
	// Key is the key itself.
	Key configopaque.String `mapstructure:"key"`
	// File is a file that holds it, and former ones below it.
	File string `mapstructure:"file"`

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
	return Config{
		Registry: RegistryConfig{ReloadInterval: defaultReloadInterval},
		Lineage:  LineageConfig{MaxTokens: defaultMaxTokens},
		Seal:     defaultSeal(),
	}
}

// Validate refuses keys that are too short or no base64, and those that are given in two places.
func (k *KeysConfig) Validate() error {
	var errs []error
	if k.Identity != "" && k.IdentityFile != "" {
		errs = append(errs, errors.New("identity: given here and in identity_file: keep one"))
	}
	if k.Fingerprint != "" && k.FingerprintFile != "" {
		errs = append(errs, errors.New("fingerprint: given here and in fingerprint_file: keep one"))
	}
	if len(k.Fingerprints) > 0 && (k.Fingerprint != "" || k.FingerprintFile != "") {
		errs = append(errs, errors.New("fingerprints: a fingerprint key is given beside them: make it the first or a later one of the list"))
	}
	if err := check("identity", k.Identity); err != nil {
		errs = append(errs, err)
	}
	if err := check("fingerprint", k.Fingerprint); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Validate refuses an entry that holds no key, or two.
func (f *FingerprintKey) Validate() error {
	if (f.Key == "") == (f.File == "") {
		return errors.New("write either key or file")
	}
	return check("key", f.Key)
}

// check says what is wrong with a key that is given.
func check(path string, key configopaque.String) error {
	if key == "" {
		return nil
	}
	if _, err := identity.ParseKey(string(key)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
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
