package baseline

import "strings"

// Words numbers the strings that many states hold: routes, user agents, countries. A number is never given away again, so that states
// that lie in a storage may refer to it. It is bounded: strings beyond are spelled out where they stand. Not safe for concurrent use.
type Words struct {
	list    []string
	numbers map[string]uint32
	recent  [1 << recentBits]uint16 // numbers by the looks of their string: most are found there
}

const (
	wordsKept   = 8192
	longestWord = 128
	recentBits  = 12
	endLength   = 8
)

// looks tells most strings apart by their length and their ends.
func looks(s string) uint32 {
	h := uint32(len(s))
	for i := max(0, len(s)-endLength); i < len(s); i++ {
		h = h*31 + uint32(s[i])
	}
	return h * 0x9e3779b1 >> (32 - recentBits)
}

// number is the number of a string, which it is given if it has none and there is room.
func (w *Words) number(s string) (uint32, bool) {
	if w == nil || len(s) > longestWord {
		return 0, false
	}
	recent := &w.recent[looks(s)]
	if n := uint32(*recent); n < uint32(len(w.list)) && w.list[n] == s {
		return n, true
	}
	if n, ok := w.numbers[s]; ok {
		*recent = uint16(n)
		return n, true
	}
	if len(w.list) >= wordsKept {
		return 0, false
	}
	w.add(strings.Clone(s))
	return uint32(len(w.list)) - 1, true
}

func (w *Words) add(s string) {
	if w.numbers == nil {
		w.numbers = make(map[string]uint32)
	}
	w.numbers[s] = uint32(len(w.list))
	w.list = append(w.list, s)
}

// Has says whether a string has a number.
func (w *Words) Has(s string) bool {
	_, ok := w.numbers[s]
	return ok
}

// Forget takes a string away from its number, under which nothing is found from then on. It says whether there was one.
func (w *Words) Forget(s string) bool {
	n, ok := w.numbers[s]
	if ok && s != "" {
		delete(w.numbers, s)
		w.list[n] = ""
	}
	return ok && s != ""
}

// Len is how many strings have a number.
func (w *Words) Len() int { return len(w.list) }

// Put writes all strings.
func (w *Words) Put(to *Writer) {
	to.Uint(uint64(len(w.list)))
	for _, s := range w.list {
		to.String(s)
	}
}

// Get adds strings that Put wrote.
func (w *Words) Get(r *Reader) {
	for range r.Count() {
		w.add(r.String())
	}
}
