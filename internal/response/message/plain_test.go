package message

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"as it is":                   "as it is",
		" a\r\n\tb\u2028c\x00d\x7f ": "a b c d",
		"nice\u202eexe.txt\u2066":    "niceexe.txt",
		"zero\u200bwidth\ufeff":      "zerowidth",
		"tag\U000e0041s":             "tags",
		"\xff":                       "\uFFFD",
		"<b>&</b> *x* _y_ `z`":       "<b>&</b> *x* _y_ `z`",
		"The key sk_live_…9f3a of Acme is used from NL":                        "The key sk_live_…9f3a of Acme is used from NL",
		"the token tok_mfrggzdfmztwq2lknnwg23tpob is used":                     "the token tok_mfrggzdfmztwq2lknnwg23tpob is used",
		"leaked ghp_\u200b16C7e42F292c6912E7710c838347Ae178B4a by accident":    "leaked REDACTED by accident",
		"GET /v1/exports?api_key=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b": "GET /v1/exports?api_key=REDACTED",
		"Authorization: Bearer 9f86d081884c7d659a2feaa0c55ad015":               "Authorization: Bearer REDACTED",
	} {
		assert.Equal(t, want, plain(text, 1000), "%q", text)
	}
	assert.Equal(t, "ää…", plain("äää", 4))
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"curl/8 (+https://evil.example/x)":   "curl/8 (+https[:]//evil.example/x)",
		"hey @channel and @Here, @everyone!": "hey @ channel and @ Here, @ everyone!",
		"ops@acme.example, @channels":        "ops@acme.example, @channels",
		"javascript\u200b://x":               "javascript[:]//x",
	} {
		assert.Equal(t, want, harmless(text, 1000), "%q", text)
	}
}
