package credential

import "strings"

// afterWord reads what stands behind a space: the credential of "Bearer …", the argument of "--token …", the token of
// "rejected token …". It says where the secret ends, or 0.
func (s *Scanner) afterWord(v string, i, from, to int) int {
	if i+1 >= to {
		return 0
	}
	start := nameSet.back(v, i, 32)
	start = max(start, from)
	w := v[start:i]
	if v[i+1] == '\'' || v[i+1] == '"' {
		if end := s.ofUser(v, i+1, to); end > 0 {
			return end
		}
	}
	if len(w) < 3 || w[0] != '-' && !introduction(w) {
		return 0
	}
	if w[0] == '-' && (nature(w) != namesNothing || hasFoldedSuffix(w, "key")) {
		at, close := valueAfter(v, i-1, to)
		return s.named(v, at, to, named{name: strings.TrimLeft(w, "-"), kind: nature(w), flag: true, close: close})
	}
	if end := s.afterScheme(v, start, i, from, to); end > 0 {
		return end
	}
	return s.afterNoun(v, start, i, from, to)
}

// introduction says whether a word may introduce a secret, by its length and its first letter.
func introduction(w string) bool {
	return len(w) < 32 && introductionEnds[lowered(w[0])]>>len(w)&1 != 0
}

// afterScheme reads the credential behind an authentication scheme in text. Where a value is expected (at the beginning, behind
// a quote, a brace, a colon) anything is one; in the middle of a sentence it has to look so.
func (s *Scanner) afterScheme(v string, start, i, from, to int) int {
	scheme, known := schemeOf(v[start:i])
	if !known || isNoun(v[start:i]) {
		return 0
	}
	end := credentialEnd(v, i+1, to)
	if scheme == SigV4 {
		if !strings.HasPrefix(v[i+1:to], "Credential=") {
			return 0
		}
		end = lineEnd(v, i+1, to, 0)
		if bar := strings.IndexByte(v[i+1:end], '|'); bar >= 0 {
			end = i + 1 + bar
		}
		s.sigV4(v, i+1, end, "authorization")
		return end
	}
	value := v[i+1 : end]
	if eq := strings.IndexByte(value, '='); eq >= 0 && strings.Trim(value[eq:], "=") != "" {
		return 0 // a parameter: Bearer realm=…
	}
	if absent(value) || end < to && v[end] == '=' {
		return 0
	}
	expected := valueExpected(v, start, from)
	if Masked(value) {
		if expected {
			s.add(Finding{Name: "authorization", In: InHeader, Masked: true})
		}
		return 0
	}
	if scheme == BasicScheme {
		if _, _, ok := DecodeBasic(value); ok {
			s.basic(v, i+1, end, "authorization")
			return end
		}
		return 0
	}
	common := len(v[start:i]) < 6 && lowered(v[start]) != 'j' // key, bot, token: words of their own
	switch {
	case expected && !common && (loose(value) || len(value) >= 3 && strings.ContainsAny(value, "0123456789-_.")):
	case Recognise(value) != nil, random(value) && (expected || !s.Certain && ofBearer(v[start:i])):
	default:
		return 0
	}
	s.opaque(v, i+1, end, "authorization", InHeader, Plain)
	return end
}

// ofBearer says whether a scheme's word introduces a secret in the middle of a sentence too. The others are words of their own:
// a digest, a key.
func ofBearer(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "bearer", "apikey", "api-key", "jwt", "token":
		return true
	}
	return false
}

// isNoun says whether a scheme's word is mostly another word in text, and its credential no single word.
func isNoun(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "digest", "key", "hmac", "hawk", "aws", "oauth":
		return true
	}
	return false
}

// valueExpected says whether the place before start is one that a value follows.
func valueExpected(v string, start, from int) bool {
	for start > from && v[start-1] == ' ' {
		start--
	}
	return start == from || strings.IndexByte("\"'`:=|{[(,>", v[start-1]) >= 0
}

// afterNoun reads "rejected token X": the noun alone asks for a value that looks drawn by lot, a verdict before it and nothing
// behind it is enough for one that is merely no word.
func (s *Scanner) afterNoun(v string, start, i, from, to int) int {
	if s.Certain || !nouns[strings.ToLower(v[start:i])] {
		return 0
	}
	at, close := valueAfter(v, i-1, to)
	end := valueEnd(v, at, near(at, to), close, false)
	value := v[at:end]
	if len(value) < 8 || absent(value) || Masked(value) || code(value) || called(v, end, to) || end < to && v[end] == '=' {
		return 0
	}
	if !random(value) && !(end == to && judged(v, start, from) && strings.ContainsAny(value, "0123456789-_")) {
		return 0
	}
	s.opaque(v, at, end, strings.ToLower(v[start:i]), InHeader, Plain)
	return end
}

var nouns = map[string]bool{"token": true, "credential": true, "secret": true, "apikey": true, "password": true}

// judged says whether the word before start is a verdict on a credential.
func judged(v string, start, from int) bool {
	for start > from && v[start-1] == ' ' {
		start--
	}
	switch strings.ToLower(v[alnum.back(v, start, 16):start]) {
	case "rejected", "refused", "denied", "invalid", "expired", "revoked", "unknown", "bad", "wrong", "unauthorized":
		return true
	}
	return false
}
