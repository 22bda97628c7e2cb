package credential

import "strings"

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
