package tokenresponseexporter

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// health reports what is off, and that nothing is off any more.
type health struct {
	mu       sync.Mutex
	host     component.Host
	problems map[string]error
}

func (h *health) begin(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.host, h.problems = host, make(map[string]error)
}

func (h *health) set(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems[what] = err
	h.report()
}

func (h *health) clear(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.problems[what]; !ok {
		return
	}
	delete(h.problems, what)
	h.report()
}

func (h *health) report() {
	if len(h.problems) == 0 {
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	var all []error
	for _, what := range slices.Sorted(maps.Keys(h.problems)) {
		all = append(all, h.problems[what])
	}
	componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(errors.Join(all...)))
}

// topic is one thing that can be off by itself.
type topic struct {
	*health
	name string
}

// about is the health of one thing.
func (h *health) about(name string) topic { return topic{h, name} }

// Trouble says that something is off while telemetry flows on.
func (t topic) Trouble(err error) { t.set(t.name, err) }

// Well says that what was off is over.
func (t topic) Well() { t.clear(t.name) }
