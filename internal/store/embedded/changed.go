package embedded

import (
	"sync"
	"time"
)

// pause is the least time between two signals.
const pause = 100 * time.Millisecond

// signal tells all who wait that something changed.
type signal struct {
	mu      sync.Mutex
	ch      chan struct{}
	last    time.Time
	waiting *time.Timer
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

// notify tells at once, unless it has just done so.
func (s *signal) notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		return
	}
	if left := pause - time.Since(s.last); left > 0 {
		s.waiting = time.AfterFunc(left, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waiting = nil
			s.tell()
		})
		return
	}
	s.tell()
}

// now tells, however long ago it last did.
func (s *signal) now() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
}

func (s *signal) tell() {
	s.last = time.Now()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// stop lets go of the timer.
func (s *signal) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		s.waiting.Stop()
	}
}
