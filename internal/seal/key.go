package seal

import (
	"crypto/hpke"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/holterhq/holter/internal/identity"
)

// Words before a key say which of the two it is, so that nobody hands out the private one by mistake.
const (
	publicWord  = "holter-seal-public:"
	privateWord = "holter-seal-private:"
)

// PublicKey seals. Safe for concurrent use.
type PublicKey struct {
	key hpke.PublicKey
	id  [keyIDSize]byte
}

// PrivateKey opens. Safe for concurrent use.
type PrivateKey struct {
	key    hpke.PrivateKey
	public *PublicKey
}

// NewKey makes a pair of keys.
func NewKey() (*PrivateKey, error) {
	key, err := kem.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("make a sealing key: %w", err)
	}
	return &PrivateKey{key: key, public: publicOf(key.PublicKey())}, nil
}

func publicOf(key hpke.PublicKey) *PublicKey {
	k := &PublicKey{key: key}
	_, _ = hex.Decode(k.id[:], []byte(identity.KeyID(key.Bytes())))
	return k
}

// ID is the short public name of the pair.
func (k *PublicKey) ID() string { return hex.EncodeToString(k.id[:]) }

// ID is the short public name of the pair.
func (k *PrivateKey) ID() string { return k.public.ID() }

// Public is the other half.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Text is what ParsePublicKey reads.
func (k *PublicKey) Text() string {
	return publicWord + base64.StdEncoding.EncodeToString(k.key.Bytes())
}

// Text is what ParsePrivateKey reads.
func (k *PrivateKey) Text() (string, error) {
	b, err := k.key.Bytes()
	if err != nil {
		return "", fmt.Errorf("write the private key: %w", err)
	}
	return privateWord + base64.StdEncoding.EncodeToString(b), nil
}

// String hides the key.
func (*PrivateKey) String() string { return "[private key]" }

// GoString hides the key.
func (*PrivateKey) GoString() string { return "[private key]" }

// ParsePublicKey reads the key that seals.
func ParsePublicKey(text string) (*PublicKey, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, privateWord) {
		return nil, errors.New("this is the private key, which opens: keep it where credentials are revoked, and write the public one here")
	}
	b, err := decode(text, publicWord)
	if err != nil {
		return nil, err
	}
	key, err := kem.NewPublicKey(b)
	if err != nil {
		return nil, errors.New("no public key for sealing: `holter key new seal` makes a pair")
	}
	return publicOf(key), nil
}

// ReadPublicKey reads the key that seals from a file.
func ReadPublicKey(path string) (*PublicKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := ParsePublicKey(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// ParsePrivateKey reads the key that opens.
func ParsePrivateKey(text string) (*PrivateKey, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, publicWord) {
		return nil, errors.New("this is the public key, which seals: the private one is needed to open")
	}
	b, err := decode(text, privateWord)
	if err != nil {
		return nil, err
	}
	key, err := kem.NewPrivateKey(b)
	if err != nil {
		return nil, errors.New("no private key for sealing: `holter key new seal` makes a pair")
	}
	return &PrivateKey{key: key, public: publicOf(key.PublicKey())}, nil
}

func decode(text, word string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, word)
	if !ok {
		return nil, fmt.Errorf("it does not begin with %s: `holter key new seal` makes a pair", word)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return nil, fmt.Errorf("no base64 after %s", word)
	}
	return b, nil
}

// ReadPrivateKey reads the key that opens from a file.
func ReadPrivateKey(path string) (*PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := ParsePrivateKey(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
