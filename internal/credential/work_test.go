package credential

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A line of a log may be what anybody sent: no text makes a Scanner find, or read, a thing as often as it has braces or prefixes.
func TestNothingIsReadOften(t *testing.T) {
	r := newRandom(50)
	fields := make([]string, 240)
	for i := range fields {
		fields[i] = draw(r, lower+upper+digits, 24)
	}
	line := `"GET /` + strings.Repeat("{", 3900) + strings.Join(fields, "|") + "}"
	assert.LessOrEqual(t, len(new(Scanner).Scan(Text, line)), 2*len(fields))
}

// read is how many bytes of a body a format reads of a text that its prefix stands in again and again.
func TestFormatsReadNoFurtherThanTheyReach(t *testing.T) {
	for i := range formats {
		f := &formats[i]
		if f.reach() > 1<<20 {
			continue // what it begins with it takes to the end
		}
		long := f.prefix + strings.Repeat(draw(newRandom(51), f.body.members(), 1), f.reach()+10_000)
		assert.Equal(t, -1, f.end(long, 0), f.Name)
	}
}

func BenchmarkRepeatedPrefixes(b *testing.B) {
	for _, prefix := range []string{"A3-", "pat.", "sc_", "ext_", "set-cookie:a;"} {
		text := strings.Repeat(prefix, 64<<10/len(prefix))
		b.Run(prefix, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				new(Scanner).Scan(Text, text)
			}
		})
	}
}

// What honest records are full of is hunted nowhere, whoever sends it as a key.
func TestVocabularyIsNotHunted(t *testing.T) {
	for _, word := range []string{
		"http.route", "api_token.id", "auth_error", "v1/orders", "/v1/orders/items", "81.2.69.142", "2001:db8::1", "service.name", "same-origin",
		"python-requests/2.32.5", "Go-http-client/2.0", "application/json", "userAgent", "statusCode", "sec-fetch-site",
	} {
		var l Literals
		l.Add(word)
		assert.True(t, l.Empty(), word)
	}
	for _, secret := range []string{"hunter2!", "hunter22", "Pa55word", "corp-pjlTljutkYZiDv", "k3yAbCdEf0123456789XyZqW", "1971800d4d82861d8f2c1651fea4d212", "tr0ub4dor.and.3"} {
		var l Literals
		l.Add(secret)
		assert.False(t, l.Empty(), secret)
	}
}

// Schemes that sign each request name who signs, or nobody.
func TestSignedRequests(t *testing.T) {
	for header, whose := range map[string]string{
		`SharedKey myaccount:c2lnbmF0dXJlLW9uZQ==`: "myaccount",
		`Digest username="bob", realm="r", nonce="abc123def456", uri="/", response="6629fae49393a05397450978507c4ef1"`: "bob",
		`OAuth oauth_consumer_key="ck1", oauth_token="tk2", oauth_nonce="n3", oauth_signature="tR3%2BTy81lMe"`:         "tk2",
		`Hawk id="dh37fgj492je", ts="1353832234", nonce="j4h3g2", mac="6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE="`:  "dh37fgj492je",
		`Signature keyId="rsa-key-1",algorithm="rsa-sha256",signature="Base64(RSA-SHA256(x))"`:                         "rsa-key-1",
		`hmac username="alice", algorithm="hmac-sha256", headers="date", signature="cGFzc3dvcmQ="`:                     "alice",
		`Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gJDAiBgkqhkiC9xIBAgIGCSqGSIb3EgECAgYKKwYBBAGCNwICCqKCCYUEggmB`:           "",
		`NTLM TlRMTVNTUAADAAAAGAAYAIYAAAAYARgBngAAAAwADABYAAAADAAMAGQAAAAWABYAcAAAABAAEAC2AQAAFYKI4goA`:                "",
	} {
		found := new(Scanner).Scan(Authorization, header)
		var tokens []string
		scheme, _, _ := strings.Cut(header, " ")
		for _, f := range found {
			if f.Token() {
				tokens = append(tokens, Parse(f.Scheme, f.Secret).Raw)
			}
			assert.GreaterOrEqual(t, f.Start, len(scheme))
		}
		if whose == "" {
			assert.Empty(t, tokens, header)
			assert.NotEmpty(t, found, header)
			continue
		}
		assert.Equal(t, []string{whose}, tokens, header)
	}
	// A token behind the word is one.
	for _, header := range []string{"OAuth 00Dx0000000BV7z!AR8AQP0jITN80ESEsj5EbaZTFG0R", "hmac k3yAbCdEf0123456789XyZqW"} {
		found := new(Scanner).Scan(Authorization, header)
		assert.True(t, len(found) > 0 && found[0].Token() && !found[0].Public, header)
	}
}

func TestEscapedQuotesBelongToTheValue(t *testing.T) {
	for text, gone := range map[string]string{
		`{"user":"bob","password":"hunter\"2secret!!"}`:         `2secret`,
		`{"password":"Pa55word!\"restofit99"}`:                  `restofit99`,
		`{"body":"{\"password\":\"Pa55word!99\"}"}`:             `Pa55word`,
		`{"body":"{\"password\":\"Pa55\\\"word!99\",\"a\":1}"}`: `word!99`,
		`{"password":"Pa55word99\\","next":"stays here"}`:       `Pa55word99`,
	} {
		erased := eraseAll(t, text)
		assert.NotContains(t, erased, gone, erased)
		if strings.Contains(text, "stays") {
			assert.Contains(t, erased, "stays here")
		}
	}
}

// eraseAll is a text without what a Scanner finds in it.
func eraseAll(t *testing.T, text string) string {
	t.Helper()
	for _, f := range new(Scanner).Scan(Text, text) {
		if f.Start < f.End {
			text = text[:f.Start] + strings.Repeat("*", f.End-f.Start) + text[f.End:]
		}
	}
	return text
}

func TestKeysAsUsersOfURLs(t *testing.T) {
	key := "1971800d4d82861d8f2c1651fea4d212"
	for _, url := range []string{"https://" + key + ":api_token@api.example.com/v9/me", "https://" + key + ":@api.example.com/v9", "https://" + key + ":x@api.example.com"} {
		assert.NotContains(t, eraseAll(t, url), key, url)
	}
	assert.Contains(t, eraseAll(t, "https://deploy:C0rrect-h0rse@example.com/"), "deploy")
}

func TestHintsOfBasicShowNoKey(t *testing.T) {
	key := "k3yAbCdEf0123456789XyZqW"
	assert.NotContains(t, Credential{Kind: Basic, User: key, Raw: key + ":p"}.Hint(), key)
	assert.Equal(t, "basic/deploy-bot", Credential{Kind: Basic, User: "deploy-bot", Raw: "deploy-bot:p"}.Hint())
}
