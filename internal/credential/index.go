package credential

// index finds many secrets at once without a look at most bytes (Wu and Manber, 1994, with a fixed shift). Every secret gives the
// words that lie in its last width+stride-1 bytes: a string that holds the secret holds one of them at a multiple of stride, so one
// place in stride is looked at. The last bytes are taken because the first ones are often the same in many secrets.
type index struct {
	width   int // of a word, 4 or 8 bytes
	stride  int
	secrets []string
	bloom   []uint64 // a bit for each word
	words   []entry  // the first is none
	table   []int32  // the first entry of each slot
	ready   bool
}

// entry is a word of a secret and where in it the word stands.
type entry struct {
	word   uint64
	secret int32
	offset int32
	next   int32 // another entry of the same slot of the table; 0: none
}

// least is the length of the shortest secret that the index can hold.
func (x *index) least() int { return x.width + x.stride - 1 }

func (x *index) add(secret string) {
	x.secrets = append(x.secrets, secret)
	x.ready = false
}

func (x *index) reset() {
	clear(x.secrets)
	clear(x.words) // words are pieces of secrets
	x.secrets, x.words = x.secrets[:0], x.words[:0]
	x.ready = false
}

// prepare enters the words of all secrets into the table and the filter.
func (x *index) prepare() {
	x.ready = true
	size := 64
	for size < len(x.secrets)*x.stride*2 {
		size *= 2
	}
	x.table = cleared(x.table, size)
	x.bloom = cleared(x.bloom, size/4) // 16 bits for each word
	x.words = append(x.words[:0], entry{})
	for i, secret := range x.secrets {
		for offset := len(secret) - x.least(); offset+x.width <= len(secret); offset++ {
			w := x.word(secret, offset)
			h := hash64(w)
			x.bloom[h>>6&uint64(len(x.bloom)-1)] |= 1 << (h & 63)
			slot := &x.table[h>>32&uint64(len(x.table)-1)]
			x.words = append(x.words, entry{w, int32(i), int32(offset), *slot})
			*slot = int32(len(x.words) - 1)
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

func (x *index) word(s string, i int) uint64 {
	if x.width == 4 {
		_ = s[i+3]
		return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24
	}
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// find appends where secrets stand in v. What is shorter than whole counts only where it stands apart from letters and digits.
func (x *index) find(v string, whole int, spans []Span) []Span {
	if len(x.secrets) == 0 || len(v) < x.least() {
		return spans
	}
	if !x.ready {
		x.prepare()
	}
	steps := 0
	for i := 0; i+x.width <= len(v); i += x.stride {
		w := x.word(v, i)
		h := hash64(w)
		if x.bloom[h>>6&uint64(len(x.bloom)-1)]>>(h&63)&1 != 0 {
			if spans = x.around(v, i, w, h, whole, spans, &steps); steps > mostSteps {
				return append(spans, Span{0, len(v)})
			}
		}
	}
	return spans
}

// mostSteps is how many secrets are compared with one string. Only texts that are made to be expensive need more; all of such a one
// is taken for a secret.
const mostSteps = 1 << 14

// around looks for the secrets that have the word w, which stands at i.
func (x *index) around(v string, i int, w, h uint64, whole int, spans []Span, steps *int) []Span {
	for at := x.table[h>>32&uint64(len(x.table)-1)]; at != 0; at = x.words[at].next {
		*steps++
		e := &x.words[at]
		if e.word != w {
			continue
		}
		secret, start := x.secrets[e.secret], i-int(e.offset)
		end := start + len(secret)
		if start < 0 || end > len(v) || v[start:end] != secret {
			continue
		}
		if len(secret) >= whole || (start == 0 || !alnum[v[start-1]]) && (end == len(v) || !alnum[v[end]]) {
			spans = append(spans, Span{start, end})
		}
	}
	return spans
}
