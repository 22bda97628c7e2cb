package credential

import "strings"

// Literals hunts a set of secrets, by their own bytes, through any number of strings: many at once, and without a look at most
// bytes. It finds them in plain, percent-encoded, in JSON's escapes, in base64 at any alignment, and in hex. The zero value is
// an empty set. Not safe for concurrent use.
//
// Every secret of at least 15 bytes contributes the eight words of 8 bytes that lie in its last fifteen: a string that holds the
// secret holds one of them at a multiple of eight, so one word in eight is looked up (Wu and Manber, 1994, with a fixed shift).
// The last bytes are taken because the first ones are often the same in many secrets.
type Literals struct {
	seen  map[string]struct{}
	long  []string // at least longEnough bytes
	short []string
	bloom []uint64 // a bit for each word
	words []entry  // the first is none
	table []int32  // the first entry of each slot
	least int      // the length of the shortest secret: no shorter string holds one, in any form
	ready bool
	view  view
}

// entry is a word of a secret and where in it the word stands.
type entry struct {
	word   uint64
	secret int32 // index
	offset int32
	next   int32 // another entry of the same slot of the table; 0: none
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
	if l.Empty() || len(secret) < l.least {
		l.least = len(secret)
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
	clear(l.words) // words are pieces of secrets
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
	if l.Empty() || len(v) < l.least {
		return spans
	}
	l.prepare()
	spans = l.plain(v, spans)
	if strings.IndexByte(v, '%') >= 0 || strings.IndexByte(v, '\\') >= 0 {
		spans = l.decoded(v, spans)
	}
	return l.wrapped(v, spans)
}

// FindName is Find for a name: nobody encodes those.
func (l *Literals) FindName(name string, spans []Span) []Span {
	if l.Empty() || len(name) < l.least {
		return spans
	}
	l.prepare()
	return l.plain(name, spans)
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

// prepare enters the words of all secrets into the table and the filter.
func (l *Literals) prepare() {
	if l.ready {
		return
	}
	l.ready = true
	size := 64
	for size < len(l.long)*stride*2 {
		size *= 2
	}
	l.table = cleared(l.table, size)
	l.bloom = cleared(l.bloom, size/4) // 16 bits for each word
	l.words = append(l.words[:0], entry{})
	for i, secret := range l.long {
		for offset := len(secret) - longEnough; offset+8 <= len(secret); offset++ {
			w := word64(secret, offset)
			h := hash64(w)
			l.bloom[h>>6&uint64(len(l.bloom)-1)] |= 1 << (h & 63)
			slot := &l.table[h>>32&uint64(len(l.table)-1)]
			l.words = append(l.words, entry{w, int32(i), int32(offset), *slot})
			*slot = int32(len(l.words) - 1)
		}
	}
}

func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func hash64(w uint64) uint64 {
	w *= 0x9e3779b97f4a7c15
	return w ^ w>>29
}

func word64(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// plain finds the secrets themselves.
func (l *Literals) plain(v string, spans []Span) []Span {
	if len(l.long) > 0 && len(v) >= longEnough {
		for i := 0; i+8 <= len(v); i += stride {
			w := word64(v, i)
			h := hash64(w)
			if l.bloom[h>>6&uint64(len(l.bloom)-1)]>>(h&63)&1 != 0 {
				spans = l.around(v, i, w, h, spans)
			}
		}
	}
	if len(l.short) > 0 {
		spans = l.brief(v, spans)
	}
	return spans
}

// around looks for the secrets that have the word w, which stands at i.
func (l *Literals) around(v string, i int, w, h uint64, spans []Span) []Span {
	for at := l.table[h>>32&uint64(len(l.table)-1)]; at != 0; at = l.words[at].next {
		e := &l.words[at]
		if e.word != w {
			continue
		}
		secret, start := l.long[e.secret], i-int(e.offset)
		if start >= 0 && len(v)-start >= len(secret) && v[start:start+len(secret)] == secret {
			spans = append(spans, Span{start, start + len(secret)})
		}
	}
	return spans
}

// brief finds the short secrets, each by itself: there are few, and the shortest only count where they stand apart.
func (l *Literals) brief(v string, spans []Span) []Span {
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
