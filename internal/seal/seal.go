// Package seal closes credentials for one reader: whoever has the public key can seal, only the holder of the private key can open
// (HPKE, RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). What was used to seal is forgotten at once: an agent cannot
// open what it has sealed itself.
package seal

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// Secret is what is sealed: a credential, and what its fingerprint is computed of, so that whoever opens it can check that it is the
// one that was asked for.
type Secret struct{ Tenant, Kind, Raw string }

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[secret]" }

const (
	version   = 1
	info      = "holter seal 1"
	keyIDSize = 4
	encSize   = 32 // of the encapsulated key
	longestFP = 128
	tagSize   = 16
)

// Largest is the longest credential that is sealed, in bytes.
const Largest = 16 << 10

// largestSealed is more than any sealed secret has.
const largestSealed = 2*Largest + 1024

var (
	kem  = hpke.DHKEM(ecdh.X25519())
	kdf  = hpke.HKDFSHA256()
	aead = hpke.AES256GCM()
)

// errMalformed is said of bytes that nobody here has sealed.
var errMalformed = errors.New("not a sealed credential")

// Seal closes a secret for the holder of the private key. The fingerprint stands readable beside it, and cannot be exchanged.
func (k *PublicKey) Seal(fingerprint string, secret Secret) ([]byte, error) {
	if len(secret.Raw) > Largest || len(secret.Tenant)+len(secret.Kind) > Largest || len(fingerprint) > longestFP {
		return nil, fmt.Errorf("the credential is longer than %d bytes", Largest)
	}
	enc, sender, err := hpke.NewSender(k.key, kdf, aead, []byte(info))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	plain := make([]byte, 0, len(secret.Tenant)+len(secret.Kind)+len(secret.Raw)+2*binary.MaxVarintLen16)
	plain = appendText(plain, secret.Tenant)
	plain = appendText(plain, secret.Kind)
	plain = append(plain, secret.Raw...)
	head := k.head(fingerprint)
	closed, err := sender.Seal(head, plain)
	clear(plain)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(append(head, enc...), closed...), nil
}

// head is what stands readable before the ciphertext: version, key and fingerprint.
func (k *PublicKey) head(fingerprint string) []byte {
	head := append(make([]byte, 0, 256), version)
	head = append(head, k.id[:]...)
	return appendText(head, fingerprint)
}

// Label is what a sealed secret says about itself. Nobody has checked it before it is opened.
type Label struct{ KeyID, Fingerprint string }

// Read is the label of a sealed secret.
func Read(sealed []byte) (Label, error) {
	label, _, err := split(sealed)
	return label, err
}

// split is the label, and how long the head is.
func split(sealed []byte) (Label, int, error) {
	if len(sealed) < 1+keyIDSize || len(sealed) > largestSealed || sealed[0] != version {
		return Label{}, 0, errMalformed
	}
	id, rest := sealed[1:1+keyIDSize], sealed[1+keyIDSize:]
	fingerprint, body, ok := cutText(rest)
	if !ok || len(fingerprint) == 0 || len(fingerprint) > longestFP || len(body) < encSize+tagSize {
		return Label{}, 0, errMalformed
	}
	return Label{KeyID: hex.EncodeToString(id), Fingerprint: fingerprint}, len(sealed) - len(body), nil
}

// Open opens a sealed secret. The label is the one that it was sealed under.
func (k *PrivateKey) Open(sealed []byte) (Label, Secret, error) {
	label, head, err := split(sealed)
	if err != nil {
		return Label{}, Secret{}, err
	}
	if label.KeyID != k.ID() {
		return label, Secret{}, fmt.Errorf("sealed for key %s, this one is %s", label.KeyID, k.ID())
	}
	body := sealed[head:]
	recipient, err := hpke.NewRecipient(body[:encSize], k.key, kdf, aead, []byte(info))
	if err != nil {
		return label, Secret{}, errMalformed
	}
	plain, err := recipient.Open(sealed[:head], body[encSize:])
	if err != nil {
		return label, Secret{}, errMalformed
	}
	defer clear(plain)
	tenant, rest, ok := cutText(plain)
	kind, raw, more := cutText(rest)
	if !ok || !more {
		return label, Secret{}, errMalformed
	}
	return label, Secret{Tenant: tenant, Kind: kind, Raw: string(raw)}, nil
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// cutText is a text with its length before it, and what follows.
func cutText(b []byte) (text string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	return string(b[size : size+int(n)]), b[size+int(n):], true
}
