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
