package credential

import "strings"

// charset is a set of bytes.
type charset [256]bool

func bytesOf(sets ...string) *charset {
	var c charset
	for _, set := range sets {
		for i := range len(set) {
			c[set[i]] = true
		}
	}
	return &c
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

var (
	alnum     = bytesOf(lower, upper, digits)
	hexLower  = bytesOf(digits, "abcdef")
	hexAny    = bytesOf(digits, "abcdefABCDEF")
	base32Set = bytesOf(upper, digits)
	word      = bytesOf(lower, upper, digits, "_")
	urlSafe   = bytesOf(lower, upper, digits, "_-")
	dotted    = bytesOf(lower, upper, digits, "_-.")
	dashed    = bytesOf(lower, upper, digits, "-")
	base64Set = bytesOf(lower, upper, digits, "_-+/=")
	slackSet  = bytesOf(lower, upper, digits, "-.%+/=")
	padded    = bytesOf(lower, upper, digits, "_-.+/=")
	tilded    = bytesOf(lower, upper, digits, "_-.~")
	hookSet   = bytesOf(lower, upper, digits, "-@/")
	hexDash   = bytesOf(digits, "abcdefABCDEF-")
	upperDash = bytesOf(upper, digits, "-")
	white     = bytesOf("\t\n\r")
	decimal   = bytesOf(digits)
	nameSet   = bytesOf(lower, upper, digits, "_-.")
)

// run is the end of the longest stretch of s from i on whose bytes are all in the set.
func (c *charset) run(s string, i int) int {
	for i < len(s) && c[s[i]] {
		i++
	}
	return i
}

// all says whether every byte of s is in the set.
func (c *charset) all(s string) bool { return c.run(s, 0) == len(s) }

// members are the bytes of the set.
func (c *charset) members() string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	for i := range 256 {
		if c[i] {
			b.WriteByte(byte(i))
		}
	}
	return b.String()
}

// back is the start of the longest stretch of s that ends before i and whose bytes are all in the set, at most n bytes.
func (c *charset) back(s string, i, n int) int {
	low := max(0, i-n)
	for i > low && c[s[i-1]] {
		i--
	}
	return i
}
