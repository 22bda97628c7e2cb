package console

import (
	"context"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// ledger is what was said and decided of tokens, the latest of it, by token: the journal itself is only read from front to back.
type ledger struct {
	most    int
	dropped func()

	mu      sync.RWMutex
	entries []store.Entry // in their order
	cleared map[string]time.Time
	cases   *casebook
	upTo    uint64
}

func newLedger(most int, dropped func()) *ledger {
	return &ledger{most: most, dropped: dropped, cleared: map[string]time.Time{}, cases: newCasebook()}
}

// clearedAt is when somebody said last that what a token did is its own doing: what spoke against it until then does no more. Zero: nobody did.
func (l *ledger) clearedAt(token string) time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cleared[token]
}

// of are the entries of one token, the oldest first.
func (l *ledger) of(token string) (out []store.Entry) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, e := range l.entries {
		if e.Token == token {
			out = append(out, e)
		}
	}
	return out
}

// forget begins anew, after an erasure.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.cleared, l.cases, l.upTo = nil, map[string]time.Time{}, newCasebook(), 0
}

// follow reads the journal until the context ends, and tells of what is new since it began.
func (l *ledger) follow(ctx context.Context, s store.Store, tell func([]store.Entry), trouble func(string, error)) {
	told := false
	for ctx.Err() == nil {
		more := s.Appended()
		fresh, err := l.read(ctx, s)
		if err != nil && ctx.Err() == nil {
			trouble("read the journal", err)
		}
		if told && len(fresh) > 0 {
			tell(fresh)
		}
		told = true
		select {
		case <-ctx.Done():
		case <-more:
		case <-time.After(10 * time.Second): // an erasure appends nothing, and what failed is tried again
		}
	}
}

// read takes in what is new, and returns the latest of it.
func (l *ledger) read(ctx context.Context, s store.Store) (fresh []store.Entry, err error) {
	const page = 1000
	for {
		l.mu.RLock()
		after := l.upTo
		l.mu.RUnlock()
		entries, err := s.Journal(ctx, after, page)
		if err != nil || len(entries) == 0 {
			return fresh, err
		}
		l.add(after, entries)
		fresh = entries
	}
}

func (l *ledger) add(after uint64, entries []store.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.upTo != after {
		return // it was forgotten meanwhile
	}
	for _, e := range entries {
		l.upTo = e.Sequence
		l.cases.add(e, l.most)
		if e.Token != "" && e.Kind != store.EntryAudit {
			l.entries = append(l.entries, e)
			if clears(e) && e.Time.After(l.cleared[e.Token]) {
				l.cleared[e.Token] = e.Time
			}
		}
	}
	if over := len(l.entries) - l.most; over > 0 {
		for _, e := range l.entries[:over] {
			if e.Time.Equal(l.cleared[e.Token]) {
				delete(l.cleared, e.Token)
			}
		}
		l.entries = append([]store.Entry(nil), l.entries[over:]...)
		for range over {
			l.dropped()
		}
	}
}

// clears says whether an entry is that an anomaly as a whole is benign.
func clears(e store.Entry) bool {
	return e.Kind == store.EntryFeedback && text(e.Attributes, otelattr.FeedbackVerdict) == "benign" && text(e.Attributes, otelattr.FeedbackFacet) == ""
}
