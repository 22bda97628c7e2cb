package otelattr

// memo remembers, for one batch, the last texts under one name in which nothing was found: user agents, hosts and routes are the
// same in span after span, and comparing a text costs less than reading it. It is emptied with the batch.
type memo struct {
	looked, hunted texts
	used           bool
}

// texts holds each text at one of the two places that its looks lead to: the last one at the first, the one before at the second.
type texts [1 << textsBits]string

const textsBits = 6

// shortestMemo is the length from which on a text is remembered: shorter ones are read as fast.
const shortestMemo = 8

// place is by a text's length, and its first and last eight bytes.
func (t *texts) place(text string) (first, second *string) {
	const odd = 0x9e3779b97f4a7c15
	n := len(text)
	mixed := (eight(text) + uint64(n)) * odd
	mixed = (mixed ^ mixed>>32 ^ eight(text[n-8:])) * odd
	at := mixed >> (64 - textsBits) // the highest bits depend on all others
	return &t[at], &t[at^1]
}

func (t *texts) has(text string) bool {
	if len(text) < shortestMemo {
		return false
	}
	first, second := t.place(text)
	return *first == text || *second == text
}

func (t *texts) put(text string) bool {
	if len(text) < shortestMemo {
		return false
	}
	first, second := t.place(text)
	*second, *first = *first, text
	return true
}

// eight is the first eight bytes of a text.
func eight(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// memoOf is where a text that nothing is found in may be remembered, nil if nowhere.
func (c *Cleaner) memoOf(f *field) *memo {
	if f.memo == nil && f.place == nameless.place {
		return &c.plain
	}
	return f.memo
}

// used notes that a memo has to be emptied.
func (c *Cleaner) used(m *memo) {
	if !m.used {
		m.used = true
		c.memos = append(c.memos, m)
	}
}

func (c *Cleaner) forgetTexts() {
	for i, m := range c.memos {
		*m = memo{}
		c.memos[i] = nil
	}
	c.memos = c.memos[:0]
}
