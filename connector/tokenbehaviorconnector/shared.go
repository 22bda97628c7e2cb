package tokenbehaviorconnector

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
)

// The Collector makes one node for each (input signal, output signal) of a token_behavior. They share one runtime. A
// restart within the process makes a new configuration, and so a new runtime: nothing of an earlier service is found again.
var shared = struct {
	sync.Mutex
	runtimes map[sharedKey]*runtime
}{runtimes: make(map[sharedKey]*runtime)}

type sharedKey struct {
	id     component.ID
	config *Config
}

// runtimeOf returns the runtime of a component, to which a node is added.
func runtimeOf(set connector.Settings, config *Config) (*runtime, error) {
	shared.Lock()
	defer shared.Unlock()
	key := sharedKey{set.ID, config}
	r, ok := shared.runtimes[key]
	if !ok {
		var err error
		if r, err = newRuntime(set, config); err != nil {
			return nil, err
		}
		shared.runtimes[key] = r
	}
	r.nodes++
	return r, nil
}

// leave takes a node away; true if it was the last one.
func (r *runtime) leave() bool {
	shared.Lock()
	defer shared.Unlock()
	if r.nodes--; r.nodes > 0 {
		return false
	}
	delete(shared.runtimes, sharedKey{r.id, r.config})
	return true
}
