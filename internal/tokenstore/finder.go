package tokenstore

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Finder looks for words in texts.
type Finder struct {
	words [][]byte // as they are, and as they stand in JSON
}

// NewFinder looks for some words.
func NewFinder(words ...[]string) *Finder {
	f := &Finder{}
	for _, word := range slices.Concat(words...) {
		if word == "" {
			continue
		}
		f.words = append(f.words, []byte(word))
		for _, escape := range []bool{true, false} {
			var out strings.Builder
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(escape)
			if e.Encode(word) == nil {
				f.words = append(f.words, []byte(strings.Trim(out.String(), "\"\n")))
			}
		}
	}
	return f
}

// In says whether one of the words stands in a text, by itself and not as part of another one.
func (f *Finder) In(text []byte) bool {
	return slices.ContainsFunc(f.words, func(word []byte) bool { return stands(text, word) })
}

func stands(text, word []byte) bool {
	for {
		at := bytes.Index(text, word)
		if at < 0 {
			return false
		}
		rest := text[at+len(word):]
		if (at == 0 || !inWord(text[at-1])) && (len(rest) == 0 || !inWord(rest[0])) {
			return true
		}
		text = text[at+1:]
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
