package access

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Password is what a password is checked against: a hash of bcrypt or argon2id, or the password itself.
type Password string

// argon2id has the form $argon2id$v=19$m=65536,t=3,p=4$salt$hash (https://github.com/P-H-C/phc-string-format).
const argonPrefix = "$argon2id$"

// Bounds of what a hash may ask for, so that a login does not take the machine with it.
const (
	mostArgonMemory = 256 << 10 // KiB
	mostArgonTime   = 20
	leastPlain      = 12 // characters
)

// Validate refuses what no password could be checked against, and passwords that can be guessed.
func (p Password) Validate() error {
	switch s := string(p); {
	case s == "":
		return errors.New("is missing: write a hash, as `htpasswd -nB name` makes one, or ${env:NAME}")
	case strings.HasPrefix(s, argonPrefix):
		_, err := parseArgon(s)
		return err
	case strings.HasPrefix(s, "$2"):
		if _, err := bcrypt.Cost([]byte(s)); err != nil {
			return fmt.Errorf("is no whole bcrypt hash: %w", err)
		}
	case len(s) < leastPlain:
		return fmt.Errorf("is neither a bcrypt or argon2id hash nor at least %d characters long", leastPlain)
	}
	return nil
}

// Is says whether that is the password.
func (p Password) Is(given string) bool {
	switch s := string(p); {
	case s == "":
		return false
	case strings.HasPrefix(s, argonPrefix):
		a, err := parseArgon(s)
		return err == nil && subtle.ConstantTimeCompare(a.of(given), a.hash) == 1
	case strings.HasPrefix(s, "$2"):
		return bcrypt.CompareHashAndPassword([]byte(s), []byte(given)) == nil
	default:
		return subtle.ConstantTimeCompare([]byte(s), []byte(given)) == 1
	}
}

type argon struct {
	memory, time uint32
	threads      uint8
	salt, hash   []byte
}

func (a argon) of(given string) []byte {
	return argon2.IDKey([]byte(given), a.salt, a.time, a.memory, a.threads, uint32(len(a.hash)))
}

func parseArgon(s string) (a argon, err error) {
	const form = "write $argon2id$v=19$m=65536,t=3,p=4$salt$hash"
	part := strings.Split(s, "$")
	if len(part) != 6 || part[2] != "v=19" {
		return a, errors.New("is no whole argon2id hash: " + form)
	}
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &a.memory, &a.time, &a.threads); err != nil || n != 3 {
		return a, errors.New("has no parameters of argon2id: " + form)
	}
	if a.time < 1 || a.threads < 1 || a.time > mostArgonTime || a.memory > mostArgonMemory {
		return a, fmt.Errorf("asks for more than m=%d,t=%d, or for nothing: %s", mostArgonMemory, mostArgonTime, form)
	}
	if a.salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return a, fmt.Errorf("has a salt that is no base64: %s", form)
	}
	if a.hash, err = base64.RawStdEncoding.DecodeString(part[5]); err != nil || len(a.hash) < 16 || len(a.hash) > 128 {
		return a, fmt.Errorf("has a hash that is not 16 to 128 bytes in base64: %s", form)
	}
	return a, nil
}
