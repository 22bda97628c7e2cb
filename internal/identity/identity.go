// Package identity names tokens: the stable id that behaviour is learned under, and the fingerprint of one credential. Both are
// keyed hashes. A plain hash of a short key could be reversed by trying; a mask would make tokens one.
package identity

import (
	"encoding/base32"
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Namer turns credentials into ids under one set of keys. Safe for concurrent use.
type Namer struct{ ids, fingerprints macs }

// NewNamer names under keys.
func NewNamer(keys Keys) *Namer {
	return &Namer{ids: newMACs("tok_", keys.Identity), fingerprints: newMACs("fp_", keys.Fingerprint)}
}

// ID is "tok_" and 26 letters: HMAC-SHA256(identity key, tenant + 0x00 + principal)[:16] in base32. The same principal has the
// same id wherever the identity key is the same.
func (n *Namer) ID(tenant string, c credential.Credential) string {
	return n.ids.name(tenant, Principal(c))
}

// Fingerprint is "fp_" and 26 letters: a keyed hash of this very credential. It changes when the credential is rotated or
// refreshed, and when the fingerprint key is.
func (n *Namer) Fingerprint(tenant string, c credential.Credential) string {
	return n.fingerprints.name(tenant, string(c.Kind)+"\x00"+c.Raw)
}

// Principal is who a credential speaks for: of a JWT its issuer, client and subject, which outlive the hour of the token; of
// Basic the user; of anything else the credential itself. Kinds do not mix: a user named like a key is not that key.
func Principal(c credential.Credential) string {
	switch {
	case c.Kind == credential.Basic:
		return join("basic", c.User)
	case c.Claims != nil && (c.Claims.Subject != "" || c.Claims.ClientID != ""):
		return join("claims", c.Claims.Issuer, c.Claims.ClientID, c.Claims.Subject)
	}
	return join("key", c.Raw)
}

func join(parts ...string) string { return strings.Join(parts, "\x00") }
