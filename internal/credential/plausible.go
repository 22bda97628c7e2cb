package credential

import "strings"

// random says whether a text of unknown format looks drawn by lot rather than written: digits and letters, capitals and small
// letters change places often. UUIDs and hexadecimal strings look so too, therefore it is asked only of what stands beside a
// word that promises a secret.
func random(v string) bool { return len(v) >= 16 && switching(v, 20, 5) }

// promised says whether the value of a name that promises a secret is one: it may be shorter than another, and where it is long,
// digits among letters are enough.
func promised(v string) bool {
	if len(v) < 12 || camel(v) {
		return false
	}
	if switching(v, 12, 6) || jumbled(v) {
		return true
	}
	if len(v) < 24 || !base64Set.all(v) || ours(v) {
		return false
	}
	digitsSeen, changes := 0, 0
	for i := range len(v) {
		if digit(v[i]) {
			digitsSeen++
		}
		if i > 0 && alnum[v[i]] && alnum[v[i-1]] && digit(v[i]) != digit(v[i-1]) {
			changes++
		}
	}
	return digitsSeen > 1 && changes > 2
}

// jumbled says whether a text of letters changes between capitals and small ones more often, and has more capitals side by side, than
// words that are written as one, or cannot be spoken.
func jumbled(v string) bool {
	const unspeakable = 7 // consonants in a row
	changes, together, long, side, consonants, most := 0, 0, 0, 0, 0, 0
	for i := range len(v) {
		b := v[i]
		capital := b >= 'A' && b <= 'Z'
		if !capital && (b < 'a' || b > 'z') {
			return false
		}
		if i > 0 && capital != (v[i-1] <= 'Z') {
			changes++
		}
		if side++; !capital {
			side = 0
		}
		switch side {
		case 2:
			together++
		case 4:
			long++
		}
		if consonants++; strings.IndexByte("aeiouy", lowered(b)) >= 0 {
			consonants = 0
		}
		most = max(most, consonants)
	}
	return together > 1 && changes*5 >= len(v) || long > 1 || changes > 1 && most >= unspeakable
}

// camel says whether a text is words that are written as one: each begins with a capital, has small letters behind it and a vowel
// among them; one number may stand somewhere.
func camel(v string) bool {
	vowel, numbers := false, 0
	for i := range len(v) {
		switch b := v[i]; {
		case digit(b):
			if i == 0 || !digit(v[i-1]) {
				numbers++
			}
		case b >= 'A' && b <= 'Z':
			if i+1 == len(v) || v[i+1] < 'a' || v[i+1] > 'z' || i > 0 && !vowel {
				return false
			}
			vowel = strings.IndexByte("AEIOUY", b) >= 0
		case b >= 'a' && b <= 'z':
			vowel = vowel || strings.IndexByte("aeiouy", b) >= 0
		default:
			return false
		}
	}
	return vowel && numbers < 2
}

// switching says whether letters, capitals and digits change places as often as in a text drawn by lot. Without digits it has to have
// so many letters; with them a change in so many characters is enough.
func switching(v string, letters, rarely int) bool {
	if ours(v) {
		return false
	}
	var last, class byte
	changes, digitsSeen := 0, 0
	for i := range len(v) {
		switch b := v[i]; {
		case digit(b):
			class = '0'
			digitsSeen++
		case b >= 'a' && b <= 'z':
			class = 'a'
		case b >= 'A' && b <= 'Z':
			class = 'A'
		case b == ' ', b == '(', b == '[', b == '{', b == '<', b == '$', b >= 0x80:
			return false
		default:
			continue
		}
		if last != 0 && class != last {
			changes++
		}
		last = class
	}
	if digitsSeen > 0 {
		return changes*rarely >= len(v)
	}
	return len(v) >= letters && changes*5 >= 2*len(v)
}

// ours says whether a text is an id or a fingerprint that Holter gives out: "tok_" or "fp_" and 26 letters and digits.
func ours(v string) bool {
	body, ok := strings.CutPrefix(v, "tok_")
	if !ok {
		body, ok = strings.CutPrefix(v, "fp_")
	}
	return ok && len(body) == 26 && idSet.all(body)
}

var idSet = bytesOf(lower, "234567")

// chosen says whether a text may be a secret that a person made up.
func chosen(v string) bool {
	if len(v) < 6 || code(v) {
		return false
	}
	letters, others := false, false
	for i := range len(v) {
		switch b := v[i]; {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			letters = true
		case b == ' ':
			return false
		case digit(b), strings.IndexByte("!@#%^&*?~", b) >= 0:
			others = true
		}
	}
	return letters && others
}

// loose says whether the value of a name that only perhaps means a secret is one.
func loose(v string) bool {
	if len(v) < 8 || code(v) {
		return false
	}
	mixed := false
	for i := range len(v) {
		switch b := v[i]; {
		case b == ' ':
			return false
		case b < 'a' || b > 'z':
			mixed = true
		}
	}
	return mixed
}

// code says whether a text is a template, a path or a call rather than a value.
func code(v string) bool {
	return strings.HasPrefix(v, "$") || strings.HasPrefix(v, "{{") || strings.HasPrefix(v, "<") || strings.HasPrefix(v, "%(") ||
		strings.HasPrefix(v, "./") || strings.HasPrefix(v, "../") || strings.HasPrefix(v, "=") && !random(v) || keyFile(v) || strings.HasPrefix(v, "process.env") || strings.Contains(v, "://") || strings.Contains(v, "()")
}

// keyFile says whether a text names a file that a key is in.
func keyFile(v string) bool {
	for _, ending := range [...]string{".key", ".pem", ".crt", ".txt", ".json", ".yaml", ".yml"} {
		if strings.HasSuffix(v, ending) {
			return true
		}
	}
	return false
}

// uuid says whether v has the shape of a UUID.
func uuid(v string) bool {
	if len(v) != 36 {
		return false
	}
	for i := range len(v) {
		switch i {
		case 8, 13, 18, 23:
			if v[i] != '-' {
				return false
			}
		default:
			if !hexAny[v[i]] {
				return false
			}
		}
	}
	return true
}

// Opaque says whether a text looks like a secret of unknown format.
func Opaque(v string) bool { return random(v) }

// Telling says whether a secret can be told from words, routes, addresses and versions wherever it stands, whoever chose it.
func Telling(v string) bool { return random(v) || promised(v) || Recognise(v) != nil }
