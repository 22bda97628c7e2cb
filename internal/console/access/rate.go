package access

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bounds how often each of many may do something. The zero value, and nil, let everybody do everything.
type Rates struct {
	Each  rate.Limit // a second; 0: no bound
	Burst int
	Keys  int // how many are told apart; then the oldest are forgotten

	mu   sync.Mutex
	held map[string]*bucket
}

type bucket struct {
	limiter *rate.Limiter
	used    time.Time
}

// Take says whether one may, and if not in how long.
func (r *Rates) Take(key string, now time.Time) (wait time.Duration, ok bool) {
	if r == nil || r.Each <= 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.held[key]
	if b == nil {
		r.makeRoom()
		b = &bucket{limiter: rate.NewLimiter(r.Each, r.Burst)}
		r.held[key] = b
	}
	b.used = now
	reservation := b.limiter.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); !reservation.OK() || wait > 0 {
		reservation.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// makeRoom forgets who has not been seen for longest.
func (r *Rates) makeRoom() {
	if r.held == nil {
		r.held = map[string]*bucket{}
	}
	if len(r.held) < max(r.Keys, 1) {
		return
	}
	oldest, since := "", time.Time{}
	for key, b := range r.held {
		if oldest == "" || b.used.Before(since) {
			oldest, since = key, b.used
		}
	}
	delete(r.held, oldest)
}
