package set

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
)

// Key signs; receivers check with its public half, which they find by its id.
type Key struct {
	private   jose.JSONWebKey
	algorithm jose.SignatureAlgorithm
}

const shortestRSA = 2048 // bits

var errNoKey = errors.New("no private key in PEM: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 makes one")

// ParseKey reads a private key in PEM: RSA signs with RS256, P-256 with ES256, Ed25519 with EdDSA. Its id is its thumbprint (RFC 7638).
func ParseKey(text []byte) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errNoKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			if parsed, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
				return nil, errNoKey
			}
		}
	}
	k := &Key{private: jose.JSONWebKey{Key: parsed, Use: "sig"}}
	switch own := parsed.(type) {
	case *rsa.PrivateKey:
		if own.N.BitLen() < shortestRSA {
			return nil, fmt.Errorf("the RSA key has %d bits: %d are needed", own.N.BitLen(), shortestRSA)
		}
		k.algorithm = jose.RS256
	case *ecdsa.PrivateKey:
		if own.Curve != elliptic.P256() {
			return nil, fmt.Errorf("the key is on the curve %s: P-256 is needed", own.Curve.Params().Name)
		}
		k.algorithm = jose.ES256
	case ed25519.PrivateKey:
		k.algorithm = jose.EdDSA
	default:
		return nil, fmt.Errorf("a %T cannot sign: RSA, P-256 or Ed25519 is needed", parsed)
	}
	thumb, err := k.private.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("naming the key: %w", err)
	}
	k.private.KeyID, k.private.Algorithm = base64.RawURLEncoding.EncodeToString(thumb[:sha256.Size]), string(k.algorithm)
	return k, nil
}

// ReadKey reads a private key from a file.
func ReadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// Signing is what a signer of JWTs needs.
func (k *Key) Signing() jose.SigningKey {
	return jose.SigningKey{Algorithm: k.algorithm, Key: k.private}
}

// JWKS is the set of public keys (RFC 7517) that receivers check with.
func (k *Key) JWKS() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.private.Public()}})
}

// String hides the key.
func (*Key) String() string { return "[private key]" }

// GoString hides the key.
func (*Key) GoString() string { return "[private key]" }
