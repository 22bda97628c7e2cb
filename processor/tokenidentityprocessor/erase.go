package tokenidentityprocessor

import (
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/otelattr"
)

// Values of erase::mode, and the placeholder that is another for each credential.
const (
	eraseWhole             = "erase"
	eraseToHint            = "hint"
	fingerprintPlaceholder = "fingerprint"
)

// EraseConfig is about what stands where a secret was.
type EraseConfig struct {
	// Mode is erase, or hint: the secret's prefix and last four stay.
	Mode string `mapstructure:"mode"`
	// Placeholder replaces every secret; the word fingerprint stands for the fingerprint of each.
	Placeholder string `mapstructure:"placeholder"`
	// Off names attributes that nothing is erased from.
	Off []string `mapstructure:"off"`
	// HighEntropy is about strings of no known format.
	HighEntropy HighEntropyConfig `mapstructure:"high_entropy"`

	_ struct{}
}

// HighEntropyConfig is about strings that look drawn by lot beside words such as key, token and secret, in texts and statements.
type HighEntropyConfig struct {
	// Enabled erases them.
	Enabled bool `mapstructure:"enabled"`

	_ struct{}
}

// Validate refuses a placeholder that would itself look like a credential, or break what it is put into.
func (e *EraseConfig) Validate() error {
	var errs []error
	if e.Mode != eraseWhole && e.Mode != eraseToHint {
		errs = append(errs, fmt.Errorf("mode: %q: write erase, or hint to keep the prefix and the last four of each secret", e.Mode))
	}
	for i, name := range e.Off {
		if credential.Fold(name) == "" {
			errs = append(errs, fmt.Errorf("off[%d]: %q is no attribute: write one such as corp.signed_url", i, name))
		}
	}
	switch {
	case e.Placeholder == fingerprintPlaceholder:
	case e.Placeholder == "":
		errs = append(errs, errors.New("placeholder: is empty: write REDACTED, another word, or fingerprint"))
	case len(e.Placeholder) > 64, strings.ContainsAny(e.Placeholder, " \t\r\n\"'&;=?#%\\"):
		errs = append(errs, fmt.Errorf("placeholder: %q must be one short word without spaces, quotes and the signs of URLs, such as REDACTED", e.Placeholder))
	case !credential.Masked(e.Placeholder):
		errs = append(errs, fmt.Errorf("placeholder: %q would be taken for a credential by the next reader: write REDACTED, a word with redacted, masked or *** in it, or fingerprint", e.Placeholder))
	}
	return errors.Join(errs...)
}

// word stands where nothing tells one secret from another.
func (e *EraseConfig) word() string {
	if e.Placeholder == fingerprintPlaceholder {
		return credential.Placeholder
	}
	return e.Placeholder
}

// warnOfKeptAttributes says which secrets go on.
func (e *engine) warnOfKeptAttributes() {
	if off := e.cfg.Erase.Off; len(off) > 0 {
		e.logger.Warn("Secrets in these attributes are not erased: whoever reads the exported telemetry can use them; take the names out of erase::off when they are no longer needed",
			zap.Strings("attributes", off))
	}
}

// erasing is what a worker puts in the place of secrets.
func (e *engine) erasing(w *worker) otelattr.Erasing {
	cfg := &e.cfg.Erase
	erasing := otelattr.Erasing{Placeholder: cfg.word(), Certain: !cfg.HighEntropy.Enabled}
	switch {
	case cfg.Mode == eraseToHint:
		erasing.Of = func(scheme credential.Scheme, secret string) string { return e.claims.Parse(scheme, secret).Mark() }
	case cfg.Placeholder == fingerprintPlaceholder:
		erasing.Of = func(scheme credential.Scheme, secret string) string {
			return e.registry.Fingerprint(w.tenant, e.claims.Parse(scheme, secret))
		}
	}
	return erasing
}
