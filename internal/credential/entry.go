package credential

import "strings"

// entryOf is the name that an entry of a list is for, where v[start:] is the value's own: X-Api-Key of {"name":"X-Api-Key","value":…} and
// of <add key="X-Api-Key" value=…>; empty if it is none.
func entryOf(v string, start, from int) string {
	const longest = 64
	low := max(from, start-longest)
	i := start
	if i > low && v[i-1] == '"' || i > low && v[i-1] == '\'' {
		i--
		if i > low && v[i-1] == '\\' {
			i--
		}
	}
	for i > low && (v[i-1] == ' ' || v[i-1] == ',' || v[i-1] == '\t' || v[i-1] == '\n' || v[i-1] == '\r') {
		i--
	}
	if i <= low || v[i-1] != '"' && v[i-1] != '\'' {
		return ""
	}
	i--
	if i > low && v[i-1] == '\\' {
		i--
	}
	name := v[nameSet.back(v, i, i-low):i]
	i -= len(name)
	for i > low && strings.IndexByte("\"'\\ ", v[i-1]) >= 0 {
		i--
	}
	if i <= low || v[i-1] != ':' && v[i-1] != '=' {
		return ""
	}
	first, end := nameBefore(v, i-1, low)
	if !IsEntryName(v[first:end]) {
		return ""
	}
	return name
}

// IsEntryName says whether a member of an entry is called as the one that holds its name: name and value, key and value.
func IsEntryName(name string) bool {
	return equalFold(name, "name") || equalFold(name, "key") || equalFold(name, "header") || equalFold(name, "k")
}

// IsEntryValue says whether a member of an entry is called as the one that holds its value.
func IsEntryValue(name string) bool {
	return equalFold(name, "value") || equalFold(name, "val") || equalFold(name, "v")
}

func equalFold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
