package response

import "time"

// Pace slows a target down while it says that it is overloaded, or cannot be reached: the gap between two requests doubles
// with each such answer and vanishes with the first good one. The zero value knows no gap.
type Pace struct {
	gap  time.Duration
	next time.Time
}

const (
	firstGap = 500 * time.Millisecond
	maxGap   = 30 * time.Second
)

// Free is the earliest time for the next request.
func (p Pace) Free() time.Time { return p.next }

// Sent takes note of a request.
func (p *Pace) Sent(now time.Time) {
	if p.gap > 0 {
		p.next = later(p.next, now.Add(p.gap))
	}
}

// Answered takes note of an answer.
func (p *Pace) Answered(a Answer, now time.Time) {
	switch {
	case a.Busy:
		p.gap = min(max(2*p.gap, firstGap), maxGap)
		p.next = later(p.next, now.Add(max(p.gap, min(a.RetryAfter, maxRetryAfter))))
	case a.Verdict == Done:
		p.gap = 0
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
