package credential

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/plant"
)

// everyFormat yields the formats of both tables.
func everyFormat(yield func(*Format) bool) {
	for _, table := range [][]Format{formats, runFormats} {
		for i := range table {
			if !yield(&table[i]) {
				return
			}
		}
	}
}

func TestEveryFormatIsFound(t *testing.T) {
	r := newRandom(1)
	for f := range everyFormat {
		t.Run(f.Name+"/"+f.prefix, func(t *testing.T) {
			for range 20 {
				secret := f.sample(r)
				found := Recognise(secret)
				require.NotNil(t, found, "not recognised")
				assert.Equal(t, f.Name, found.Name)
				for _, around := range [][2]string{
					{"", ""},
					{"refused credential ", ""},
					{"refused ", ": try again"},
					{`{"a":"`, `"}`},
					{"/v1/", "/x"},
					{"https://api.example.test/cb?x=", "&y=1"},
					{"(", ")"},
					{"{Bearer ", "||10.0.0.1}"},
					{"a\n", "\nb"},
				} {
					text := around[0] + secret + around[1]
					assert.NotContains(t, erased(Text, text), secret, "in %q…%q", around[0], around[1])
				}
			}
		})
	}
}

// TestEveryPublishedRuleIsRecognised asks for the whole secret, whatever stands around it.
func TestEveryPublishedRuleIsRecognised(t *testing.T) {
	r := newRandom(6)
	for _, rule := range plant.Rules() {
		for range 20 {
			secret := rule.Secret(r)
			if rule.Named {
				assert.Equal(t, "REDACTED", erased(Secret, secret), rule.ID)
				continue
			}
			assert.NotContains(t, erased(Text, "see "+secret+" there"), secret, rule.ID)
		}
	}
}

func TestNearMissesStay(t *testing.T) {
	r := newRandom(2)
	for f := range everyFormat {
		t.Run(f.Name+"/"+f.prefix, func(t *testing.T) {
			secret := f.sample(r)
			short := secret[:len(secret)-1]
			if Recognise(short) == nil { // a shorter format may share the prefix
				assert.Equal(t, "see "+short+" there", erased(Text, "see "+short+" there"), "one byte too few")
			}
			assert.Equal(t, f.prefix+"…", erased(Text, f.prefix+"…"), "the prefix alone")
			if f.edge != sure {
				glued := "see a" + secret + " there"
				if Recognise("a"+secret) == nil && !strings.Contains(f.prefix, ".") {
					assert.Equal(t, glued, erased(Text, glued), "glued to a letter")
				}
			} else {
				assert.NotContains(t, erased(Text, "see a"+secret+" there"), secret, "glued to a letter")
			}
			if f.exact {
				long := "see " + secret + secret[len(secret)-1:] + " there"
				assert.Equal(t, long, erased(Text, long), "one byte too many")
			}
		})
	}
}

func TestSpecialShapes(t *testing.T) {
	r := newRandom(3)
	bot, hook := sampleTelegram(r), sampleSlackPath(r)
	ghs := "ghs_123456_" + sampleJWT(r, `{"iss":"https://example.test","sub":"app","pad":"`+draw(r, lower+digits, 200)+`"}`)
	key := "-----BEGIN EC PRIVATE KEY-----\n" + draw(r, lower+upper+digits, 64) + "\n-----END EC PRIVATE KEY-----"
	for name, test := range map[string]struct{ text, want string }{
		"telegram in a path":         {"GET /bot" + bot + "/getMe", "GET /botREDACTED/getMe"},
		"telegram alone":             {bot, "REDACTED"},
		"telegram, one too short":    {"GET /bot" + bot[:len(bot)-1] + "/getMe", "GET /bot" + bot[:len(bot)-1] + "/getMe"},
		"slack hook":                 {"POST /services/" + hook, "POST /services/REDACTED"},
		"slack hook, lower-case":     {"/services/" + strings.ToLower(hook), "/services/" + strings.ToLower(hook)},
		"github app with a JWT":      {"token: " + ghs + ".", "token: REDACTED."},
		"private key":                {"key is\n" + key + "\nso", "key is\nREDACTED\nso"},
		"private key, cut":           {"key " + key[:70], "key REDACTED"},
		"header of a private key":    {"expected -----BEGIN PRIVATE KEY-----", "expected -----BEGIN PRIVATE KEY-----"},
		"public key":                 {strings.ReplaceAll(key, "PRIVATE", "PUBLIC"), strings.ReplaceAll(key, "PRIVATE", "PUBLIC")},
		"password in a URL":          {"dial postgres://app:hunter22@db:5432/x failed", "dial postgres://app:REDACTED@db:5432/x failed"},
		"address without a password": {"mail ada@example.test", "mail ada@example.test"},
		"masked password in a URL":   {"postgres://app:xxxxx@db/x", "postgres://app:xxxxx@db/x"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, erased(Text, test.text)) })
	}
}

func TestEncodedFormsAreFound(t *testing.T) {
	r := newRandom(4)
	for f := range everyFormat {
		secret := f.sample(r)
		if len(secret) < shortestHex/2 {
			continue // too short to be told inside other bytes
		}
		for form, text := range encodings(secret) {
			out := erased(Text, "at "+text+" end")
			assert.NotContains(t, out, text, "%s of %s", form, f.Name)
		}
	}
}
