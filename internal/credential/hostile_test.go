package credential

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestHostileTextsCostNoMoreThanTheirLength gives the scanner texts in which something seems to begin everywhere. Quadratic work
// would take minutes here.
func TestHostileTextsCostNoMoreThanTheirLength(t *testing.T) {
	const size = 1 << 18
	for _, piece := range []string{
		"token=", "token:", "auth:", "auth=\"", "cookie: ", "key=", "?token=", "Bearer ", "bearer x", "eyJ", "eyJhbGciOi.", "eyJ.eyJ.", "ghp_", "sk-", "AKIA", "MDAx",
		"{|", "@", ":A", "/BAAAAAAAAA", "TAAAAAAAAA/", "-----BEGIN PRIVATE KEY-----", "%25", "%41", `\u0041`, `\"`, "Zm9v", "6a6B", "--token ", "rejected token ", "'", "a:", "session:", "AWS4-HMAC-SHA256 Credential=",
	} {
		text := strings.Repeat(piece, size/len(piece))
		for _, place := range []Place{Text, Query, CookieHeader, Statement, Authorization, Secret} {
			var s Scanner
			start := time.Now()
			s.Scan(place, text)
			assert.Less(t, time.Since(start), 20*time.Second, "%q in place %d", piece, place)
		}
	}
}

func TestLongSecretsAreErasedWhole(t *testing.T) {
	r := newRandom(50)
	long := draw(r, lower+upper+digits, 3*longestValue)
	for text, want := range map[string]string{
		"api_key=" + long + " x":                     "api_key=REDACTED x",
		`{"token":"` + long + `","a":1}`:             `{"token":"REDACTED","a":1}`,
		"Authorization: Bearer " + long:              "Authorization: Bearer REDACTED",
		`auth="Bearer ` + long + `" x`:               `auth="Bearer REDACTED" x`,
		"?access_token=" + long + "&a=b":             "?access_token=REDACTED&a=b",
		"/x?a=b " + sampleJWT(r, `{"a":"`+long+`"}`): "/x?a=b REDACTED",
	} {
		assert.Equal(t, want, erased(Text, text))
	}
}

func TestSecretsMadeToCollideCostNoMore(t *testing.T) {
	r := newRandom(51)
	tail := draw(r, lower+upper+digits, longEnough)
	var l Literals
	for range 20_000 {
		l.Add(draw(r, lower+upper+digits, 12) + tail)
	}
	start := time.Now()
	assert.Equal(t, "REDACTED", hunted(&l, strings.Repeat(tail, 20_000)))
	assert.Less(t, time.Since(start), 20*time.Second)
}
