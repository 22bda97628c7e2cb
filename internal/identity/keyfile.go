package identity

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

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

// EncodeKey is what ParseKey reads.
func EncodeKey(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// ParseKeyring reads a file of keys: one in a line, the first signs, the others are former ones. Empty lines and what follows a #
// are skipped.
func ParseKeyring(text []byte) ([][]byte, error) {
	var keys [][]byte
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line, _, _ = bytes.Cut(line, []byte("#"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		key, err := ParseKey(string(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, earlier := range keys {
			if bytes.Equal(earlier, key) {
				return nil, fmt.Errorf("line %d: key %s stands there twice: keep its first line", number, KeyID(key))
			}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no key in it: write the output of `openssl rand -base64 %d`", KeyLength)
	}
	return keys, nil
}

// ReadKeyring reads a file that holds what ParseKeyring reads.
func ReadKeyring(path string) ([][]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	keys, err := ParseKeyring(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// ReadKey reads a file that holds one key.
func ReadKey(path string) ([]byte, error) {
	keys, err := ReadKeyring(path)
	if err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("%s: %d keys: an identity key has no former ones, keep the one that ids were made with", path, len(keys))
	}
	return keys[0], nil
}
