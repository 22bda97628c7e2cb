package denylist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/holterhq/holter/internal/response/outbox"
)

// buckets are the parts that the list is kept in, each under a key of its own: a change writes one of them.
const buckets = 256

func bucketOf(token string) int {
	h := uint32(2166136261) // FNV-1a
	for i := range len(token) {
		h = (h ^ uint32(token[i])) * 16777619
	}
	return int((h ^ h>>16) % buckets)
}

func bucketKey(i int) string { return fmt.Sprintf("deny_list/%02x", i) }

// ErrDamaged says that a part of what is kept cannot be understood.
var ErrDamaged = errors.New("a part of the deny list cannot be read: tokens that stood in it are let through again")

// Load adds what a store has kept. Until it has worked, the list does not know whom it ought to refuse, and Trouble says so. An
// ErrDamaged is final: the rest is in force.
func (l *List) Load(ctx context.Context, store outbox.Store) error {
	keys := make([]string, buckets)
	for i := range keys {
		keys[i] = bucketKey(i)
	}
	values, err := store.Get(ctx, keys...)
	if err != nil {
		err = fmt.Errorf("read the deny list from storage: %w", err)
		l.Doubt(err)
		return err
	}
	var damage error
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, value := range values {
		var entries []*Entry
		if err := decode(value, &entries); err != nil {
			damage = fmt.Errorf("%w: %s: %w", ErrDamaged, keys[i], err)
		}
		dirty := l.dirty[i]
		for _, e := range entries {
			if l.find(e.Token, e.Act) < 0 { // what came since the start is newer
				l.add(e)
			}
		}
		l.dirty[i] = dirty
	}
	l.trouble = nil
	l.tell()
	return damage
}

func decode(value []byte, into *[]*Entry) error {
	if len(value) == 0 {
		return nil
	}
	var all []*Entry
	if err := json.Unmarshal(value, &all); err != nil {
		return err
	}
	for _, e := range all {
		if e == nil || e.Token == "" {
			return errors.New("an entry without a token")
		}
		if e.Grant != nil {
			if err := e.Grant.compile(); err != nil {
				return err
			}
		}
	}
	*into = all
	return nil
}

// Doubt says why the list does not know whom it ought to refuse.
func (l *List) Doubt(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
}

// Trouble is why the list does not know whom it ought to refuse; nil: it knows.
func (l *List) Trouble() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.trouble
}

// Save keeps what has changed. What could not be kept is tried again the next time.
func (l *List) Save(ctx context.Context, store outbox.Store) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	changes, saved, err := l.unsaved()
	if err != nil || len(changes) == 0 {
		return err
	}
	if err := store.Apply(ctx, changes...); err != nil {
		l.mu.Lock()
		for _, i := range saved {
			l.dirty[i] = true
		}
		l.mu.Unlock()
		return fmt.Errorf("keep the deny list in storage: %w", err)
	}
	return nil
}

// unsaved are the parts that have changed, which count as saved from now on.
func (l *List) unsaved() (changes []outbox.Change, saved []int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble != nil {
		return nil, nil, l.trouble // what is kept has to be read before it is written over
	}
	for i, dirty := range l.dirty {
		if !dirty {
			continue
		}
		var all []*Entry
		for _, entries := range l.entries[i] {
			all = append(all, entries...)
		}
		change := outbox.Change{Key: bucketKey(i)}
		if len(all) > 0 {
			if change.Value, err = json.Marshal(all); err != nil {
				return nil, nil, err
			}
		}
		changes, saved = append(changes, change), append(saved, i)
	}
	l.dirty = [buckets]bool{}
	return changes, saved, nil
}
