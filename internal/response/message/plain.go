package message

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/holterhq/holter/internal/credential"
)

var scanners = sync.Pool{New: func() any { return new(credential.Scanner) }}

// plain is a text that somebody else wrote, as one line without secrets that has at most limit bytes.
func plain(text string, limit int) string {
	return cut(withoutSecrets(oneLine(cut(text, enough*limit))), limit)
}

// enough is how many times the limit is looked at: what comes later would not be seen.
const enough = 4

// oneLine is a text that is what it looks like: no control characters, nothing that is invisible or turns the direction of
// reading.
func oneLine(text string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			space = b.Len() > 0
			continue
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Variation_Selector):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// withoutSecrets is the last line: what reaches a message was erased long before, and comes from telemetry nevertheless.
func withoutSecrets(text string) string {
	scanner := scanners.Get().(*credential.Scanner)
	defer scanners.Put(scanner)
	defer scanner.Forget()
	var spans []credential.Span
	for _, found := range scanner.Scan(credential.Text, text) {
		if !found.Masked && found.End > found.Start {
			spans = append(spans, credential.Span{Start: found.Start, End: found.End})
		}
	}
	return credential.Erase(text, spans, credential.Placeholder)
}

var everybody = regexp.MustCompile(`(?i)@(channel|here|everyone|all|group|team)\b`)

// harmless is a plain text that chats neither take for a link nor for a call to everybody: addresses in it cannot be clicked,
// since whoever stole a token chooses what its client is called.
func harmless(text string, limit int) string {
	text = strings.ReplaceAll(plain(text, limit), "://", "[:]//")
	return cut(everybody.ReplaceAllString(text, "@ $1"), limit)
}
