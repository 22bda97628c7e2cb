package credential

import (
	"slices"
	"strings"
)

// statement reads a database statement. A literal in one that speaks of tokens, keys, sessions or passwords is a secret if it
// looks so: SELECT … FROM api_keys WHERE name = '…', GET session:….
func (s *Scanner) statement(v string) {
	if w, _, ok := strings.Cut(v, " "); ok && strings.EqualFold(w, "auth") { // of Redis
		s.opaque(v, len(w)+1, len(v), "password", InText, Plain)
		return
	}
	s.text(v, 0, len(v), false)
	if s.Certain || !secretive(v) {
		return
	}
	quoted := false
	for i := 0; i < len(v); i++ {
		if close := v[i]; close == '\'' || close == '"' {
			if end := s.ofUser(v, i, len(v)); end > 0 {
				i, quoted = end, true
				continue
			}
			end := quoteEnd(v, i+1, len(v), close)
			s.literal(v, i+1, end, uuidAllowed(v, i))
			quoted = true
			i = end
		}
	}
	if !quoted {
		s.keys(v)
	}
}

// ofUser reads the password that a statement gives to a user or role, as in PASSWORD 'x' and IDENTIFIED WITH y BY 'x', which opens with the quote at
// i; it says where the password ends, or 0.
func (s *Scanner) ofUser(v string, i, to int) int {
	const near = 128
	switch open := strings.TrimRight(v[max(0, i-near):i], " (="); {
	case hasFoldedSuffix(open, "password"), hasFoldedSuffix(open, "by"), hasFoldedSuffix(open, "as"):
	default:
		return 0
	}
	head := v[max(0, i-near):i]
	words := strings.Fields(strings.NewReplacer("(", " ", "=", " ").Replace(strings.ToLower(head)))
	if len(words) == 0 {
		return 0
	}
	switch words[len(words)-1] {
	case "password":
		if !slices.ContainsFunc(words, func(w string) bool {
			return w == "user" || w == "role" || w == "login" || w == "identified" || w == "set"
		}) {
			return 0
		}
	case "by", "as":
		if !slices.Contains(words[max(0, len(words)-4):], "identified") {
			return 0
		}
	default:
		return 0
	}
	end := quoteEnd(v, i+1, to, v[i])
	for end+1 < to && v[end] == v[i] && v[end+1] == v[i] { // a quote in it
		end = quoteEnd(v, end+2, to, v[i])
	}
	if value := v[i+1 : end]; absent(value) || Masked(value) || s.Certain && Recognise(value) == nil {
		return 0
	}
	before := len(s.found)
	s.opaque(v, i+1, end, "password", InText, Plain)
	for j := before; j < len(s.found); j++ {
		s.found[j].Part = true
	}
	return end
}

// keys reads the words of a Redis command: namespaces before the last colon say what it is about.
func (s *Scanner) keys(v string) {
	for from := 0; from < len(v); {
		stop := len(v)
		if space := strings.IndexByte(v[from:], ' '); space >= 0 {
			stop = from + space
		}
		if colon := strings.LastIndexByte(v[from:stop], ':'); colon > 0 && secretive(v[from:from+colon]) {
			// a colon may belong to the secret: try the widest part first
			first := strings.IndexByte(v[from:stop], ':')
			if secretive(v[from : from+first]) {
				colon = first
			}
			s.literal(v, from+colon+1, stop, true)
		}
		from = stop + 1
	}
}

func (s *Scanner) literal(v string, from, to int, uuids bool) {
	value := v[from:to]
	if uuid(value) && !uuids || !random(unescape(value)) && !random(value) || Masked(value) {
		return
	}
	before := len(s.found)
	s.opaque(v, from, to, "", InText, Plain)
	for i := before; i < len(s.found); i++ {
		s.found[i].Part = true // what a statement looks up is not the token of its own request
	}
}

// uuidAllowed says whether the column that a literal is compared with is named like a secret: ids in a table of sessions are
// mostly ids.
func uuidAllowed(v string, quote int) bool {
	end := quote
	for end > 0 && strings.IndexByte(" =<>!", v[end-1]) >= 0 {
		end--
	}
	return nature(v[nameSet.back(v, end, 64):end]) != namesNothing
}

// secretive says whether a text speaks of secrets.
func secretive(v string) bool {
	for i := range len(v) {
		switch lowered(v[i]) {
		case 't', 's', 'a', 'p', 'c':
			rest := v[i:]
			for _, w := range secretWords {
				if foldedPrefix(rest, w) {
					return true
				}
			}
		}
	}
	return false
}

var secretWords = []string{"token", "secret", "session", "api_key", "apikey", "api-key", "access_key", "auth_", "auth:", "oauth", "passw", "credential"}
