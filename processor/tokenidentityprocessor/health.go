package tokenidentityprocessor

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// health tells every node's host how the engine is.
type health struct {
	mu    sync.Mutex
	hosts []component.Host
	err   error
}

// join tells another host from now on, and at once if something is wrong.
func (h *health) join(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts = append(h.hosts, host)
	if h.err != nil {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(h.err))
	}
}

// Trouble says that something is off while telemetry flows on.
func (h *health) Trouble(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

// Well says that what was off is over.
func (h *health) Well() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		return
	}
	h.err = nil
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
