package tokenresponseexporter

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/seal"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// SealConfig opens sealed credentials, for those providers that revoke nothing but the credential itself.
type SealConfig struct {
	// PrivateKeyFile holds the private half of the key that token_identity seals with.
	PrivateKeyFile string `mapstructure:"private_key_file"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// dossiers is how many tokens the registry remembers for responses.
const dossiers = 100_000

// openRegistry finds the registry and reads the private key.
func (r *responder) openRegistry(host component.Host) error {
	if r.cfg.Registry == nil {
		return nil
	}
	found, err := tokenregistry.FromHost(host, *r.cfg.Registry)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	found.KeepDossiers(dossiers)
	r.registry = found
	if r.cfg.Seal.PrivateKeyFile == "" {
		return nil
	}
	if r.private, err = seal.ReadPrivateKey(r.cfg.Seal.PrivateKeyFile); err != nil {
		return fmt.Errorf("seal::private_key_file: %w", err)
	}
	return nil
}

// complete adds to an event's token what only the registry knows of it.
func (r *responder) complete(t *response.Token) {
	if r.registry == nil {
		return
	}
	known, ok := r.registry.Dossier(t.ID)
	if !ok {
		return
	}
	for place, value := range map[*string]string{
		&t.Fingerprint: known.Fingerprint, &t.RegistryID: known.RegistryID, &t.Issuer: known.Issuer, &t.ClientID: known.ClientID, &t.Format: known.Format,
	} {
		if *place == "" {
			*place = value
		}
	}
	if len(t.Scopes) == 0 {
		t.Scopes = known.Scopes
	}
	if t.ExpiresAt == "" && !known.ExpiresAt.IsZero() {
		t.ExpiresAt = known.ExpiresAt.UTC().Format(time.RFC3339)
	}
	if len(known.Tags) > 0 {
		tags := maps.Clone(known.Tags)
		maps.Copy(tags, t.Tags)
		t.Tags = tags
	}
}

var (
	errNotSealed = errors.New("there is no sealed copy of the credential: seal::public_key_file of token_identity or token_registry seals, for as long as its ttl says; " +
		"act at the provider by hand")
	errForeign = errors.New("the sealed credential is not the one that was flagged: somebody else sealed it; nothing is done with it")
)

// opener opens sealed credentials. On a nil responder it opens none.
func (r *responder) opener() provider.Opener {
	return func(fingerprint string) (string, error) {
		if r == nil || r.registry == nil || r.private == nil {
			return "", errNotSealed
		}
		raw, outcome, err := r.unseal(fingerprint)
		r.tell.unsealed(fingerprint, outcome, err)
		return raw, err
	}
}

func (r *responder) unseal(fingerprint string) (raw, outcome string, err error) {
	sealed, ok := r.registry.Sealed(fingerprint)
	if !ok {
		return "", "not_sealed", errNotSealed
	}
	label, secret, err := r.private.Open(sealed)
	switch {
	case err != nil:
		return "", "damaged", fmt.Errorf("the sealed credential cannot be opened: %w", err)
	case label.Fingerprint != fingerprint || !r.registry.Matches(fingerprint, secret):
		return "", "foreign", errForeign
	}
	return secret.Raw, "opened", nil
}
