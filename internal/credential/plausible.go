package credential

import "strings"

// random says whether a text of unknown format looks drawn by lot rather than written: digits and letters, capitals and small
// letters change places often. UUIDs and hexadecimal strings look so too, therefore it is asked only of what stands beside a
// word that promises a secret.
func random(v string) bool {
	if len(v) < 16 || ours(v) {
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
		case b == ' ', b == '(', b == '{', b == '<', b == '$', b >= 0x80:
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
		return changes*5 >= len(v)
	}
	return len(v) >= 20 && changes*5 >= 2*len(v)
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
		strings.HasPrefix(v, "./") || strings.HasPrefix(v, "=") || keyFile(v) || strings.HasPrefix(v, "process.env") || strings.Contains(v, "://") || strings.Contains(v, "()")
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
