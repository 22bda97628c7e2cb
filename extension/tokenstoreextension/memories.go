package tokenstoreextension

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
)

// forgetWithin is how long a component may take to forget.
const forgetWithin = time.Minute

// memories are the components that remember something of tokens beside the store. Each is told of every erasure. Notes of erasures stay in the
// store until all have forgotten: whom a command has erased while no Collector ran is forgotten after the next start.
type memories struct {
	telling sync.Mutex // by one at a time

	mu    sync.Mutex
	all   []*memory
	ready bool          // all components have started
	news  chan struct{} // somebody has joined
}

// memory is one of them.
type memory struct {
	name   string
	forget tokenstore.Forget
	last   bool   // it is told when the others have been
	told   uint64 // up to this sequence; guarded by telling
}

// join has a component told from now on, and soon of what has gone before.
func (m *memories) join(one *memory) (stop func()) {
	m.mu.Lock()
	m.all = append(m.all, one)
	m.mu.Unlock()
	m.wake()
	return func() {
		m.mu.Lock()
		m.all = slices.DeleteFunc(m.all, func(other *memory) bool { return other == one })
		m.mu.Unlock()
		m.telling.Lock() // nobody is telling it any more
		defer m.telling.Unlock()
	}
}

// whole notes that nobody is missing.
func (m *memories) whole() {
	m.mu.Lock()
	m.ready = true
	m.mu.Unlock()
	m.wake()
}

func (m *memories) wake() {
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// tell tells all of them what they have not been told, the last ones at the end, and says who has forgotten all of it and who has not.
func (m *memories) tell(ctx context.Context, s store.Store) (reached, missed []string, err error) {
	m.telling.Lock()
	defer m.telling.Unlock()
	notes, err := s.Untold(ctx)
	if err != nil || len(notes) == 0 {
		return nil, nil, err
	}
	m.mu.Lock()
	all, ready := slices.Clone(m.all), m.ready
	m.mu.Unlock()
	failed := make([]error, len(all))
	for _, last := range []bool{false, true} {
		var group sync.WaitGroup
		for i, one := range all {
			if one.last == last {
				group.Go(func() { failed[i] = one.tell(ctx, notes) })
			}
		}
		group.Wait()
	}
	for i, one := range all {
		if failed[i] != nil {
			missed = append(missed, fmt.Sprintf("%s: %v", one.name, failed[i]))
		} else if !slices.Contains(reached, one.name) {
			reached = append(reached, one.name)
		}
	}
	slices.SortFunc(reached, strings.Compare)
	if ready && len(missed) == 0 {
		err = s.Told(ctx, notes[len(notes)-1].Sequence)
	}
	return reached, missed, err
}

func (o *memory) tell(ctx context.Context, notes []store.Forgetting) error {
	ctx, stop := context.WithTimeout(ctx, forgetWithin)
	defer stop()
	for _, note := range notes {
		if note.Sequence <= o.told {
			continue
		}
		if err := o.forget(ctx, note); err != nil {
			return err
		}
		o.told = note.Sequence
	}
	return nil
}
