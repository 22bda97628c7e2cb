package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// KeyLength is the length of keys that are made here, and the least that is accepted, in bytes.
const KeyLength = 32

// Keys are the secrets that tokens are named under. The identity key must never change: every id and every baseline hangs on
// it. The fingerprint key may: what was signed with a former one is still found.
type Keys struct {
	Identity    []byte
	Fingerprint []byte
	Former      [][]byte // earlier fingerprint keys, the latest first
}

// KeyID is a short public name of a key, by which operators and collectors see that two instances share it. It is derived from
// the key and tells nothing about it.
func KeyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("holter key id\x00"), key...))
	return hex.EncodeToString(sum[:4])
}

// String hides the keys.
func (Keys) String() string { return "[keys]" }

// GoString hides the keys.
func (Keys) GoString() string { return "[keys]" }

// NewKey makes a key.
func NewKey() []byte {
	key := make([]byte, KeyLength)
	_, _ = rand.Read(key) // never fails
	return key
}

// FingerprintKey derives the fingerprint key where none is configured, so that instances that share the identity key share
// their fingerprints too (HKDF, RFC 5869).
func FingerprintKey(identity []byte) []byte {
	key, err := hkdf.Key(sha256.New, identity, nil, "holter fingerprint key", KeyLength)
	if err != nil {
		panic(err) // only for impossible lengths
	}
	return key
}

// Store is where a generated key is kept.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte) error
}

const storedKey = "identity_key"

// StoredKey is the key that was generated before, or a new one that is kept from now on. A store that cannot be read is an
// error, never a reason for another key: that would give every token another id for good.
func StoredKey(ctx context.Context, store Store) (key []byte, made bool, err error) {
	key, err = store.Get(ctx, storedKey)
	if err != nil {
		return nil, false, fmt.Errorf("read the identity key from storage: %w", err)
	}
	if len(key) >= KeyLength {
		return key, false, nil
	}
	if len(key) > 0 {
		return nil, false, fmt.Errorf("the identity key in storage has %d bytes instead of %d", len(key), KeyLength)
	}
	key = NewKey()
	if err := store.Set(ctx, storedKey, key); err != nil {
		return nil, false, fmt.Errorf("keep the identity key in storage: %w", err)
	}
	return key, true, nil
}
