package credential

import "strings"

// element reads what stands in an element of XML, whose start tag ends with the byte at i, if the element is named like a secret: it says where
// the text ends if it was one, or 0.
func (s *Scanner) element(v string, i, from, to int) int {
	const longestTag = 256
	low := max(from, i-longestTag)
	open := strings.LastIndexByte(v[low:i], '<')
	if open < 0 {
		return 0
	}
	open += low + 1
	tag := nameSet.run(v, open)
	if tag < i && v[tag] == ':' { // a prefix of a namespace
		open = tag + 1
		tag = nameSet.run(v, open)
	}
	if tag > i || tag == open || v[tag] != '>' && v[tag] > ' ' {
		return 0
	}
	kind := nature(v[open:tag])
	if kind != namesToken && kind != namesPassword {
		return 0
	}
	end := strings.IndexByte(v[i+1:to], '<')
	if end <= 0 {
		return 0
	}
	start, stop := trim(v, i+1, i+1+end)
	value := v[start:stop]
	if absent(value) || Masked(value) || strings.ContainsAny(value, " \t\r\n") {
		return 0
	}
	if Recognise(value) == nil && (s.Certain || !promised(value) && (kind != namesPassword || !chosen(value))) {
		return 0
	}
	s.opaque(v, start, stop, v[open:tag], InHeader, Plain)
	return stop
}
