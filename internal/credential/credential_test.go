package credential

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseJWT(t *testing.T) {
	r := newRandom(30)
	for name, test := range map[string]struct {
		claims string
		want   Claims
	}{
		"access token": {
			`{"iss":"https://id.example.test/","sub":"svc-billing","client_id":"billing","scope":"orders:read orders:write","exp":1795003600}`,
			Claims{"https://id.example.test/", "svc-billing", "billing", []string{"orders:read", "orders:write"}, time.Unix(1795003600, 0).UTC(), ""},
		},
		"azp":             {`{"iss":"i","azp":"app","sub":"u"}`, Claims{Issuer: "i", Subject: "u", ClientID: "app"}},
		"okta":            {`{"cid":"c","scp":["a","b"]}`, Claims{ClientID: "c", Scopes: []string{"a", "b"}}},
		"a number":        {`{"sub":4711,"exp":1.5e9}`, Claims{Subject: "4711", ExpiresAt: time.Unix(1_500_000_000, 0).UTC()}},
		"claims of kinds": {`{"iss":{"a":1},"sub":["x"],"exp":"soon","scope":3}`, Claims{}},
	} {
		t.Run(name, func(t *testing.T) {
			claims, ok := ParseJWT(sampleJWT(r, test.claims))
			require.True(t, ok)
			assert.Equal(t, test.want, *claims)
		})
	}
	good := sampleJWT(r, `{"sub":"s"}`)
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT"}`))
	for name, bad := range map[string]string{
		"empty": "", "two parts": good[:40], "no algorithm": header + ".e30.abcd", "no JSON": "eyJhbGciOiJub25lIn0.AAAA.abcd",
		"with a space": good + " ", "trailing dot": good + ".",
	} {
		_, ok := ParseJWT(bad)
		assert.False(t, ok, name)
	}
}

func TestParse(t *testing.T) {
	r := newRandom(31)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	pat, stripe, key := formats[0].sample(r), "sk_live_"+draw(r, lower+upper+digits, 32), sampleOpaque(r)
	for name, test := range map[string]struct {
		scheme Scheme
		secret string
		kind   Kind
		format string
		raw    string
		user   string
	}{
		"opaque":                {Plain, key, APIKey, "", key, ""},
		"recognised":            {Plain, pat, APIKey, "github_pat", pat, ""},
		"session":               {Cookies, key, Session, "", key, ""},
		"recognised cookie":     {Cookies, pat, APIKey, "github_pat", pat, ""},
		"basic":                 {BasicScheme, encode("ada:hunter22"), Basic, "", "ada:hunter22", "ada"},
		"key and x":             {BasicScheme, encode(key + ":x"), APIKey, "", key, ""},
		"key and api_token":     {BasicScheme, encode(key + ":api_token"), APIKey, "", key, ""},
		"key without user":      {BasicScheme, encode(":" + key), APIKey, "", key, ""},
		"key of everybody":      {BasicScheme, encode("apikey:" + key), APIKey, "", key, ""},
		"token of everybody":    {BasicScheme, encode("x-token-auth:" + key), APIKey, "", key, ""},
		"key as user":           {BasicScheme, encode(stripe + ":"), APIKey, "stripe_secret_key", stripe, ""},
		"opaque key as user":    {BasicScheme, encode(key + ":"), APIKey, "", key, ""},
		"key as password":       {BasicScheme, encode("oauth2:" + pat), APIKey, "github_pat", pat, ""},
		"key and x-oauth-basic": {BasicScheme, encode(pat + ":x-oauth-basic"), APIKey, "github_pat", pat, ""},
		"broken basic":          {BasicScheme, "????", APIKey, "", "????", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := Parse(test.scheme, test.secret)
			assert.Equal(t, Credential{Raw: test.raw, Kind: test.kind, Format: test.format, User: test.user}, c)
		})
	}
}

func TestHint(t *testing.T) {
	r := newRandom(32)
	pat, key := formats[0].sample(r), sampleOpaque(r)
	for want, c := range map[string]Credential{
		"ghp_…" + pat[len(pat)-4:]:  Parse(Plain, pat),
		"corp_…" + key[len(key)-4:]: Parse(Plain, key),
		"…":                         Parse(Plain, "not-a-token"),
		"jwt/billing":               {Kind: JWT, Raw: "x", Claims: &Claims{ClientID: "billing"}},
		"jwt/https://id.test":       {Kind: JWT, Raw: "x", Claims: &Claims{Issuer: "https://id.test", Subject: "person"}},
		"jwt":                       {Kind: JWT, Raw: "x"},
		"basic/deploy-bot":          {Kind: Basic, Raw: "deploy-bot:x", User: "deploy-bot"},
		"basic/a?b":                 {Kind: Basic, Raw: "x", User: "a\nb"},
	} {
		assert.Equal(t, want, c.Hint())
		assert.Equal(t, want, erased(Text, want), "a hint is left alone by the next reader")
	}
}

func TestCredentialsDoNotPrintTheirSecret(t *testing.T) {
	c := Parse(Plain, sampleOpaque(newRandom(33)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, c), c.Raw)
	}
}
