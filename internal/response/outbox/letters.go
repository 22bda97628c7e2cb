package outbox

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Letter is a delivery that has come to an end, and its message.
type Letter struct {
	response.Delivery
	Ended time.Time

	place uint64 // among the dead letters
}

// Letters calls visit for every dead letter, then for every kept act, oldest first.
func (o *Outbox) Letters(ctx context.Context, visit func(Letter)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range []*ring{o.dead, o.acts} {
		err := o.each(ctx, r.prefix, r.span(), func(_ uint64, value []byte) {
			if l, err := decodeLetter(value); err == nil {
				visit(l)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Find returns the dead letters with an id, of one target or, without a name, of all.
func (o *Outbox) Find(ctx context.Context, id, target string) (found []Letter, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.each(ctx, o.dead.prefix, o.dead.span(), func(place uint64, value []byte) {
		l, err := decodeLetter(value)
		if err != nil || l.ID != id || target != "" && l.Target != target {
			return
		}
		l.place = place
		found = append(found, l)
	})
	return found, err
}

// revive makes a dead letter a delivery again.
func (o *Outbox) revive(l Letter, now time.Time) (d *response.Delivery, change Change, ok bool) {
	if !o.dead.remove(l.place) {
		return nil, Change{}, false
	}
	again := l.Delivery
	again.Arrived, again.Progress = now, response.Progress{Due: now, Doubt: l.Doubt}
	return &again, Change{Key: key(deadPrefix, l.place)}, true
}
