package credential

import "strings"

// cookies reads name=value; name=value in v[from:to]. Ordinary preferences stay, whatever can open a session goes.
func (s *Scanner) cookies(v string, from, to int) {
	for from < to {
		end := to
		if at := strings.IndexByte(v[from:to], ';'); at >= 0 {
			end = from + at
		}
		s.cookie(v, from, end)
		from = end + 1
	}
}

// setCookie reads one cookie and leaves its attributes.
func (s *Scanner) setCookie(v string, from, to int) {
	end := to
	if at := strings.IndexByte(v[from:to], ';'); at >= 0 {
		end = from + at
	}
	s.cookie(v, from, end)
	s.text(v, end, to, false)
}

func (s *Scanner) cookie(v string, from, to int) {
	from, to = trim(v, from, to)
	eq := strings.IndexByte(v[from:to], '=')
	if eq < 0 {
		if value := v[from:to]; Masked(value) {
			s.add(Finding{Name: "cookie", In: InCookie, Masked: true})
		} else if random(value) {
			s.opaque(v, from, to, "", InCookie, Cookies)
		}
		return
	}
	name := v[from : from+eq]
	start, end := trim(v, from+eq+1, to)
	value := v[start:end]
	if absent(value) {
		return
	}
	kind := nature(name)
	if kind == namesNothing && (OpensSession(name) || has(s.Named.cookies, name)) {
		kind = namesToken
	}
	switch {
	case Masked(value):
		if kind != namesNothing {
			s.add(Finding{Name: name, In: InCookie, Masked: true})
		}
	case kind != namesNothing, random(value):
		s.opaque(v, start, end, name, InCookie, Cookies)
	default:
		s.text(v, start, end, false)
	}
}

// OpensSession says whether a cookie is named like those that open a session.
func OpensSession(name string) bool {
	return containsFold(name, "session") || containsFold(name, "sess") || containsFold(name, "auth") || containsFold(name, "jwt") ||
		len(name) >= 3 && strings.EqualFold(name[len(name)-3:], "sid")
}
