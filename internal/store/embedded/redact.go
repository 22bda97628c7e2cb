package embedded

import (
	"strings"
	"unicode"
)

// erasedText stands where something was.
const erasedText = "[erased]"

// redactor takes words out of texts. A word is replaced where it stands for itself: "payments" stays in "payments-api".
type redactor struct {
	words   map[string]bool // of word runes only
	phrases []string        // others
}

func newRedactor(terms map[string]bool) *redactor {
	r := &redactor{words: map[string]bool{}}
	for term := range terms {
		switch {
		case term == "":
		case strings.ContainsFunc(term, func(c rune) bool { return !isWord(c) }):
			r.phrases = append(r.phrases, term)
		default:
			r.words[term] = true
		}
	}
	return r
}

// isWord says which runes hold a word together, hints with their dots and stars too.
func isWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' || c == '-' || c == '…' || c == '*'
}

func (r *redactor) redact(text string) string {
	for _, phrase := range r.phrases {
		text = replaceWhole(text, phrase)
	}
	var out strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(c rune) bool { return !isWord(c) })
		if end < 0 {
			end = len(text)
		}
		if r.words[text[:end]] {
			out.WriteString(erasedText)
		} else {
			out.WriteString(text[:end])
		}
		next := strings.IndexFunc(text[end:], isWord)
		if next < 0 {
			next = len(text) - end
		}
		out.WriteString(text[end : end+next])
		text = text[end+next:]
	}
	return out.String()
}

// replaceWhole replaces a phrase where no word goes on at its ends.
func replaceWhole(text, phrase string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, phrase)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		before, after := text[:i], text[i+len(phrase):]
		out.WriteString(before)
		if endsInWord(before) && startsWithWord(phrase) || endsInWord(phrase) && startsWithWord(after) {
			out.WriteString(phrase)
		} else {
			out.WriteString(erasedText)
		}
		text = after
	}
}

func startsWithWord(s string) bool {
	for _, c := range s {
		return isWord(c)
	}
	return false
}

func endsInWord(s string) bool {
	runes := []rune(s[max(0, len(s)-4):])
	return len(runes) > 0 && isWord(runes[len(runes)-1])
}
