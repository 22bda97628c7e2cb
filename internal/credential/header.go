package credential

import "strings"

// schemes are the authentication schemes whose word is kept and whose credential is not. A scheme of several parameters is
// erased whole behind its word.
var schemes = map[string]Scheme{
	"bearer": Plain, "token": Plain, "apikey": Plain, "api-key": Plain, "key": Plain, "jwt": Plain, "bot": Plain, "oauth": Plain,
	"digest": Plain, "negotiate": Plain, "ntlm": Plain, "hawk": Plain, "hmac": Plain, "sharedkey": Plain, "dpop": Plain,
	"genie": Plain, "geniekey": Plain, "ssws": Plain, "zoho-oauthtoken": Plain, "sharedaccesssignature": Plain, "googlelogin": Plain,
	"basic":            BasicScheme,
	"aws4-hmac-sha256": SigV4, "aws4-ecdsa-p256-sha256": SigV4, "aws": SigV4,
}

// schemeOf is the scheme of a word, whatever its case.
func schemeOf(w string) (Scheme, bool) {
	if len(w) < 2 || len(w) > 24 {
		return Plain, false
	}
	var buffer [24]byte
	for i := range len(w) {
		buffer[i] = lowered(w[i])
	}
	scheme, ok := schemes[string(buffer[:len(w)])]
	return scheme, ok
}

// authorization reads the value of an Authorization header in v[from:to]. In a header of its own everything behind the scheme
// is secret; in text it has to look so.
func (s *Scanner) authorization(v string, from, to int, name string, header bool) {
	from, to = trim(v, from, to)
	value := v[from:to]
	if absent(value) {
		return
	}
	if name == "" {
		name = "authorization"
	}
	w, _, spaced := strings.Cut(value, " ")
	if !spaced {
		switch {
		case Masked(value):
			s.add(Finding{Name: name, In: InHeader, Masked: true})
		case header || random(value):
			s.opaque(v, from, to, name, InHeader, Plain)
		}
		return
	}
	scheme, known := schemeOf(w)
	start := from + len(w) + 1
	for start < to && v[start] == ' ' {
		start++
	}
	rest := v[start:to]
	switch {
	case absent(rest) && len(rest) < 2:
	case Masked(rest):
		s.add(Finding{Name: name, In: InHeader, Masked: true})
	case !known && !header && !random(rest):
		s.text(v, from, to, false)
	case scheme == BasicScheme:
		s.basic(v, start, to, name)
	case scheme == SigV4:
		s.sigV4(v, start, to, name)
	case header && s.signed(v, start, to, name, w):
	default:
		s.opaque(v, start, to, name, InHeader, Plain)
	}
}

// basic adds a Basic credential, and the password in it as something to hunt elsewhere.
func (s *Scanner) basic(v string, from, to int, name string) {
	encoded := v[from:to]
	s.add(Finding{Start: from, End: to, Secret: encoded, Name: name, In: InHeader, Scheme: BasicScheme})
	user, password, ok := DecodeBasic(encoded)
	if !ok {
		return
	}
	for _, part := range [...]string{password, user + ":" + password} {
		if !fillers[password] || part != password {
			s.add(Finding{Start: from, End: to, Secret: part, Format: Recognise(part), Part: true})
		}
	}
	if keyed(user, password) {
		s.add(Finding{Start: from, End: to, Secret: user, Format: Recognise(user), Part: true})
	}
}

// signing are the schemes whose credential is another one for each request, and the parameters that say who signs, the first that is there.
var signing = map[string][]string{
	"digest": {"username"}, "hawk": {"id"}, "oauth": {"oauth_token", "oauth_consumer_key"}, "hmac": {"username", "id", "keyid"},
	"signature": {"keyid"}, "sharedkey": nil, "sharedkeylite": nil, "negotiate": nil, "ntlm": nil,
}

// signed reads the credential of such a scheme: a name that stays the same from request to request, or none at all. It is false where the
// credential is of another kind, such as a token behind the word OAuth.
func (s *Scanner) signed(v string, from, to int, name, scheme string) bool {
	scheme = strings.ToLower(scheme)
	parameters, known := signing[scheme]
	rest := v[from:to]
	if !known {
		return false
	}
	whose := ""
	for _, p := range parameters {
		if whose = parameter(rest, p); whose != "" {
			break
		}
	}
	switch {
	case whose != "":
	case parameters != nil && strings.IndexByte(rest, '=') < 0 && strings.IndexByte(rest, ':') < 0, scheme == "oauth" && !strings.Contains(rest, "oauth_"):
		return false
	case scheme != "negotiate" && scheme != "ntlm":
		whose, _, _ = strings.Cut(rest, ":") // account:signature
		if len(whose) == len(rest) {
			whose = ""
		}
	}
	if whose == "" || absent(whose) {
		s.add(Finding{Start: from, End: to, Secret: rest, Name: name, In: InHeader, Part: true})
		return true
	}
	s.add(Finding{Start: from, End: to, Secret: whose, Name: name, In: InHeader, Public: true})
	for _, p := range [...]string{"response", "mac", "oauth_signature", "signature"} {
		if proof := parameter(rest, p); proof != "" {
			s.add(Finding{Start: from, End: to, Secret: proof, Part: true})
		}
	}
	return true
}

// parameter is the value of one of a list of parameters, quoted or not.
func parameter(list, name string) string {
	for part := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// sigV4 adds the access key id of an AWS signature. Everything behind the scheme is replaced.
func (s *Scanner) sigV4(v string, from, to int, name string) {
	id := v[from:to]
	if at := strings.Index(id, "Credential="); at >= 0 {
		id = id[at+len("Credential="):]
	}
	id = id[:alnum.run(id, 0)]
	f := Finding{Start: from, End: to, Secret: id, Name: name, In: InHeader, Scheme: SigV4}
	if f.Format = Recognise(id); f.Format == nil {
		f.Secret, f.Scheme = v[from:to], Plain
	}
	s.add(f)
	if at := strings.Index(v[from:to], "Signature="); at >= 0 {
		start := from + at + len("Signature=")
		if end := hexAny.run(v, start); end <= to && end-start >= 16 {
			s.add(Finding{Start: start, End: end, Secret: v[start:end], Part: true})
		}
	}
}

// secret reads a value that is a secret by its name. It may carry a scheme.
func (s *Scanner) secret(v string, from, to int, name string) {
	from, to = trim(v, from, to)
	value := v[from:to]
	switch {
	case absent(value):
		return
	case Masked(value):
		s.add(Finding{Name: name, In: InHeader, Masked: true})
		return
	case value[0] == '/' && strings.Count(value, "/") > 1 && !random(value):
		return // a working directory, or the file that a secret is in
	}
	if w, rest, spaced := strings.Cut(value, " "); spaced {
		if _, known := schemeOf(w); known || strings.IndexByte(rest, ' ') < 0 {
			s.authorization(v, from, to, name, known)
			return
		}
		s.text(v, from, to, false)
		return
	}
	if value[0] == '{' || value[0] == '[' {
		s.text(v, from, to, false)
		return
	}
	s.opaque(v, from, to, name, InHeader, Plain)
}

// opaque adds v[from:to] as one secret, whatever it is, and what is recognised inside it.
func (s *Scanner) opaque(v string, from, to int, name string, in In, scheme Scheme) {
	raw := v[from:to]
	secret := unescape(raw)
	f := Recognise(secret)
	s.add(Finding{Start: from, End: to, Secret: secret, Name: name, In: in, Scheme: scheme, Format: f})
	if secret != raw {
		s.add(Finding{Start: from, End: to, Secret: raw, Part: true})
	}
	if f != nil {
		return
	}
	before := len(s.found)
	s.formats(v, from, to)
	for i := before; i < len(s.found); i++ {
		s.found[i].Part = true
	}
}

// trim leaves out white space and a pair of quotes around v[from:to].
func trim(v string, from, to int) (int, int) {
	for from < to && v[from] <= ' ' {
		from++
	}
	for to > from && v[to-1] <= ' ' {
		to--
	}
	if to-from >= 2 && (v[from] == '"' || v[from] == '\'') && v[to-1] == v[from] {
		return from + 1, to - 1
	}
	return from, to
}

// unescape undoes percent-encoding where it is well-formed. A plus stays a plus: secrets have no spaces.
func unescape(v string) string {
	at := strings.IndexByte(v, '%')
	if at < 0 {
		return v
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) && hexAny[v[i+1]] && hexAny[v[i+2]] {
			out = append(out, unhex(v[i+1])<<4|unhex(v[i+2]))
			i += 2
			continue
		}
		out = append(out, v[i])
	}
	return string(out)
}

func unhex(b byte) byte {
	switch {
	case digit(b):
		return b - '0'
	default:
		return lowered(b) - 'a' + 10
	}
}
