package tokenidentityprocessor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holterhq/holter/internal/credential"
)

// Values of sources::trusted_ids[]::kind.
const (
	trustedID          = "id"
	trustedFingerprint = "fingerprint"
)

// TrustedIDConfig is an attribute that the operator trusts to say who the caller is: nobody else can write it.
type TrustedIDConfig struct {
	// Attribute is its whole name, of a span or of a field of a log record.
	Attribute string `mapstructure:"attribute"`
	// Kind is id, or fingerprint: a hash of the credential.
	Kind string `mapstructure:"kind"`

	_ struct{}
}

// Validate refuses an id that nobody would find.
func (t *TrustedIDConfig) Validate() error {
	var errs []error
	if credential.Fold(t.Attribute) == "" {
		errs = append(errs, fmt.Errorf("attribute: %q is no attribute: write one such as corp.api_key.id", t.Attribute))
	}
	if t.Kind != "" && t.Kind != trustedID && t.Kind != trustedFingerprint {
		errs = append(errs, fmt.Errorf("kind: %q: write id, or fingerprint for a hash of the credential", t.Kind))
	}
	return errors.Join(errs...)
}

// trustsFingerprints says whether a credential may be named by its fingerprint alone.
func (s *SourcesConfig) trustsFingerprints() bool {
	return slices.ContainsFunc(s.TrustedIDs, func(t TrustedIDConfig) bool { return t.Kind == trustedFingerprint })
}
