package wire

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// Mask stands where a secret was.
const Mask = "***"

// minSecret is the length below which a word is not a secret: masking it would only garble the text.
const minSecret = 6

// Secrets are words that must not be shown.
type Secrets []string

// NewSecrets collects secrets and the forms in which they travel: the part after a scheme like Bearer, percent-encoded,
// the halves of Basic credentials.
func NewSecrets(values ...string) Secrets {
	var s Secrets
	add := func(word string) {
		if len(word) < minSecret {
			return
		}
		for _, form := range []string{word, url.QueryEscape(word), url.PathEscape(word)} {
			if !slices.Contains(s, form) {
				s = append(s, form)
			}
		}
	}
	for _, value := range values {
		add(value)
		scheme, credential, ok := strings.Cut(value, " ")
		if !ok {
			continue
		}
		add(credential)
		if strings.EqualFold(scheme, "basic") {
			if plain, err := base64.StdEncoding.DecodeString(credential); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				add(password)
			}
		}
	}
	slices.SortFunc(s, func(a, b string) int { return len(b) - len(a) })
	return s
}

// And are these secrets and others.
func (s Secrets) And(values ...string) Secrets {
	return NewSecrets(append(values, s...)...)
}

// minURLSecret is the length from which a part of an address is taken for a secret.
const minURLSecret = 12

// URLSecrets are the parts of an address that let whoever knows them use it, as those of chats have them: long parts of its
// path, and the values of its query.
func URLSecrets(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var all []string
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= minURLSecret {
			all = append(all, part)
		}
	}
	for _, values := range u.Query() {
		all = append(all, values...)
	}
	slices.Sort(all)
	return all
}

// Mask replaces every secret in a text.
func (s Secrets) Mask(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, Mask)
	}
	return text
}
