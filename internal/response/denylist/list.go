package denylist

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// List is the set of entries. Safe for concurrent use.
type List struct {
	limit int
	count atomic.Int64 // of entries, so that an empty list costs one look
	full  atomic.Int64 // entries that found no place

	mu      sync.RWMutex
	entries [buckets]map[string][]*Entry // by token; neither entries nor slices are changed once they are in
	version [sumSize]byte                // of what the list says, whatever the order in which it came
	page    *Page                        // as it was asked for last; nil: it changed since
	changed chan struct{}                // closed by the next change
	dirty   [buckets]bool
	trouble error // why it is not known what was in the list before the process began; nil: it is

	saving sync.Mutex
}

// ErrFull says that an entry found no place.
var ErrFull = errors.New("the deny list is full: raise deny_list::max_entries, or undo what is over")

// New is a list of at most so many entries. An entry that is over leaves it; one that counts never makes way for another: what was
// locked stays locked.
func New(limit int) *List {
	l := &List{limit: limit, changed: make(chan struct{})}
	for i := range l.entries {
		l.entries[i] = make(map[string][]*Entry)
	}
	return l
}

// Len is how many entries there are.
func (l *List) Len() int { return int(l.count.Load()) }

// Full is how many entries found no place, since the last call.
func (l *List) Full() int64 { return l.full.Swap(0) }

// Put adds an entry, or changes that of the same token and act, which keeps the time since when it counts.
func (l *List) Put(e Entry, now time.Time) error {
	if e.Grant != nil {
		grant := *e.Grant
		if err := grant.compile(); err != nil {
			return err
		}
		e.Grant = &grant
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.find(e.Token, e.Act); i >= 0 {
		before := l.under(e.Token)[i]
		if e.Since = before.Since; e.same(before) {
			return nil
		}
		l.remove(e.Token, i)
	} else if l.Len() >= l.limit {
		l.sweep(now)
		if l.Len() >= l.limit {
			l.full.Add(1)
			return ErrFull
		}
	}
	l.add(&e)
	l.tell()
	return nil
}

// Remove takes away what an act put in; it says whether it was there.
func (l *List) Remove(token, act string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(token, act)
	if i < 0 {
		return false
	}
	l.remove(token, i)
	l.tell()
	return true
}

// Holds is the entry of an act upon a token, nil if there is none that counts.
func (l *List) Holds(token, act string, now time.Time) *Entry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i := l.find(token, act); i >= 0 && !l.under(token)[i].over(now) {
		return l.under(token)[i]
	}
	return nil
}

// Sweep lets go of what is over, and says how many entries that were.
func (l *List) Sweep(now time.Time) (gone int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gone = l.sweep(now); gone > 0 {
		l.tell()
	}
	return gone
}

// of are the entries of a token. They must not be changed.
func (l *List) of(token string) []*Entry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.under(token)
}

// Count is how many entries there are of each action.
func (l *List) Count() map[response.Action]int {
	counts := make(map[response.Action]int)
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i := range l.entries {
		for _, entries := range l.entries[i] {
			for _, e := range entries {
				counts[e.Action]++
			}
		}
	}
	return counts
}

// under are the entries of a token.
func (l *List) under(token string) []*Entry { return l.entries[bucketOf(token)][token] }

// find is where in its token's entries that of an act stands, -1 if nowhere.
func (l *List) find(token, act string) int {
	return slices.IndexFunc(l.under(token), func(e *Entry) bool { return e.Act == act })
}

// add puts an entry in. Whoever reads keeps the slice as it was.
func (l *List) add(e *Entry) {
	entries := l.under(e.Token)
	l.entries[bucketOf(e.Token)][e.Token] = append(entries[:len(entries):len(entries)], e)
	l.count.Add(1)
	l.touch(e)
}

func (l *List) remove(token string, i int) {
	part := l.entries[bucketOf(token)]
	entries := part[token]
	e := entries[i]
	if len(entries) == 1 {
		delete(part, token)
	} else {
		part[token] = slices.Delete(slices.Clone(entries), i, i+1)
	}
	l.count.Add(-1)
	l.touch(e)
}

func (l *List) sweep(now time.Time) (gone int) {
	for _, part := range l.entries {
		for token, entries := range part {
			for i := len(entries) - 1; i >= 0; i-- {
				if entries[i].over(now) {
					l.remove(token, i)
					gone++
				}
			}
		}
	}
	return gone
}

// touch notes that an entry came or went.
func (l *List) touch(e *Entry) {
	l.dirty[bucketOf(e.Token)] = true
	for i, b := range e.sum() {
		l.version[i] ^= b
	}
}

// tell wakes those who wait for a change.
func (l *List) tell() {
	l.page = nil
	close(l.changed)
	l.changed = make(chan struct{})
}
