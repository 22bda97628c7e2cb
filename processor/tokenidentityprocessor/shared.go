package tokenidentityprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor"
)

// The Collector builds one node for each pipeline that a component stands in. All nodes of one component share one engine:
// created with the first, started once, closed with the last.

// factory holds the engines of the components that it has built.
type factory struct {
	mu     sync.Mutex
	shared map[sharedKey]*shared
}

// sharedKey tells components apart, and a component from itself before its configuration was reloaded.
type sharedKey struct {
	id  component.ID
	cfg *Config
}

type shared struct {
	engine *engine

	mu      sync.Mutex
	nodes   int
	started bool
	err     error
}

// node is one node's share of an engine.
type node struct {
	*shared
	leave func() (last bool)
	once  sync.Once
}

// join gives a node its share of the component's engine.
func (f *factory) join(set processor.Settings, cfg *Config) (*node, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := sharedKey{set.ID, cfg}
	s := f.shared[key]
	if s == nil {
		e, err := newEngine(set, cfg)
		if err != nil {
			return nil, err
		}
		s = &shared{engine: e}
		f.shared[key] = s
	}
	s.nodes++
	return &node{shared: s, leave: func() bool { return f.leave(key, s) }}, nil
}

func (f *factory) leave(key sharedKey, s *shared) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.nodes--; s.nodes > 0 {
		return false
	}
	if f.shared[key] == s {
		delete(f.shared, key)
	}
	return true
}

func (n *node) start(ctx context.Context, host component.Host) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.engine.health.join(host)
	if !n.started {
		n.started = true
		n.err = n.engine.start(ctx, host)
	}
	return n.err
}

// shutdown is safe without start, and twice.
func (n *node) shutdown(ctx context.Context) (err error) {
	n.once.Do(func() {
		if n.leave() {
			err = n.engine.shutdown(ctx)
		}
	})
	return err
}
