package tokenidentityprocessor

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

// Values of learn_by.
const (
	learnByPrincipal = "principal"
	learnByClient    = "client"
	learnByOwner     = "owner"
)

// JWTConfig says how JSON web tokens are read.
type JWTConfig struct {
	// Claims are where it stands whose a token is.
	Claims ClaimsConfig `mapstructure:"claims"`
	// Verify are issuers whose signatures are checked.
	Verify []VerifyConfig `mapstructure:"verify"`

	_ struct{}
}

// ClaimsConfig lists claims by what they say, the first that is there wins. A dot leads into a nested claim, unless a claim is
// called so.
type ClaimsConfig struct {
	Issuer  []string `mapstructure:"issuer"`
	Client  []string `mapstructure:"client"`
	Subject []string `mapstructure:"subject"`
	Scopes  []string `mapstructure:"scopes"`
	// Tenant is part of the identity where tenant::attribute says none.
	Tenant []string `mapstructure:"tenant"`

	_ struct{}
}

func defaultClaims() ClaimsConfig {
	usual := credential.UsualClaims()
	return ClaimsConfig{Issuer: usual.Issuer, Client: usual.Client, Subject: usual.Subject, Scopes: usual.Scopes}
}

// paths are the claims to read, nil if they are the usual ones.
func (c ClaimsConfig) paths() *credential.ClaimPaths {
	if reflect.DeepEqual(c, defaultClaims()) {
		return nil
	}
	return &credential.ClaimPaths{Issuer: c.Issuer, Client: c.Client, Subject: c.Subject, Scopes: c.Scopes, Tenant: c.Tenant}
}

// Validate refuses claims that no token has.
func (c *ClaimsConfig) Validate() error {
	var errs []error
	for _, list := range [...]struct {
		key   string
		paths []string
		usual string
	}{
		{"issuer", c.Issuer, "iss"}, {"client", c.Client, "client_id"}, {"subject", c.Subject, "sub"}, {"scopes", c.Scopes, "scope"}, {"tenant", c.Tenant, "tid"},
	} {
		for i, path := range list.paths {
			if strings.Trim(path, ". ") != path || path == "" {
				errs = append(errs, fmt.Errorf("%s[%d]: %q is no claim: write one such as %s, or a path such as resource_access.account", list.key, i, path, list.usual))
			}
		}
	}
	if len(c.Client) == 0 && len(c.Subject) == 0 {
		errs = append(errs, errors.New("subject: is missing beside client: without either every token of an issuer would be a token of its own, write [sub]"))
	}
	return errors.Join(errs...)
}
