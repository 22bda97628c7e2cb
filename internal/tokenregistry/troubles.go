package tokenregistry

import (
	"errors"
	"maps"
	"slices"
	"sync"
)

// troubles is everything that is off, each under its own name: that one thing is well again says nothing of the others.
type troubles struct {
	health Health

	mu  sync.Mutex
	off map[string]error
}

// trouble says that something is off.
func (t *troubles) trouble(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.off == nil {
		t.off = make(map[string]error)
	}
	t.off[what] = err
	t.tell()
}

// well says that it no longer is.
func (t *troubles) well(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, off := t.off[what]; off {
		delete(t.off, what)
		t.tell()
	}
}

func (t *troubles) tell() {
	errs := make([]error, 0, len(t.off))
	for _, what := range slices.Sorted(maps.Keys(t.off)) {
		errs = append(errs, t.off[what])
	}
	switch len(errs) {
	case 0:
		t.health.Well()
	case 1:
		t.health.Trouble(errs[0])
	default:
		t.health.Trouble(errors.Join(errs...))
	}
}
