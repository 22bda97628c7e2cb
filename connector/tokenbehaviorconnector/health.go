package tokenbehaviorconnector

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

var errPanicked = errors.New("panicked")

func asError(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return fmt.Errorf("%v", p)
}

// fault is something that can be off while telemetry goes on.
type fault string

const (
	faultJournal  fault = "the journal: a crash would forget what was learned meanwhile"
	faultSnapshot fault = "saving the state: the journal grows"
	faultState    fault = "reading the state: everything is in memory only, and the state that was found is left alone"
	faultLearning fault = "learning: requests are counted only"
	faultCounting fault = "counting: usage metrics are too low"
	faultForeign  fault = "learning from tokens that are named under another identity key: they are left out"
	faultBusy     fault = "keeping up: some requests were not counted"
)

// faultDelivery is about what one pipeline refuses.
func faultDelivery(what, pipe string) fault {
	return fault("delivering " + what + " to " + pipe + ": they wait")
}

// repeatEvery is how often a fault that stays is logged again.
const repeatEvery = time.Minute

// health says what is off, in the component's status and in the log.
type health struct {
	logger *zap.Logger

	mu     sync.Mutex
	hosts  map[*node]component.Host
	faults map[fault]*offState
}

type offState struct {
	status *componentstatus.Event
	logged time.Time
	count  int // since it was logged
}

func newHealth(logger *zap.Logger) *health {
	return &health{logger: logger, hosts: map[*node]component.Host{}, faults: map[fault]*offState{}}
}

// attach lets a node's status tell what is off, which may be so already: the first node reads the state for all.
func (h *health) attach(n *node, host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts[n] = host
	for _, state := range h.faults {
		componentstatus.ReportStatus(host, state.status)
	}
}

func (h *health) detach(n *node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.hosts, n)
}

// fail says that something is off.
func (h *health) fail(what fault, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	state, known := h.faults[what]
	if !known {
		state = &offState{status: componentstatus.NewRecoverableErrorEvent(fmt.Errorf("%s: %w", what, err))}
		h.faults[what] = state
		h.report(state.status)
	}
	state.count++
	if now := time.Now(); now.Sub(state.logged) >= repeatEvery {
		h.logger.Warn("off: "+string(what), zap.Error(err), zap.Int("times", state.count))
		state.logged, state.count = now, 0
	}
}

// recovered says that it works again.
func (h *health) recovered(what fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.faults[what]; !known {
		return
	}
	delete(h.faults, what)
	h.logger.Info("on again: " + string(what))
	if len(h.faults) == 0 {
		h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (h *health) report(event *componentstatus.Event) {
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, event)
	}
}
