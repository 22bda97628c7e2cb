package credential

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// DecodeBasic reads the user and the password of a Basic credential, in the standard alphabet or the URL one, padded or not.
func DecodeBasic(encoded string) (user, password string, ok bool) {
	raw, ok := decodeBase64(encoded)
	if !ok || !utf8.Valid(raw) || !printable(raw) {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(raw), ":")
	return user, password, ok
}

// decodeBase64 reads both alphabets, padded or not.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.TrimRight(s, "=")
	if len(s)%4 == 1 || s == "" {
		return nil, false
	}
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	raw, err := enc.DecodeString(s)
	return raw, err == nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
