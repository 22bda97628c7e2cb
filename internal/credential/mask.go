package credential

import "strings"

// Masked says whether something upstream has already replaced the secret: REDACTED, ***, [FILTERED] and their like are no
// credential, and all the callers behind them would be one token.
func Masked(v string) bool {
	for v != "" && aroundMarks[v[0]] {
		v = v[1:]
	}
	for v != "" && aroundMarks[v[len(v)-1]] {
		v = v[:len(v)-1]
	}
	if v == "" {
		return false
	}
	var has uint8
	for i := range len(v) {
		has |= maskBytes[v[i]]
	}
	if has&signs != 0 && (strings.Contains(v, "***") || strings.Contains(v, "•••") || strings.Contains(v, "…") || keyedHash(v)) {
		return true
	}
	switch v[0] {
	case '*', 'x', 'X', '#', '.':
		if (v[0] == '*' || len(v) >= 3) && strings.Trim(strings.ToLower(v), strings.ToLower(v[:1])) == "" {
			return true
		}
	}
	return len(v) <= longestMark && (has&letters == letters && marked(v) || len(v) == fingerprintLength && ours(v) && v[0] == 'f')
}

// fingerprintLength is the length of the fingerprints that may stand where a secret was.
const fingerprintLength = 29

const longestMark = 32

var aroundMarks = bytesOf(" \t\"'<>[](){}")

// maskBytes is which bytes of a mask a byte is one of: a sign, or one of the two letters that all marks have.
var maskBytes = func() (t [256]uint8) {
	for _, b := range []byte("*:•…") {
		t[b] |= signs
	}
	t['d'], t['D'], t['e'], t['E'] = letterD, letterD, letterE, letterE
	return t
}()

const (
	signs   = 1
	letterD = 2
	letterE = 4
	letters = letterD | letterE
)

// keyedHash says whether v is a keyed hash, as audit logs write it.
func keyedHash(v string) bool {
	head, _, ok := strings.Cut(v, ":")
	return ok && strings.EqualFold(head, "hmac-sha256")
}

// marks are the words that masking leaves behind.
var marks = []string{"redacted", "removed", "filtered", "masked", "scrubbed", "sanitized", "obfuscated", "censored", "hidden"}

// markBegins has the first pair of letters of those words: by the first letter, whatever its case, a bit for the second.
var markBegins = func() (t [256]uint32) {
	for _, mark := range marks {
		second := uint32(1) << (mark[1] & 31)
		t[mark[0]] |= second
		t[mark[0]&^0x20] |= second
	}
	return t
}()

// marked says whether a word that masking leaves behind stands in v.
func marked(v string) bool {
	for i := range len(v) - 1 {
		if markBegins[v[i]]>>(v[i+1]&31)&1 == 0 {
			continue
		}
		for _, mark := range marks {
			if foldedPrefix(v[i:], mark) {
				return true
			}
		}
	}
	return false
}

// absent says whether a value says that there is none.
func absent(v string) bool {
	switch len(v) {
	case 0, 1:
		return true
	case 2, 3, 4, 5, 6, 7, 8, 9:
		switch strings.ToLower(v) {
		case "null", "none", "nil", "undefined", "true", "false", "(null)", "unknown", "n/a", "string", "bearer", "basic", "token", "--", "<nil>":
			return true
		}
	}
	return false
}

// containsFold is strings.Contains for an ASCII lower-case needle, whatever the case of the text.
func containsFold(s, needle string) bool {
	for i := 0; i+len(needle) <= len(s); i++ {
		if foldedPrefix(s[i:], needle) {
			return true
		}
	}
	return false
}

// foldedPrefix says whether s begins with an ASCII lower-case prefix, whatever its case.
func foldedPrefix(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lowered(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

func lowered(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func digit(b byte) bool { return b >= '0' && b <= '9' }
