package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// KeyLength is the length of keys that are made here, and the least that is accepted, in bytes.
const KeyLength = 32

// Keys are the secrets that tokens are named under. The identity key must never change: every id and every baseline hangs on
// it. The fingerprint key may.
type Keys struct {
	Identity    []byte
	Fingerprint []byte
}

// Check is a short public name of the identity key, by which operators see that two instances share it.
func (k Keys) Check() string {
	sum := sha256.Sum256(append([]byte("holter identity key check\x00"), k.Identity...))
	return hex.EncodeToString(sum[:4])
}

// String hides the keys.
func (Keys) String() string { return "[keys]" }

// GoString hides the keys.
func (Keys) GoString() string { return "[keys]" }

// ParseKey reads a key as it stands in a configuration: base64 of at least KeyLength bytes.
func ParseKey(encoded string) ([]byte, error) {
	encoded = strings.TrimRight(strings.TrimSpace(encoded), "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(encoded, "-_") {
		enc = base64.RawURLEncoding
	}
	key, err := enc.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("not base64: write the output of `openssl rand -base64 %d`", KeyLength)
	}
	if len(key) < KeyLength {
		return nil, fmt.Errorf("%d bytes are too few: a key has at least %d, as `openssl rand -base64 %d` makes", len(key), KeyLength, KeyLength)
	}
	return key, nil
}

// ReadKey reads a key from a file that holds what ParseKey reads.
func ReadKey(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := ParseKey(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

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
