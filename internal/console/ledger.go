package console

import (
	"context"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// ledger is what was said and decided of tokens, the latest of it, by token: the journal itself is only read from front to back.
type ledger struct {
	most    int
	dropped func()

	mu      sync.RWMutex
	entries []store.Entry // in their order
	upTo    uint64
}

func newLedger(most int, dropped func()) *ledger { return &ledger{most: most, dropped: dropped} }

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
	l.entries, l.upTo = nil, 0
}

// follow reads the journal until the context ends.
func (l *ledger) follow(ctx context.Context, s store.Store, trouble func(string, error)) {
	for ctx.Err() == nil {
		more := s.Appended()
		if err := l.read(ctx, s); err != nil && ctx.Err() == nil {
			trouble("read the journal", err)
		}
		select {
		case <-ctx.Done():
		case <-more:
		case <-time.After(10 * time.Second): // an erasure appends nothing, and what failed is tried again
		}
	}
}

// read takes in what is new.
func (l *ledger) read(ctx context.Context, s store.Store) error {
	const page = 1000
	for {
		l.mu.RLock()
		after := l.upTo
		l.mu.RUnlock()
		entries, err := s.Journal(ctx, after, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		l.add(after, entries)
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
		if e.Token != "" && e.Kind != store.EntryAudit {
			l.entries = append(l.entries, e)
		}
	}
	if over := len(l.entries) - l.most; over > 0 {
		l.entries = append([]store.Entry(nil), l.entries[over:]...)
		for range over {
			l.dropped()
		}
	}
}
