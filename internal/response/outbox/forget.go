package outbox

import (
	"context"
	"fmt"
	"time"
)

// Forget takes out what tells of somebody: dead letters, what is kept of acts, and the messages of deliveries that wait, which come to an end
// without them when it is their turn. An error says that it is not so in the store yet.
func (o *Outbox) Forget(ctx context.Context, now time.Time, tells func(stored []byte) bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var changes []Change
	err := o.each(ctx, deliveryPrefix, span{o.low, o.high}, func(n uint64, value []byte) {
		if value != nil && tells(value) {
			changes = append(changes, Change{Key: key(deliveryPrefix, n)}, Change{Key: key(progressPrefix, n)})
		}
	})
	for _, r := range []*ring{o.dead, o.acts} {
		if err != nil {
			break
		}
		err = o.each(ctx, r.prefix, r.span(), func(n uint64, value []byte) {
			if value != nil && tells(value) && r.remove(n) {
				changes = append(changes, Change{Key: key(r.prefix, n)})
			}
		})
	}
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	_ = o.log.apply(ctx, now, true, append(changes, o.meta())...) // it must; the error stays
	return o.log.err
}
