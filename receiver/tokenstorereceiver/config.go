package tokenstorereceiver

import (
	"errors"
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/tokenstore"
)

// Config of the token_store receiver.
type Config struct {
	// TokenStore is the extension that holds the journal.
	TokenStore component.ID `mapstructure:"token_store"`
	// Kinds are the kinds of entries that are brought; none: all.
	Kinds []string `mapstructure:"kinds"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// kindName is how a kind looks.
var kindName = regexp.MustCompile(`^[a-z][a-z_]*$`)

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config { return &Config{TokenStore: tokenstore.DefaultID} }

// Validate names every key that is wrong, and what would be right.
func (c *Config) Validate() error {
	if c.TokenStore == (component.ID{}) {
		return errors.New("token_store: name the extension that holds the journal, such as token_store")
	}
	for i, kind := range c.Kinds {
		if !kindName.MatchString(kind) {
			return fmt.Errorf("kinds[%d]: %q: use feedback, approval, response or audit", i, kind)
		}
	}
	return nil
}
