package integration

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Hunt looks for secrets in whatever was written, in every form that they could have been written in.
type Hunt struct {
	trails []trail
}

// trail is one form of one secret.
type trail struct {
	name, form string
	bytes      []byte
}

// newHunt takes the secrets by name.
func newHunt(secrets map[string]string) *Hunt {
	h := &Hunt{}
	for name, secret := range secrets {
		for form, text := range forms(secret) {
			h.trails = append(h.trails, trail{name: name, form: form, bytes: []byte(text)})
		}
	}
	return h
}

// Search returns what was found, each as "where: which secret, in which form".
func (h *Hunt) Search(where string, data []byte) []string {
	var found []string
	for _, layer := range unpack(data) {
		for _, trail := range h.trails {
			if bytes.Contains(layer, trail.bytes) {
				found = append(found, fmt.Sprintf("%s: %s, %s", where, trail.name, trail.form))
			}
		}
	}
	return found
}

// SearchFolder searches every file below the folder but those named in except: what the test itself has put there.
func (h *Hunt) SearchFolder(t testing.TB, folder string, except ...string) []string {
	t.Helper()
	var found []string
	files := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody removed it meanwhile
		}
		if err != nil || entry.IsDir() {
			return err
		}
		for _, name := range except {
			if entry.Name() == name {
				return nil
			}
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		files++
		found = append(found, h.Search(strings.TrimPrefix(path, folder), data)...)
		return nil
	}))
	require.Positive(t, files, "nothing was written to %s: the hunt would prove nothing", folder)
	return found
}

// forms are the ways to write a secret that lead back to it without a key.
func forms(secret string) map[string]string {
	raw := []byte(secret)
	sum256, sum1, sum5 := sha256.Sum256(raw), sha1.Sum(raw), md5.Sum(raw)
	all := map[string]string{
		"plain":                      secret,
		"hex":                        hex.EncodeToString(raw),
		"hex, upper case":            strings.ToUpper(hex.EncodeToString(raw)),
		"query-encoded":              url.QueryEscape(secret),
		"query-encoded, lower case":  lowerEscapes(url.QueryEscape(secret)),
		"path-encoded":               url.PathEscape(secret),
		"path-encoded, lower case":   lowerEscapes(url.PathEscape(secret)),
		"percent-encoded twice":      url.QueryEscape(url.QueryEscape(secret)),
		"every byte percent-encoded": "%" + strings.Join(pairs(strings.ToUpper(hex.EncodeToString(raw))), "%"),
		"JSON-escaped":               jsonEscaped(secret, true),
		"JSON-escaped, HTML left":    jsonEscaped(secret, false),
		"unkeyed SHA-256":            string(sum256[:]),
		"unkeyed SHA-256, hex":       hex.EncodeToString(sum256[:]),
		"unkeyed SHA-256, base64":    base64.StdEncoding.EncodeToString(sum256[:]),
		"unkeyed SHA-1, hex":         hex.EncodeToString(sum1[:]),
		"unkeyed MD5, hex":           hex.EncodeToString(sum5[:]),
	}
	for shift := range 3 {
		all[fmt.Sprintf("base64, shifted by %d", shift)] = base64Core(base64.StdEncoding, raw, shift)
		all[fmt.Sprintf("base64 for URLs, shifted by %d", shift)] = base64Core(base64.URLEncoding, raw, shift)
	}
	if middle := secret[len(secret)/4 : len(secret)-len(secret)/4]; len(middle) >= 8 {
		all["its middle half"] = middle // cut off, or masked at the ends: a hint shows less than this
	}
	return all
}

// base64Core is what the base64 of any text that holds raw at an offset of shift (modulo 3) has in common.
func base64Core(encoding *base64.Encoding, raw []byte, shift int) string {
	encoded := encoding.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, shift), raw...))
	// A character holds 6 bits: those that share bits with what stands before or after are cut off.
	first := (shift*8 + 5) / 6
	last := (shift + len(raw)) * 8 / 6
	return encoded[first:last]
}

func jsonEscaped(secret string, html bool) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(html)
	if err := encoder.Encode(secret); err != nil {
		panic(err) // a string always encodes
	}
	return strings.Trim(strings.TrimSuffix(buffer.String(), "\n"), `"`)
}

// lowerEscapes writes %2B as %2b and leaves the rest alone.
func lowerEscapes(escaped string) string {
	out := []byte(escaped)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:i+3], bytes.ToLower(out[i+1:i+3]))
		}
	}
	return string(out)
}

func pairs(digits string) []string {
	parts := make([]string, 0, len(digits)/2)
	for i := 0; i+1 < len(digits); i += 2 {
		parts = append(parts, digits[i:i+2])
	}
	return parts
}
