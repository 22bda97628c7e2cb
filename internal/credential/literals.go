package credential

import "strings"

// Literals hunts a set of secrets, by their own bytes, through any number of strings. It finds them in plain, percent-encoded, in
// JSON's escapes, in base64 at any alignment, and in hex. The zero value is an empty set. Not safe for concurrent use.
type Literals struct {
	seen  map[string]struct{}
	long  index
	short index
	least int  // the length of the shortest secret: no shorter string holds one, in any form
	apart bool // long ones too count only where they stand apart
	view  view
}

const (
	// longEnough is the length from which on a secret is looked for by the longer words.
	longEnough = 15
	// tellable is the length from which on a secret is told from its neighbours wherever it stands.
	tellable = 12
)

// Add puts a secret into the set, unless it is so short or so plain that its bytes stand in ordinary text.
func (l *Literals) Add(secret string) {
	if ReachOf(secret) != Nowhere {
		l.Insert(secret)
	}
}

// Insert puts a secret into the set, of which ReachOf has said that it is to be hunted.
func (l *Literals) Insert(secret string) {
	if _, ok := l.seen[secret]; ok {
		return
	}
	if l.seen == nil {
		l.seen = make(map[string]struct{})
		l.long.width, l.long.stride = 8, 8
		l.short.width, l.short.stride = 4, 3
	}
	if l.Empty() || len(secret) < l.least {
		l.least = len(secret)
	}
	l.seen[secret] = struct{}{}
	if len(secret) >= longEnough {
		l.long.add(secret)
	} else {
		l.short.add(secret)
	}
}

// Empty says whether there is nothing to hunt.
func (l *Literals) Empty() bool { return len(l.long.secrets)+len(l.short.secrets) == 0 }

// Has says whether a secret is in the set.
func (l *Literals) Has(secret string) bool {
	_, ok := l.seen[secret]
	return ok
}

// Reset forgets every secret.
func (l *Literals) Reset() {
	clear(l.seen)
	l.long.reset()
	l.short.reset()
	l.view.forget()
}

// huntable says whether a secret can be told from ordinary text by its bytes alone.
func huntable(s string) bool {
	if len(s) >= 16 {
		return true
	}
	letters, others, numbers := false, false, false
	for i := range len(s) {
		switch b := s[i]; {
		case b >= 'a' && b <= 'z':
			letters = true
		case digit(b):
			numbers = true
		default:
			others = true
		}
	}
	switch {
	case len(s) >= 8:
		return others || numbers
	case len(s) >= 6:
		return numbers && (letters || others)
	}
	return false
}

// Find appends where in v secrets of the set stand to spans.
func (l *Literals) Find(v string, spans []Span) []Span {
	if l.Empty() || len(v) < l.least {
		return spans
	}
	spans = l.plain(v, spans)
	if strings.IndexByte(v, '%') >= 0 || strings.IndexByte(v, '\\') >= 0 {
		spans = l.decoded(v, spans)
	}
	return l.wrapped(v, spans)
}

// FindApart is Find for secrets that are no part of a longer run of letters and digits.
func (l *Literals) FindApart(v string, spans []Span) []Span {
	l.apart = true
	spans = l.Find(v, spans)
	l.apart = false
	return spans
}

// FindName is FindApart for a name: nobody encodes those.
func (l *Literals) FindName(name string, spans []Span) []Span {
	if l.Empty() || len(name) < l.least {
		return spans
	}
	l.apart = true
	spans = l.plain(name, spans)
	l.apart = false
	return spans
}

// decoded looks at the other readings of v.
func (l *Literals) decoded(v string, spans []Span) []Span {
	w := &l.view
	w.start(v)
	for range 3 {
		percent, escapes := w.percent(), w.escapes()
		if !percent && !escapes {
			break
		}
		before, text := len(spans), string(w.text)
		spans = l.wrapped(text, l.plain(text, spans))
		for i := before; i < len(spans); i++ {
			spans[i] = Span{w.origin(spans[i].Start), w.origin(spans[i].End)}
		}
	}
	return spans
}

// wrapped looks into the long runs of base64 and hex of v.
func (l *Literals) wrapped(v string, spans []Span) []Span {
	shortest := longEnough * 4 / 3
	if len(l.short.secrets) > 0 {
		shortest = 8
	}
	eachRun(v, base64Set, shortest, func(start, end int) {
		run := v[start:end]
		if hexAny.all(run) {
			for shift := range 2 {
				raw := unhexAll(run[shift:])
				if len(l.plain(raw, nil)) > 0 {
					spans = append(spans, Span{start, end})
					return
				}
			}
		}
		if !mixedCase(run) {
			return
		}
		for shift := range 4 {
			if shift < len(run) && len(l.plain(base64All(run[shift:]), nil)) > 0 {
				spans = append(spans, Span{start, end})
				return
			}
		}
	})
	return spans
}

// plain finds the secrets themselves.
func (l *Literals) plain(v string, spans []Span) []Span {
	if l.apart {
		return l.short.find(v, len(v)+1, l.long.find(v, len(v)+1, spans))
	}
	return l.short.find(v, tellable, l.long.find(v, 0, spans))
}

func unhexAll(run string) string {
	raw := make([]byte, 0, len(run)/2)
	for i := 0; i+1 < len(run); i += 2 {
		raw = append(raw, unhex(run[i])<<4|unhex(run[i+1]))
	}
	return string(raw)
}

// base64All decodes a run as far as it goes, in either alphabet.
func base64All(run string) string {
	raw := make([]byte, 0, len(run)*3/4+1)
	var acc uint32
	bits := 0
	for i := range len(run) {
		d := base64Digit(run[i])
		if d < 0 {
			break
		}
		acc = acc<<6 | uint32(d)
		if bits += 6; bits >= 8 {
			bits -= 8
			raw = append(raw, byte(acc>>bits))
		}
	}
	return string(raw)
}
