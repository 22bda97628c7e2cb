package credential

import (
	"encoding/binary"
	"strings"
)

// Literals hunts a set of secrets, by their own bytes, through any number of strings: many at once, and without a look at most
// bytes. It finds them in plain, percent-encoded, in JSON's escapes, in base64 at any alignment, and in hex. The zero value is
// an empty set. Not safe for concurrent use.
//
// Every secret of at least 15 bytes contributes the eight words of 8 bytes at its first eight offsets: a string that holds the
// secret holds one of them at a multiple of eight, so one word in eight is looked up (Wu and Manber, 1994, with a fixed shift).
type Literals struct {
	seen  map[string]struct{}
	long  []string // at least longEnough bytes
	short []string
	words map[uint64][]place
	bloom []uint64
	ready bool
	view  view
}

type place struct {
	secret int
	offset int
}

const (
	longEnough = 15
	stride     = 8
)

// Add puts a secret into the set, unless it is so short or so plain that its bytes stand in ordinary text.
func (l *Literals) Add(secret string) {
	if !huntable(secret) {
		return
	}
	if _, ok := l.seen[secret]; ok {
		return
	}
	if l.seen == nil {
		l.seen = make(map[string]struct{})
	}
	l.seen[secret] = struct{}{}
	if len(secret) >= longEnough {
		l.long = append(l.long, secret)
	} else {
		l.short = append(l.short, secret)
	}
	l.ready = false
}

// Empty says whether there is nothing to hunt.
func (l *Literals) Empty() bool { return len(l.long)+len(l.short) == 0 }

// Reset forgets every secret.
func (l *Literals) Reset() {
	clear(l.seen)
	clear(l.long)
	clear(l.short)
	l.long, l.short = l.long[:0], l.short[:0]
	clear(l.words)
	l.ready = false
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
	if l.Empty() || len(v) < 6 {
		return spans
	}
	l.prepare()
	spans = l.plain(v, spans)
	if strings.IndexByte(v, '%') >= 0 || strings.IndexByte(v, '\\') >= 0 {
		spans = l.decoded(v, spans)
	}
	return l.wrapped(v, spans)
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
	if len(l.short) > 0 {
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

func (l *Literals) prepare() {
	if l.ready {
		return
	}
	l.ready = true
	if l.words == nil {
		l.words = make(map[uint64][]place)
	}
	clear(l.words)
	size := 64
	for size < len(l.long) {
		size *= 2
	}
	if len(l.bloom) != size {
		l.bloom = make([]uint64, size)
	} else {
		clear(l.bloom)
	}
	for i, secret := range l.long {
		for offset := range stride {
			w := word64(secret, offset)
			l.words[w] = append(l.words[w], place{i, offset})
			h := l.slot(w)
			l.bloom[h>>6] |= 1 << (h & 63)
		}
	}
}

// slot is the bit of a word in the filter.
func (l *Literals) slot(w uint64) uint64 {
	return (w * 0x9e3779b97f4a7c15) >> 40 & uint64(len(l.bloom)*64-1)
}

func word64(s string, i int) uint64 {
	return binary.LittleEndian.Uint64([]byte(s[i : i+8]))
}

// plain finds the secrets themselves.
func (l *Literals) plain(v string, spans []Span) []Span {
	if len(l.long) > 0 && len(v) >= longEnough {
		for i := 0; i+8 <= len(v); i += stride {
			w := word64(v, i)
			if h := l.slot(w); l.bloom[h>>6]>>(h&63)&1 == 0 {
				continue
			}
			for _, p := range l.words[w] {
				secret, start := l.long[p.secret], i-p.offset
				if start >= 0 && len(v)-start >= len(secret) && v[start:start+len(secret)] == secret {
					spans = append(spans, Span{start, start + len(secret)})
				}
			}
		}
	}
	for _, secret := range l.short {
		for from := 0; ; {
			at := strings.Index(v[from:], secret)
			if at < 0 {
				break
			}
			start := from + at
			end := start + len(secret)
			if len(secret) >= 12 || (start == 0 || !alnum[v[start-1]]) && (end == len(v) || !alnum[v[end]]) {
				spans = append(spans, Span{start, end})
			}
			from = end
		}
	}
	return spans
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
