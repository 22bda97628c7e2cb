package route

import "strings"

const (
	maxSegments = 12       // deeper paths are cut: /a/b/{path}
	maxWord     = 40       // longer segments are identifiers
	tail        = "{path}" // stands for the segments that were cut
)

// split appends the segments of a path to dst; those that look like identifiers become Placeholder.
func split(path string, dst []string) []string {
	if end := strings.IndexAny(path, "?#;"); end >= 0 {
		path = path[:end]
	}
	for len(path) > 0 {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		if segment == "" || segment == "." {
			continue
		}
		if len(dst) == maxSegments-1 && strings.Trim(path, "/") != "" {
			return append(dst, tail)
		}
		if varies(segment) {
			segment = Placeholder
		}
		dst = append(dst, segment)
	}
	return dst
}

// varies says whether a segment is an identifier by its looks: numbers, dates, hex, UUID, ULID, base64, e-mail addresses,
// anything escaped, and other mixtures that nobody names an endpoint. A version, as in v2, is a word.
func varies(segment string) bool {
	if len(segment) > maxWord {
		return true
	}
	s := look(segment)
	switch {
	case s.foreign:
		return true
	case s.letters == 0:
		return s.digits > 0 // 42, 2024-01-31, 10.0.0.1
	case isVersion(segment):
		return false
	case s.hex && len(segment) >= 8 && s.digits > 0, s.hex && len(segment) >= 16:
		return true
	case s.digits >= 3, s.turns >= 3:
		return true // user123, a1b2c3
	case s.flips >= 4:
		return true // aGVsbG8gd29y: camelCase and acronyms change case less often
	case s.consonants >= 6:
		return true // kqzvbnw
	}
	return s.run >= 24 // longer than any word
}

// looks is what a segment is made of.
type looks struct {
	letters, digits int
	turns           int  // changes between letters and digits
	flips           int  // changes of case after a single letter
	consonants      int  // longest row of consonants in one case
	run             int  // longest row of letters
	hex             bool // nothing but hex digits and hyphens
	foreign         bool // characters that need no escaping in a name but are in none: %, @, =, +, non-ASCII …
}

func look(segment string) looks {
	s := looks{hex: true}
	var last kind
	var run, consonants, sameCase int
	for i := range len(segment) {
		c := segment[i]
		k := kinds[c]
		switch k {
		case lower, upper:
			s.letters++
			run++
			if last == digit {
				s.turns++
			}
			if (last == lower || last == upper) && k != last {
				if sameCase <= 1 {
					s.flips++
				}
				sameCase, consonants = 0, 0
			}
			sameCase++
			if vowels[c] {
				consonants = 0
			} else {
				consonants++
			}
			s.hex = s.hex && (c|0x20) <= 'f'
		case digit:
			s.digits++
			if last == lower || last == upper {
				s.turns++
			}
			run, consonants, sameCase = 0, 0, 0
		case joiner:
			s.hex = s.hex && c == '-'
			run, consonants, sameCase = 0, 0, 0
		case foreign:
			s.foreign = true
			return s
		}
		s.run, s.consonants = max(s.run, run), max(s.consonants, consonants)
		last = k
	}
	return s
}

type kind uint8

const (
	foreign kind = iota
	lower
	upper
	digit
	joiner
)

// kinds and vowels are looked up for every byte of every raw path.
var kinds, vowels = func() (k [256]kind, v [256]bool) {
	for c := range k {
		switch {
		case c >= 'a' && c <= 'z':
			k[c] = lower
		case c >= 'A' && c <= 'Z':
			k[c] = upper
		case c >= '0' && c <= '9':
			k[c] = digit
		case strings.IndexByte("-_.~:$!*'(),{}", byte(c)) >= 0:
			k[c] = joiner
		}
		v[c] = strings.IndexByte("aeiouyAEIOUY", byte(c)) >= 0
	}
	return k, v
}()

// isVersion says whether a segment is v1, v2.1, v1beta2 …
func isVersion(segment string) bool {
	if len(segment) < 2 || len(segment) > 10 || segment[0]|0x20 != 'v' || kinds[segment[1]] != digit {
		return false
	}
	for i := 1; i < len(segment); i++ {
		if k := kinds[segment[i]]; k != digit && k != lower && segment[i] != '.' {
			return false
		}
	}
	digits := strings.IndexFunc(segment[1:], func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if digits < 0 {
		return len(segment) <= 6
	}
	suffix := strings.TrimRight(segment[1+digits:], "0123456789")
	return suffix == "alpha" || suffix == "beta" || suffix == "rc" || suffix == "preview"
}
