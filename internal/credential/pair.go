package credential

import "strings"

// pair reads name=value and name: value around the byte at i: a query parameter, a header line, a field of JSON or of a log
// line, a flag. It says where the value ends if it was a secret, or 0.
func (s *Scanner) pair(v string, i, from, to int, queryStart bool) int {
	if v[i] == ':' {
		if end := s.telegram(v, i, from); end > 0 {
			return end
		}
	}
	start, end := nameBefore(v, i, from)
	if start == end || !nameEnds[v[end-1]] && s.Named.parameters == nil {
		return 0
	}
	name := FieldName(v[start:end])
	kind := nature(name)
	parameter := v[i] == '=' && (start == from && queryStart || start > from && (v[start-1] == '?' || v[start-1] == '&' || strings.HasSuffix(v[from:start], "&amp;")))
	if parameter && kind == namesNothing && has(s.Named.parameters, name) {
		kind = namesToken
	}
	if kind == namesNothing && !parameter && IsEntryValue(name) {
		if entry := entryOf(v, start, from); entry != "" {
			name = FieldName(entry)
			kind = nature(name)
		}
	}
	flag := !parameter && start < end && v[start] == '-'
	if kind == namesNothing && !(flag && hasFoldedSuffix(name, "key")) {
		return 0
	}
	at, close := valueAfter(v, i, to)
	switch kind {
	case namesHeader:
		return s.headerIn(v, at, to, close, name, parameter)
	case namesCookie, namesSetCookie:
		stop := lineEnd(v, at, to, close)
		if kind == namesCookie {
			s.cookies(v, at, stop)
		} else {
			s.setCookie(v, at, stop)
		}
		return stop
	}
	if v[i] == ':' && close == 0 && (len(name) <= 4 && kind == namesPassword || start > from && v[start-1] == ':') {
		return 0 // PASS: what passed; arn:…:secret:its-name
	}
	return s.named(v, at, to, named{name: name, kind: kind, parameter: parameter, flag: flag, close: close})
}

// named is what is known of a value by its name.
type named struct {
	name            string
	kind            naming
	parameter, flag bool
	close           byte // the quote that closes it, 0 if there is none
}

// named decides on the value of a name that begins at at; it says where the secret ends, or 0.
func (s *Scanner) named(v string, at, to int, n named) int {
	stop := valueEnd(v, at, near(at, to), n.close, n.parameter)
	value := v[at:stop]
	if absent(value) {
		return 0
	}
	in := InHeader
	if n.parameter {
		in = InParameter
	}
	if Masked(value) {
		if n.kind != namesMaybe && n.kind != namesPassword {
			s.add(Finding{Name: n.name, In: in, Masked: true})
		}
		return 0
	}
	if !n.parameter && called(v, stop, to) || !s.convincing(v, value, n) {
		return 0
	}
	if len(value) >= longestValue {
		stop = valueEnd(v, at, to, n.close, n.parameter)
	}
	s.opaque(v, at, stop, n.name, in, Plain)
	return stop
}

// convincing says whether a value is a secret, by what its name promises and where the pair stands.
func (s *Scanner) convincing(v, value string, n named) bool {
	if Recognise(value) != nil {
		return true
	}
	if s.Certain && !n.parameter {
		return false
	}
	switch {
	case n.parameter && n.kind == namesMaybe:
		return loose(value)
	case n.parameter:
		return true
	case n.flag && n.kind == namesNothing:
		return random(value) && !code(value)
	case n.flag:
		return loose(value)
	case n.kind == namesPassword:
		return chosen(value) || promised(value)
	case n.kind == namesMaybe:
		return n.close != 0 && (random(value) || uuid(value)) && s.logLine(v)
	}
	return promised(value) && !code(value)
}

// called says whether a value goes on as code does: a call, a literal, an index.
func called(v string, stop, to int) bool {
	return stop < to && (v[stop] == '(' || v[stop] == '{' || v[stop] == '[')
}

// nameBefore is the name that stands before the byte at i, without quotes: v[start:end].
func nameBefore(v string, i, from int) (start, end int) {
	end = i
	if end > from && v[end-1] == ' ' {
		end--
	}
	if end > from && (v[end-1] == '"' || v[end-1] == '\'') {
		end--
		if end > from && v[end-1] == '\\' {
			end--
		}
	}
	return nameSet.back(v, end, 64), end
}

// valueAfter is where the value behind the byte at i begins, and the quote that closes it, 0 if there is none.
func valueAfter(v string, i, to int) (at int, close byte) {
	at = i + 1
	if at < to && v[at] == '>' && v[i] == '=' {
		at++ // name => value
	}
	for n := 0; n < 2 && at < to && v[at] == ' '; n++ {
		at++
	}
	if at < to && v[at] == '[' {
		at++
	}
	if at+1 < to && v[at] == '\\' && (v[at+1] == '"' || v[at+1] == '\'') {
		return at + 2, v[at+1]
	}
	if at < to && (v[at] == '"' || v[at] == '\'' || v[at] == '`') {
		return at + 1, v[at]
	}
	return at, 0
}

var (
	// parameterEnd ends a parameter's value in a query, fieldEnd an unquoted one in text.
	parameterEnd = bytesOf("&;# \t\r\n\"'<>`\\|{}")
	fieldEnd     = bytesOf("&;, \t\r\n\"'<>`\\|)(]}")
)

// longestValue bounds what a value is judged by, so that a hostile text costs no more than its length allows. Of a secret that
// goes on, everything is erased.
const longestValue = 1 << 10

// near is how much of a value, from its beginning on, is looked at to judge it.
func near(at, to int) int { return min(to, at+longestValue) }

// valueEnd is where the value ends that begins at the given place.
func valueEnd(v string, at, to int, close byte, parameter bool) int {
	if close != 0 {
		return quoteEnd(v, at, to, close)
	}
	ends := fieldEnd
	if parameter {
		ends = parameterEnd
	}
	stop := at
	for stop < to && !ends[v[stop]] {
		stop++
	}
	for stop > at && strings.IndexByte(".,:)]", v[stop-1]) >= 0 {
		stop-- // the punctuation of a sentence
	}
	return stop
}

// quoteEnd is where the closing quote stands, or the escape before it. Where the value opens with a quote that is not escaped itself, one
// that is belongs to the value; JSON within JSON escapes both, and what belongs to the value twice.
func quoteEnd(v string, at, to int, close byte) int {
	opened := at > 0 && v[at-1] == close
	nested := at > 1 && opened && v[at-2] == '\\'
	for stop := at; stop < to; stop++ {
		if v[stop] != close {
			continue
		}
		escapes := 0
		for stop-escapes > at && v[stop-escapes-1] == '\\' {
			escapes++
		}
		switch {
		case escapes == 0:
			return stop
		case !opened:
			return stop - 1
		case nested && escapes == 1:
			return stop - 1
		case escapes%2 == 0 && !nested:
			return stop
		}
	}
	return to
}

// lineEnd is where a header's value ends: at its quote, or with its line.
func lineEnd(v string, at, to int, close byte) int {
	if close != 0 {
		return quoteEnd(v, at, to, close)
	}
	if n := strings.IndexAny(v[at:to], "\r\n\"'"); n >= 0 {
		return at + n
	}
	return to
}

// headerIn reads an authorization header inside text; it says where it ends if it held a credential, or 0.
func (s *Scanner) headerIn(v string, at, to int, close byte, name string, parameter bool) int {
	if parameter {
		return s.named(v, at, to, named{name: name, kind: namesMaybe, parameter: true, close: close})
	}
	stop := lineEnd(v, at, near(at, to), close)
	if stop-at >= longestValue {
		if _, known := schemeOf(v[at:alnum.run(v, at)]); !known {
			return 0
		}
		stop = lineEnd(v, at, to, close)
	}
	if close == 0 {
		// scheme and credential; what follows them in the line is something else
		w := valueEnd(v, at, stop, 0, false)
		scheme, known := schemeOf(v[at:w])
		switch {
		case known && scheme == SigV4:
		case known && w < stop && v[w] == ' ':
			stop = credentialEnd(v, w+1, stop)
		default:
			stop = w
		}
		if called(v, stop, to) {
			return 0
		}
	}
	before := len(s.found)
	s.authorization(v, at, stop, name, false)
	if len(s.found) > before {
		return stop
	}
	return 0
}

// credentialEnd is where a bearer credential (token68, or anything without white space and quotes) ends.
func credentialEnd(v string, at, to int) int {
	stop := at
	for stop < to && !credentialStop[v[stop]] {
		stop++
	}
	for stop > at && strings.IndexByte(".,:)]", v[stop-1]) >= 0 {
		stop--
	}
	return stop
}

var credentialStop = bytesOf(" \t\r\n\"'<>`\\|{},;&")

func hasFoldedSuffix(name, suffix string) bool {
	return len(name) >= len(suffix) && foldedPrefix(name[len(name)-len(suffix):], suffix)
}
