package tokenstoreextension

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/store"
)

// What can be off. Each has its end: that one thing is well again says nothing of the others.
const (
	troubleOpening     = "open the store"
	troubleWriting     = "write to the store"
	troubleMaintaining = "look after the store"
)

// repeatEvery is how often what stays off is logged again.
const repeatEvery = time.Minute

// troubles says in health, log and metric what is off, while telemetry flows on.
type troubles struct {
	logger *zap.Logger

	mu   sync.Mutex
	host component.Host
	off  map[string]error
	said map[string]time.Time
}

func newTroubles(logger *zap.Logger) *troubles {
	return &troubles{logger: logger, off: make(map[string]error), said: make(map[string]time.Time)}
}

func (t *troubles) join(host component.Host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.host = host
}

// trouble says that something is off.
func (t *troubles) trouble(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.off[what]
	t.off[what] = err
	if now := time.Now(); now.Sub(t.said[what]) >= repeatEvery {
		t.said[what] = now
		t.logger.Error("cannot "+what+": telemetry goes on, and what waits for the store is tried again", zap.Error(err))
	}
	if !known || before.Error() != err.Error() {
		t.report()
	}
}

// well says that it no longer is.
func (t *troubles) well(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.off[what]; !known {
		return
	}
	delete(t.off, what)
	delete(t.said, what)
	t.logger.Info("can " + what + " again")
	t.report()
}

// failing says whether anything is off.
func (t *troubles) failing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.off) > 0
}

// words say what is off while the store is open, and whether it is because the disk is full.
func (t *troubles) words() (all string, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	words := make([]string, 0, len(t.off))
	for _, what := range slices.Sorted(maps.Keys(t.off)) {
		err := t.off[what]
		if what == troubleOpening {
			continue
		}
		words = append(words, "cannot "+what+": "+err.Error())
		full = full || errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	}
	return strings.Join(words, "; "), full
}

func (t *troubles) report() {
	if t.host == nil {
		return
	}
	if len(t.off) == 0 {
		componentstatus.ReportStatus(t.host, componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	errs := make([]error, 0, len(t.off))
	for _, what := range slices.Sorted(maps.Keys(t.off)) {
		errs = append(errs, t.off[what])
	}
	componentstatus.ReportStatus(t.host, componentstatus.NewRecoverableErrorEvent(errors.Join(errs...)))
}
