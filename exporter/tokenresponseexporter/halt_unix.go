//go:build !windows

package tokenresponseexporter

import (
	"os"
	"os/signal"
	"syscall"
)

// halt hears the signal that stops all acts: SIGUSR1, which the Collector has no use for.
type halt struct{ signals chan os.Signal }

func halting() *halt {
	h := &halt{signals: make(chan os.Signal, 1)}
	signal.Notify(h.signals, syscall.SIGUSR1)
	return h
}

func (h *halt) close() { signal.Stop(h.signals) }
