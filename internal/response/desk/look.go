package desk

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

// Look is an act and its incident as messages tell of them, for who is about to decide; false: there is no such act.
func (d *Desk) Look(act string, now time.Time) (response.Event, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.book.OfAct(act)
	if i == nil {
		return response.Event{}, false
	}
	a := i.Act(act)
	if a == nil {
		return response.Event{}, false
	}
	t := &turn{Desk: d, now: now}
	return t.event(&told{incident: i, act: a, severity: i.Severity}), true
}

// Letters calls visit for every delivery that came to no good end, the oldest first.
func (d *Desk) Letters(ctx context.Context, visit func(outbox.Letter)) error {
	return d.out.Letters(ctx, func(l outbox.Letter) {
		if l.State == response.Dead || l.State == response.Unknown {
			visit(l)
		}
	})
}
