package outbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

var errDisk = errors.New("no space left on device")

// disk is a store in memory that can be told to refuse.
type disk struct {
	mu     sync.Mutex
	values map[string][]byte
	full   bool
	broken bool // reads fail too
	writes int
}

func newDisk() *disk { return &disk{values: make(map[string][]byte)} }

func (d *disk) Get(_ context.Context, keys ...string) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return nil, errDisk
	}
	values := make([][]byte, len(keys))
	for i, k := range keys {
		values[i] = slices.Clone(d.values[k])
	}
	return values, nil
}

func (d *disk) Apply(_ context.Context, changes ...Change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errDisk
	}
	d.writes++
	for _, c := range changes {
		if c.Value == nil {
			delete(d.values, c.Key)
		} else {
			d.values[c.Key] = slices.Clone(c.Value)
		}
	}
	return nil
}

func (d *disk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// snapshot is what a process that starts now would find.
func (d *disk) snapshot() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &disk{values: maps.Clone(d.values)}
}
