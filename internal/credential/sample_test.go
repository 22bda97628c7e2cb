package credential

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Secrets in these tests are made from a seed, so that none stands in the repository.

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) }

// draw makes n bytes out of a set, with what makes a text look drawn by lot: digits and letters side by side.
func draw(r *rand.Rand, set string, n int) string {
	for {
		b := make([]byte, n)
		for i := range b {
			b[i] = set[r.IntN(len(set))]
		}
		if s := string(b); n < 16 || random(s) || !strings.Contains(set, "2") || !strings.ContainsAny(set, "aA") {
			return s
		}
	}
}

// sample makes a secret of a format.
func (f *Format) sample(r *rand.Rand) string {
	plain := strings.NewReplacer(".", "", "%", "", "=", "", "+", "", "/", "", "-", "", "@", "", "~", "")
	if f.min == base62Key && checksums[f.Name] != nil {
		key := f.prefix + draw(r, lower+upper+digits, base62Key-base62Length)
		return key + base62Sum(key)
	}
	body := f.must + draw(r, plain.Replace(f.body.members()), f.min-len(f.must))
	if f.head.set == nil {
		return f.prefix + body
	}
	return f.head.begins + draw(r, plain.Replace(f.head.set.members()), f.head.min-len(f.head.begins)) + f.prefix + body
}

// sampleJWT makes a JWT with the claims.
func sampleJWT(r *rand.Rand, claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." + draw(r, lower+upper+digits+"_-", 86)
}

// sampleOpaque makes a home-grown key.
func sampleOpaque(r *rand.Rand) string { return "corp_" + draw(r, lower+upper+digits, 32) }

func sampleUUID(r *rand.Rand) string {
	h := draw(r, digits+"abcdef", 32)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

func sampleTelegram(r *rand.Rand) string {
	return draw(r, "123456789", 10) + ":AA" + draw(r, lower+upper+digits, 33)
}

func sampleSlackPath(r *rand.Rand) string {
	return "T" + draw(r, upper+digits, 10) + "/B" + draw(r, upper+digits, 10) + "/" + draw(r, lower+upper+digits, 24)
}

// erased is v with everything that is found in it replaced.
func erased(place Place, v string) string {
	var s Scanner
	var spans []Span
	for _, f := range s.Scan(place, v) {
		if f.End > f.Start {
			spans = append(spans, Span{f.Start, f.End})
		}
	}
	return Erase(v, spans, Placeholder)
}

// first is the first finding that can be a token.
func first(place Place, v string) (Finding, bool) {
	var s Scanner
	for _, f := range s.Scan(place, v) {
		if f.Token() {
			return f, true
		}
	}
	return Finding{}, false
}
