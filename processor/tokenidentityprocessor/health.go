package tokenidentityprocessor

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// health tells every node's host how the engine is.
type health struct {
	mu       sync.Mutex
	hosts    []component.Host
	troubles map[string]error // by topic
}

// topic is one thing that can be off by itself.
type topic struct {
	*health
	name string
}

// about is the health of one thing.
func (h *health) about(name string) topic { return topic{h, name} }

// join tells another host from now on, and at once if something is wrong.
func (h *health) join(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts = append(h.hosts, host)
	if err := h.trouble(); err != nil {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

// trouble is everything that is off, in the order of the topics.
func (h *health) trouble() error {
	errs := make([]error, 0, len(h.troubles))
	for _, name := range slices.Sorted(maps.Keys(h.troubles)) {
		errs = append(errs, h.troubles[name])
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// Trouble says that something is off while telemetry flows on.
func (t topic) Trouble(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.troubles == nil {
		t.troubles = make(map[string]error)
	}
	t.troubles[t.name] = err
	t.report()
}

// Well says that what was off is over.
func (t topic) Well() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, off := t.troubles[t.name]; off {
		delete(t.troubles, t.name)
		t.report()
	}
}

func (h *health) report() {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err := h.trouble(); err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, event)
	}
}
