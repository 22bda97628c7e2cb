package outbox

import (
	"context"
	"errors"
	"time"
)

// ErrFull says that neither the store nor memory has room.
var ErrFull = errors.New("outbox is full: the storage refuses to write and the memory limit is reached")

// retryStore is how long a store that refused a write is left alone.
const retryStore = time.Second

// backlog is a store with a memory: changes that the store refuses are held, answered from, and written with the next
// change that it accepts. Without a store everything is held.
type backlog struct {
	store Store
	limit int // bytes that may be held

	held    map[string][]byte // nil value: a deletion that is still to be done
	size    int
	err     error // why the store refused last, nil while it writes
	retryAt time.Time
	alarm   chan struct{} // gets something when the store begins to refuse
}

// get reads keys, what is held first.
func (b *backlog) get(ctx context.Context, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var missing []string
	var places []int
	for i, key := range keys {
		if value, ok := b.held[key]; ok {
			values[i] = value
			continue
		}
		missing, places = append(missing, key), append(places, i)
	}
	if b.store == nil || len(missing) == 0 {
		return values, nil
	}
	found, err := b.store.Get(ctx, missing...)
	if err != nil {
		return nil, err
	}
	for i, value := range found {
		values[places[i]] = value
	}
	return values, nil
}

// apply writes the changes, or holds them. It fails only with ErrFull, and never if must is set: then nothing has changed.
func (b *backlog) apply(ctx context.Context, now time.Time, must bool, changes ...Change) error {
	if b.write(ctx, now, changes) {
		return nil
	}
	grown := b.size
	for _, c := range changes {
		grown += len(c.Value) - len(b.held[c.Key])
	}
	if grown > b.limit && !must {
		return ErrFull
	}
	if b.held == nil {
		b.held = make(map[string][]byte)
	}
	for _, c := range changes {
		b.size += len(c.Value) - len(b.held[c.Key])
		if c.Value == nil && b.store == nil {
			delete(b.held, c.Key)
			continue
		}
		b.held[c.Key] = c.Value
	}
	return nil
}

// write tries to bring everything that is held, and the changes, to the store.
func (b *backlog) write(ctx context.Context, now time.Time, changes []Change) bool {
	if b.store == nil || b.err != nil && now.Before(b.retryAt) {
		return false
	}
	if len(b.held) > 0 {
		all := make([]Change, 0, len(b.held)+len(changes))
		for key, value := range b.held {
			all = append(all, Change{key, value})
		}
		changes = append(all, changes...)
	}
	if len(changes) == 0 {
		b.err = nil
		return true
	}
	if b.err = b.store.Apply(ctx, changes...); b.err != nil {
		b.retryAt = now.Add(retryStore)
		select {
		case b.alarm <- struct{}{}:
		default:
		}
		return false
	}
	b.held, b.size = nil, 0
	return true
}

// volatile says whether the key's value is in memory only.
func (b *backlog) volatile(key string) bool {
	value, ok := b.held[key]
	return ok && value != nil
}
