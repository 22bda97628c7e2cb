package identity

import (
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

// Principal is who a credential speaks for: of a JWT its issuer, client and subject, which outlive the hour of the token; of
// Basic the user; of anything else the credential itself. Kinds do not mix: a user named like a key is not that key.
func Principal(c credential.Credential) string {
	switch {
	case c.Named():
		return join(callers[c.Kind], c.Format, c.Raw)
	case c.Kind == credential.Basic:
		return join("basic", c.User)
	case c.Claims != nil && (c.Claims.Subject != "" || c.Claims.ClientID != ""):
		return join("claims", c.Claims.Issuer, c.Claims.ClientID, c.Claims.Subject)
	}
	return join("key", c.Raw)
}

// Client is the application that a credential was issued to, whoever uses it: its issuer and client. Where a credential names no
// client it is the principal.
func Client(c credential.Credential) string {
	if c.Claims == nil || c.Claims.ClientID == "" {
		return Principal(c)
	}
	return join("client", c.Claims.Issuer, c.Claims.ClientID)
}

// Owner is who answers for a credential, by the registry's id.
func Owner(id string) string { return join("owner", id) }

// Unverified is a principal that a credential claims to be and is not: its signature is wrong.
func Unverified(principal string) string { return join("unverified", principal) }

// callers are what the principals of callers without a secret begin with.
var callers = map[credential.Kind]string{
	credential.GatewayID: "gateway", credential.Workload: "spiffe", credential.Certificate: "certificate", credential.TrustedID: "trusted",
}

func join(parts ...string) string { return strings.Join(parts, "\x00") }
