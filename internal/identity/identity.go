// Package identity names tokens: the stable id that behaviour is learned under, and the fingerprint of one credential. Both are
// keyed hashes. A plain hash of a short key could be reversed by trying; a mask would make tokens one.
package identity

import (
	"encoding/base32"
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// letterValues are the five bits that each letter of a name stands for.
var letterValues = func() (values [256]byte) {
	for i := range values {
		values[i] = noLetter
	}
	for value, letter := range []byte(alphabet) {
		values[letter] = byte(value)
	}
	return values
}()

const noLetter = 255

// Namer turns credentials into ids under one set of keys. Safe for concurrent use.
type Namer struct {
	keyID        string
	ids          macs
	fingerprints []macs // the first signs, the others are former ones
}

// NewNamer names under keys.
func NewNamer(keys Keys) *Namer {
	n := &Namer{keyID: KeyID(keys.Identity), ids: newMACs("tok_", keys.Identity), fingerprints: []macs{newMACs("fp_", keys.Fingerprint)}}
	for _, key := range keys.Former {
		n.fingerprints = append(n.fingerprints, newMACs("fp_", key))
	}
	return n
}

// ID is "tok_" and 26 letters: HMAC-SHA256(identity key, tenant + 0x00 + principal)[:16] in base32. The same principal has the
// same id wherever the identity key is the same.
func (n *Namer) ID(tenant string, c credential.Credential) string {
	return n.Name(tenant, Principal(c))
}

// Name is the id of a principal.
func (n *Namer) Name(tenant, principal string) string { return n.ids.name(tenant, principal) }

// KeyID is the public name of the identity key.
func (n *Namer) KeyID() string { return n.keyID }

// Fingerprint is "fp_" and 26 letters: a keyed hash of this very credential. It changes when the credential is rotated or
// refreshed, and when the fingerprint key is.
func (n *Namer) Fingerprint(tenant string, c credential.Credential) string {
	return n.fingerprints[0].name(tenant, string(c.Kind)+"\x00"+c.Raw)
}

// IsFingerprint says whether a text has the form of a fingerprint.
func IsFingerprint(text string) bool {
	letters, ok := strings.CutPrefix(text, "fp_")
	if !ok || len(letters) != encoding.EncodedLen(named) {
		return false
	}
	_, err := encoding.DecodeString(letters)
	return err == nil
}

// Former are the fingerprints of the credential under former keys, the latest first.
func (n *Namer) Former(tenant string, c credential.Credential) []string {
	former := make([]string, len(n.fingerprints)-1)
	for i := range former {
		former[i] = n.fingerprints[i+1].name(tenant, string(c.Kind)+"\x00"+c.Raw)
	}
	return former
}
