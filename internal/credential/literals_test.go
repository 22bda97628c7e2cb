package credential

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// encodings are the forms that a secret may take on its way. Each is long enough to be told from ordinary text.
func encodings(secret string) map[string]string {
	var percent, unicode strings.Builder
	for i := range len(secret) {
		fmt.Fprintf(&percent, "%%%02X", secret[i])
		fmt.Fprintf(&unicode, "\\u%04x", secret[i])
	}
	return map[string]string{
		"query":           "?x=" + url.QueryEscape("a "+secret+"&"),
		"percent":         percent.String(),
		"percent twice":   strings.ReplaceAll(percent.String(), "%", "%25"),
		"json":            `{\"a\":\"` + strings.ReplaceAll(secret, "/", `\/`) + `\"}`,
		"json, escaped":   unicode.String(),
		"base64":          base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		"base64, shifted": base64.StdEncoding.EncodeToString([]byte("u:" + secret + ":x")),
		"base64, URL":     base64.RawURLEncoding.EncodeToString([]byte("us:" + secret)),
		"hex":             hex.EncodeToString([]byte(secret)),
		"HEX":             strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
}

func hunted(l *Literals, v string) string { return Erase(v, l.Find(v, nil), Placeholder) }

func TestLiteralsAreHuntedInEveryForm(t *testing.T) {
	r := newRandom(5)
	var l Literals
	var secrets []string
	for range 300 {
		secrets = append(secrets, sampleOpaque(r), draw(r, lower+upper+digits+"+/", 43)+"=", sampleUUID(r), draw(r, digits+"abcdef", 40))
	}
	for _, secret := range secrets {
		l.Add(secret)
	}
	for _, secret := range secrets {
		for n := range 9 { // every alignment
			pad := strings.Repeat(".", n)
			assert.Equal(t, pad+"REDACTED"+pad, hunted(&l, pad+secret+pad))
		}
		assert.NotContains(t, hunted(&l, "xyz"+secret+"abc"), secret, "glued")
		for form, text := range encodings(secret) {
			assert.NotContains(t, hunted(&l, "at "+text+" end"), text, form)
		}
	}
}

func TestShortLiteralsCountOnlyWhereTheyStandApart(t *testing.T) {
	var l Literals
	l.Add("hunter2")
	assert.Equal(t, "password REDACTED!", hunted(&l, "password hunter2!"))
	assert.Equal(t, "thunter2x", hunted(&l, "thunter2x"))
	assert.Equal(t, "REDACTED", hunted(&l, base64.StdEncoding.EncodeToString([]byte("ada:hunter2"))))
}

func TestPlainWordsAreNotHunted(t *testing.T) {
	var l Literals
	for _, secret := range []string{"", "secret", "password", "admin", "12345", "abc"} {
		l.Add(secret)
	}
	assert.True(t, l.Empty())
}

func TestResetForgets(t *testing.T) {
	var l Literals
	secret := sampleOpaque(newRandom(6))
	l.Add(secret)
	assert.Equal(t, "REDACTED", hunted(&l, secret))
	l.Reset()
	assert.True(t, l.Empty())
	assert.Equal(t, secret, hunted(&l, secret))
	l.Add(sampleOpaque(newRandom(7)))
	assert.Equal(t, secret, hunted(&l, secret))
}

func TestSecretsWithOneBeginningAreAllFound(t *testing.T) {
	r := newRandom(8)
	var l Literals
	var secrets []string
	for range 2000 {
		secrets = append(secrets, "corp_live_key_"+draw(r, lower+upper+digits, 24))
		l.Add(secrets[len(secrets)-1])
	}
	for _, secret := range secrets {
		assert.Equal(t, "REDACTED", hunted(&l, secret))
	}
}

func BenchmarkLiterals(b *testing.B) {
	r := newRandom(9)
	var l Literals
	for range 1000 {
		l.Add(sampleOpaque(r))
	}
	text := strings.Repeat("GET /v1/orders/4711?expand=lines 200 curl/7.88.1 ", 4)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		l.Find(text, nil)
	}
}
