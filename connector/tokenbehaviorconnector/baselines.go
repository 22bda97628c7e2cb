package tokenbehaviorconnector

import (
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
)

// After a day has ended what was learned of its tokens is told, some at a time: a thousand a second.
const (
	baselinesPace   = 50 * time.Millisecond
	baselinesAtOnce = 50
	baselinesShare  = 10 // of the outbox: when that much of it is taken they wait, so that they push no anomaly out
)

// tell hands over events, and beside each what had been learned of the token.
func (w *worker) tell(events []anomaly.Event) {
	w.events.put(events)
	if len(events) == 0 || !w.events.tellsBaselines() {
		return
	}
	for i := range events {
		if l := w.learner.life(&events[i].Token); l != nil {
			w.events.putBaseline(l, &events[i])
		}
	}
}

// tellLives goes on to tell what was learned on the day that ended last.
func (w *worker) tellLives() {
	if w.events.waiting() >= max(1, w.events.limit/baselinesShare) {
		return
	}
	w.learner.lives(baselinesAtOnce, func(l *behavior.Life) { w.events.putBaseline(l, nil) })
}

// pace ticks while there may be lives to tell; never where nobody wants them.
func (w *worker) pace() (ticks <-chan time.Time, stop func()) {
	if !w.events.tellsBaselines() {
		return nil, func() {}
	}
	ticker := time.NewTicker(baselinesPace)
	return ticker.C, ticker.Stop
}

// life is what has been learned of a token, nil if nothing.
func (l *learner) life(t *anomaly.Token) (life *behavior.Life) {
	defer func() {
		if recover() != nil {
			life = nil
		}
	}()
	if t.ID == "" {
		return nil
	}
	return l.engine.Life(t.ID, t.Outbound)
}

// lives tells some of the lives of the day that ended last. A token that cannot be read is passed over.
func (l *learner) lives(most int, visit func(*behavior.Life)) {
	defer func() { _ = recover() }()
	l.engine.Lives(most, visit)
}
