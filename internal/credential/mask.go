package credential

import "strings"

// Masked says whether something upstream has already replaced the secret: REDACTED, ***, [FILTERED] and their like are no
// credential, and all the callers behind them would be one token.
func Masked(v string) bool {
	v = strings.Trim(v, " \t\"'<>[](){}")
	if v == "" {
		return false
	}
	for i := range len(v) {
		switch b := v[i]; {
		case b == '*' && strings.HasPrefix(v[i:], "***"), b >= 0x80 && (strings.HasPrefix(v[i:], "•••") || strings.HasPrefix(v[i:], "…")):
			return true
		case b == ':' && strings.EqualFold(v[:i], "hmac-sha256"):
			return true // a keyed hash, as audit logs write it
		}
	}
	switch v[0] {
	case '*', 'x', 'X', '#', '.':
		if (v[0] == '*' || len(v) >= 3) && strings.Trim(strings.ToLower(v), strings.ToLower(v[:1])) == "" {
			return true
		}
	}
	return len(v) <= longestMark && marked(v)
}

const longestMark = 32

// marked says whether a word that masking leaves behind stands in v.
func marked(v string) bool {
	for i := 0; i+6 <= len(v); i++ {
		var words []string
		switch lowered(v[i]) {
		case 'r':
			words = marksWithR
		case 'f', 'm', 's', 'o', 'c', 'h':
			words = marks
		default:
			continue
		}
		for _, w := range words {
			if foldedPrefix(v[i:], w) {
				return true
			}
		}
	}
	return false
}

var (
	marksWithR = []string{"redacted", "removed"}
	marks      = []string{"filtered", "masked", "scrubbed", "sanitized", "obfuscated", "censored", "hidden"}
)

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
