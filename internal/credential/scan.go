package credential

import "slices"

// Finding is a secret that was found in a string, or the sight of one that something upstream has masked.
type Finding struct {
	Start, End int    // what has to be replaced; empty for a masked one
	Secret     string // the secret itself, decoded
	Name       string // the header, parameter, cookie or field that it stood under; empty: it gave itself away
	Scheme     Scheme
	Format     *Format // nil: opaque
	In         In
	Masked     bool
	Part       bool // a part of another finding: to be hunted elsewhere, never a credential by itself
	Public     bool // the secret is the name of somebody who signs: not hunted elsewhere
}

// In says in what kind of construction a secret stood.
type In uint8

// Constructions.
const (
	InText      In = iota // it was recognised by its format
	InHeader              // the value of a header or of a field named like one
	InParameter           // a parameter of a query
	InCookie              // a cookie
)

// Token says whether the finding can be the token of a request, rather than a secret of another kind.
func (f *Finding) Token() bool {
	return !f.Part && !f.Masked && (f.Format == nil || !f.Format.only)
}

// Known says whether the same secret is found by its format wherever else it stands.
func (f *Finding) Known() bool { return f.Format != nil && !f.Format.glued() && f.Secret != "" }

// Scanner finds the secrets of one string after the other. It keeps its buffers, and with them parts of the last string: call
// Forget when a batch is done. Not safe for concurrent use.
type Scanner struct {
	// Certain leaves alone what only looks like a secret beside a word that promises one.
	Certain bool
	// Named are parameters and cookies that hold secrets although their names do not say so.
	Named Named

	found []Finding
	view  view
	coded bool // a '%' or a '\' was seen
	log   logShape
	tried int // up to here no JWT begins: the run that one would be of has been looked at
}

// Scan finds the secrets in a string that stands in a place. What it returns is ordered, does not overlap except for parts,
// and is valid until the next call.
func (s *Scanner) Scan(place Place, v string) []Finding {
	s.found = s.found[:0]
	if len(v) < shortest {
		return nil
	}
	if place == Text && (len(v) < shortestText || numeric(v)) {
		return nil
	}
	s.coded, s.log = false, unknownShape
	s.read(place, v)
	if s.coded {
		s.scanViews(place, v)
	}
	if len(s.found) > 1 {
		slices.SortStableFunc(s.found, func(a, b Finding) int {
			if a.Start != b.Start {
				return a.Start - b.Start
			}
			return b.End - a.End
		})
	}
	return s.found
}

// numeric says whether a text is an IPv4 address or another short row of numbers and dots, in which nothing gives itself away.
func numeric(v string) bool {
	const longest = len("255.255.255.255")
	if len(v) > longest {
		return false
	}
	for i := range len(v) {
		if b := v[i]; b != '.' && (b < '0' || b > '9') {
			return false
		}
	}
	return true
}

// Forget lets go of everything that the last string left behind.
func (s *Scanner) Forget() {
	clear(s.found[:cap(s.found)])
	s.found = s.found[:0]
	s.view.forget()
}

const (
	// shortest is the length below which no string is looked at.
	shortest = 4
	// shortestText is the length below which nothing in a text gives itself away: ?key=… and its value.
	shortestText = 8
)

// read scans one reading of the string.
func (s *Scanner) read(place Place, v string) {
	s.tried = 0
	own := len(s.found)
	s.place(place, v)
	if len(v) >= shortestBase64 && !s.covered(own, len(v)) {
		s.scanRuns(v, own)
	}
}

// covered says whether the own-th finding is all of a string of n bytes: there is nothing left to look into.
func (s *Scanner) covered(own, n int) bool {
	return len(s.found) > own && !s.view.active && s.found[own].Start == 0 && s.found[own].End == n
}

func (s *Scanner) place(place Place, v string) {
	switch place {
	case Authorization:
		s.authorization(v, 0, len(v), "", true)
	case Secret:
		s.secret(v, 0, len(v), "")
	case CookieHeader:
		s.cookies(v, 0, len(v))
	case SetCookie:
		s.setCookie(v, 0, len(v))
	case Query:
		s.text(v, 0, len(v), true)
	case Statement:
		s.statement(v)
	case Arguments:
		s.text(v, 0, len(v), false)
	default:
		s.text(v, 0, len(v), false)
	}
}

// add notes a finding in the string that is scanned now, which may be another reading of the string that was given.
func (s *Scanner) add(f Finding) {
	if s.view.active {
		f.Start, f.End = s.view.origin(f.Start), s.view.origin(f.End)
	}
	s.found = append(s.found, f)
}

// text stops at every byte that can begin or introduce a secret. queryStart says that a parameter's name may stand at the very
// beginning.
func (s *Scanner) text(v string, from, to int, queryStart bool) {
	captured := 0
	for i := from + 1; i < to; i++ {
		why := stops[v[i]]
		if why == none {
			continue
		}
		group := befores[why][v[i-1]]
		if group == 0 && (why != byPair || s.Named.parameters == nil) {
			continue
		}
		end := 0
		switch why {
		case byPair:
			end = s.pair(v, i, from, to, queryStart)
		case byWord:
			if introduced(v, i, from) {
				end = s.afterWord(v, i, from, to)
			}
		case byUser:
			s.userInfo(v, i, from)
		case byBrace:
			if i >= captured {
				captured = s.captured(v, i, to)
			}
		case byCode:
			s.coded = true
		case byTag:
			end = s.element(v, i, from, to)
		case byHook:
			end = s.slackHook(v, i, from)
		default:
			end = s.format(v, i, from, group)
		}
		if end > i {
			i = end - 1
		}
	}
	if from < to && (v[from] == '%' || v[from] == '\\') {
		s.coded = true
	}
}

// formats looks for nothing but formats: inside what is a secret already, names and words introduce none.
func (s *Scanner) formats(v string, from, to int) {
	for i := from + 1; i < to; i++ {
		why := stops[v[i]]
		if why < byHook && v[i] != ':' {
			continue
		}
		group, end := befores[why][v[i-1]], 0
		switch {
		case group == 0:
		case why == byPair:
			end = s.telegram(v, i, from)
		case why == byHook:
			end = s.slackHook(v, i, from)
		default:
			end = s.format(v, i, from, group)
		}
		i = max(i, end-1)
	}
}

// format finds a credential of a group of formats by the byte of its prefix at i; it says where it ends, or 0.
func (s *Scanner) format(v string, i, from int, group uint8) int {
	if group != ownGroup {
		for _, p := range groups[group] {
			start := i - p.offset
			if start < from || len(v)-start < len(p.format.prefix) || v[start:start+len(p.format.prefix)] != p.format.prefix {
				continue
			}
			if end := s.of(p.format, v, start, from); end > 0 {
				return end
			}
		}
	}
	switch v[i] {
	case '-':
		if v[i-1] == '-' {
			return s.pem(v, i)
		}
	case 'J':
		if i-2 < from || v[i-1] != 'y' || i < s.tried {
			break
		}
		if end := jwtEnd(v, i-2); end > 0 {
			s.add(Finding{Start: i - 2, End: end, Secret: v[i-2 : end], Format: jwtFormat})
			return end
		}
		s.tried = urlSafe.run(v, i)
	}
	return 0
}

// of finds the credential of a format whose prefix stands at at; it says where it ends, or 0.
func (s *Scanner) of(f *Format, v string, at, from int) int {
	start, end := f.start(v, at, from), f.end(v, at)
	if start < 0 || end < 0 {
		return 0
	}
	if f.public {
		start += len(f.prefix)
	}
	s.add(Finding{Start: start, End: end, Secret: v[start:end], Format: f})
	return end
}
