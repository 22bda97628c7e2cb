package otelattr

// memo remembers, for one batch, the last texts under one name in which nothing was found: user agents, hosts and routes are the
// same in span after span, and comparing a text costs less than reading it. It is emptied with the batch.
type memo struct {
	looked, hunted texts
	used           bool
}

// texts holds each text at the one place that its looks lead to.
type texts [8]string

// shortestMemo is the length from which on a text is remembered: shorter ones are read as fast.
const shortestMemo = 8

func (t *texts) place(text string) *string {
	n := len(text)
	return &t[(uint(n)+uint(text[n-1])*3+uint(text[n/2])*5)%uint(len(t))]
}

func (t *texts) has(text string) bool { return len(text) >= shortestMemo && *t.place(text) == text }

func (t *texts) put(text string) bool {
	if len(text) < shortestMemo {
		return false
	}
	*t.place(text) = text
	return true
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
