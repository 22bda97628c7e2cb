package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// readAtOnce is how many keys are read in one go.
const readAtOnce = 512

// Open reads what the store holds: the outbox, and the deliveries that have not come to an end, oldest first and without
// their bodies. Without a store it starts empty and lives in memory. Records that cannot be read are left alone and told
// in the second error, which does not keep the outbox from working.
func Open(ctx context.Context, store Store, limits Limits, now time.Time) (*Outbox, []*response.Delivery, error) {
	o := &Outbox{
		limits: limits,
		log:    backlog{store: store, limit: limits.Memory, alarm: make(chan struct{}, 1)},
		live:   make(map[uint64]struct{}),
	}
	m := meta{}
	values, err := o.log.get(ctx, metaKey)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the outbox: %w", err)
	}
	var damage []error
	if values[0] != nil {
		if err := decode(values[0], &m); err != nil || !m.sound() {
			// Numbers that no earlier process can have used: what it wrote stays as it is, and is not overwritten.
			fresh := uint64(now.UnixNano())
			m = meta{Low: fresh, High: fresh, Seen: span{fresh, fresh}, Dead: span{fresh, fresh}, Acts: span{fresh, fresh}}
			damage = append(damage, fmt.Errorf("the table of contents cannot be read, starting with an empty outbox: %w", orUnsound(err)))
		}
	}
	o.low, o.high = m.Low, m.High
	o.seen = newSeen(limits.Seen, limits.SeenFor, m.Seen.Low)
	o.dead = newRing(deadPrefix, limits.DeadLetters, m.Dead.Low)
	o.acts = newRing(actPrefix, limits.Acts, m.Acts.Low)

	steps := []func(context.Context, span) ([]error, error){o.loadSeen, o.loadDead, o.loadActs}
	for i, s := range []span{m.Seen, m.Dead, m.Acts} {
		broken, err := steps[i](ctx, s)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the outbox: %w", err)
		}
		damage = append(damage, broken...)
	}
	deliveries, broken, err := o.loadDeliveries(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return o, deliveries, errors.Join(append(damage, broken...)...)
}

// maxSpan is more than any outbox can come to hold; a wider one is damage.
const maxSpan = 1 << 26

func (m meta) sound() bool {
	for _, s := range []span{{m.Low, m.High}, m.Seen, m.Dead, m.Acts} {
		if s.High < s.Low || s.High-s.Low > maxSpan {
			return false
		}
	}
	return true
}

func orUnsound(err error) error {
	if err == nil {
		return errors.New("numbers out of range")
	}
	return err
}

// each reads a span of keys in portions.
func (o *Outbox) each(ctx context.Context, prefix string, s span, visit func(n uint64, value []byte)) error {
	for from := s.Low; from < s.High; from += readAtOnce {
		to := min(from+readAtOnce, s.High)
		keys := make([]string, 0, to-from)
		for n := from; n < to; n++ {
			keys = append(keys, key(prefix, n))
		}
		values, err := o.log.get(ctx, keys...)
		if err != nil {
			return err
		}
		for i, value := range values {
			visit(from+uint64(i), value)
		}
	}
	return nil
}

func (o *Outbox) loadSeen(ctx context.Context, s span) (damage []error, err error) {
	err = o.each(ctx, seenPrefix, s, func(n uint64, value []byte) {
		p, broken := decodePage(value)
		if broken != nil {
			damage = append(damage, fmt.Errorf("remembered anomalies, page %d: %w", n, broken))
		}
		o.seen.load(p)
	})
	return damage, err
}

func (o *Outbox) loadDead(ctx context.Context, s span) ([]error, error) {
	return o.loadRing(ctx, o.dead, s)
}

func (o *Outbox) loadActs(ctx context.Context, s span) ([]error, error) {
	return o.loadRing(ctx, o.acts, s)
}

func (o *Outbox) loadRing(ctx context.Context, r *ring, s span) (damage []error, err error) {
	err = o.each(ctx, r.prefix, s, func(n uint64, value []byte) {
		if value == nil { // it was sent again
			r.note("")
			return
		}
		l, broken := decodeLetter(value)
		if broken != nil {
			damage = append(damage, fmt.Errorf("kept %s letter %d: %w", r.prefix, n, broken))
		}
		r.note(l.Target)
	})
	return damage, err
}

func (o *Outbox) loadDeliveries(ctx context.Context) (deliveries []*response.Delivery, damage []error, err error) {
	bySeq := make(map[uint64]*response.Delivery)
	all := span{o.low, o.high}
	err = o.each(ctx, deliveryPrefix, all, func(n uint64, value []byte) {
		if value == nil {
			return
		}
		o.live[n] = struct{}{}
		d, broken := decodeDelivery(value)
		if broken != nil {
			damage = append(damage, fmt.Errorf("delivery %d: %w", n, broken))
			return
		}
		d.Seq, d.Body = n, nil
		deliveries = append(deliveries, d)
		bySeq[n] = d
		if id := identify(d.ID, d.Target); !o.seen.has(id) {
			o.seen.ids[id]++
		}
	})
	if err != nil {
		return nil, nil, err
	}
	err = o.each(ctx, progressPrefix, all, func(n uint64, value []byte) {
		d := bySeq[n]
		if value == nil || d == nil {
			return
		}
		p, broken := decodeProgress(value)
		if broken != nil {
			// What cannot be read may have been sent.
			damage = append(damage, fmt.Errorf("progress of delivery %d: %w", n, broken))
			p = response.Progress{State: response.Sending, Due: d.Due}
		}
		d.Progress = p
	})
	return deliveries, damage, err
}
