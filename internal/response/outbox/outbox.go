package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/response"
)

const (
	metaKey        = "meta"
	deliveryPrefix = "delivery"
	progressPrefix = "progress"
	deadPrefix     = "dead"
	actPrefix      = "act"
)

// Limits bound an outbox.
type Limits struct {
	Memory      int           // bytes held while the store refuses, and as many again of messages about to be sent
	Seen        int           // remembered anomalies, counted per target
	SeenFor     time.Duration // how long they are remembered
	DeadLetters int           // kept deliveries that failed
	Acts        int           // kept answers to acts
}

// Outbox keeps deliveries until they have come to an end. Safe for concurrent use.
type Outbox struct {
	limits Limits

	mu        sync.Mutex
	log       backlog
	low, high uint64
	live      map[uint64]struct{}
	seen      *seen
	dead      *ring
	acts      *ring
	hot       int // bytes of bodies that deliveries carry with them
}

// Receipt says what became of deliveries that were handed in.
type Receipt struct {
	Fresh      []*response.Delivery // accepted, with a place in the outbox
	Duplicates []*response.Delivery // accepted before
	Durable    bool                 // Fresh is in the store, not in memory only
	Evicted    int                  // remembered anomalies that were forgotten before their time
}

// Batch is written as a whole or not at all.
type Batch struct {
	Deliveries []*response.Delivery
	// Replay are dead letters, as Find gave them, that are sent again. What has to be written must be.
	Replay []Letter
	// Remember are ids that are Known from now on, for as long as accepted deliveries are.
	Remember []string
	// Changes are of keys that belong to others. They are left out where there is no store.
	Changes []Change
}

// Add accepts deliveries that were not accepted before, all or none: the error is ErrFull.
func (o *Outbox) Add(ctx context.Context, now time.Time, deliveries ...*response.Delivery) (Receipt, error) {
	return o.Commit(ctx, now, false, Batch{Deliveries: deliveries})
}

// Commit accepts deliveries that were not accepted before, and what is to be written with them. It fails only with ErrFull,
// and never if must is set: then nothing has changed.
func (o *Outbox) Commit(ctx context.Context, now time.Time, must bool, batch Batch) (Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.commit(ctx, now, must, batch)
}

// Known says whether an id was remembered.
func (o *Outbox) Known(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen.has(identify(id, ""))
}

// Remembered is when an id was remembered last; false: it was not, or not as long as ids are remembered.
func (o *Outbox) Remembered(id string) (time.Time, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen.since(identify(id, ""))
}

// Read returns the values of keys that belong to others, nil for one that is not there.
func (o *Outbox) Read(ctx context.Context, keys ...string) ([][]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.get(ctx, keys...)
}

func (o *Outbox) commit(ctx context.Context, now time.Time, must bool, more Batch, changes ...Change) (Receipt, error) {
	var (
		r     Receipt
		ids   []identity
		batch = make(map[identity]struct{}, len(more.Deliveries))
	)
	fresh := func(id identity) bool {
		if _, twice := batch[id]; twice || o.seen.has(id) {
			return false
		}
		batch[id] = struct{}{}
		ids = append(ids, id)
		return true
	}
	for _, d := range more.Deliveries {
		if !fresh(identify(d.ID, d.Target)) {
			r.Duplicates = append(r.Duplicates, d)
			continue
		}
		d.Seq = o.high + uint64(len(r.Fresh))
		r.Fresh = append(r.Fresh, d)
		changes = append(changes, Change{key(deliveryPrefix, d.Seq), encodeDelivery(d)})
	}
	for _, letter := range more.Replay {
		if d, change, ok := o.revive(letter, now); ok {
			d.Seq = o.high + uint64(len(r.Fresh))
			r.Fresh = append(r.Fresh, d)
			changes = append(changes, change, Change{key(deliveryPrefix, d.Seq), encodeDelivery(d)})
		}
	}
	for _, id := range more.Remember {
		fresh(identify(id, ""))
	}
	if o.log.store != nil {
		changes = append(changes, more.Changes...)
	}
	if len(changes) == 0 && len(ids) == 0 {
		r.Durable = true
		return r, nil
	}
	before := o.high
	o.high += uint64(len(r.Fresh))
	for _, d := range r.Fresh {
		o.live[d.Seq] = struct{}{}
	}
	changes = append(changes, o.seen.add(now, ids)...)
	if err := o.log.apply(ctx, now, must, append(changes, o.meta())...); err != nil {
		o.high = before
		for _, d := range r.Fresh {
			delete(o.live, d.Seq)
		}
		o.seen.undo(len(ids))
		return Receipt{Duplicates: r.Duplicates}, err
	}
	for _, d := range r.Fresh {
		o.warm(d)
	}
	if forgotten, evicted := o.seen.forget(now); len(forgotten) > 0 {
		r.Evicted = evicted
		_ = o.log.apply(ctx, now, true, append(forgotten, o.meta())...)
	}
	r.Durable = o.log.err == nil && o.log.store != nil
	return r, nil
}

// warm lets a fresh delivery keep its body for the first attempt, while there is room for it.
func (o *Outbox) warm(d *response.Delivery) {
	if o.hot+len(d.Body) > o.limits.Memory {
		d.Body = nil
		return
	}
	o.hot += len(d.Body)
}

func (o *Outbox) cool(d *response.Delivery) {
	o.hot -= len(d.Body)
	d.Body = nil
}

// ErrGone says that a delivery's record is no longer in the store.
var ErrGone = errors.New("the record is gone from the storage")

// Fetch gives the delivery its body, if it has none.
func (o *Outbox) Fetch(ctx context.Context, d *response.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.Body != nil {
		return nil
	}
	values, err := o.log.get(ctx, key(deliveryPrefix, d.Seq))
	if err != nil {
		return fmt.Errorf("reading delivery %d: %w", d.Seq, err)
	}
	if values[0] == nil {
		return ErrGone
	}
	stored, err := decodeDelivery(values[0])
	if err != nil {
		return fmt.Errorf("%w: delivery %d: %w", ErrGone, d.Seq, err)
	}
	d.Body = stored.Body
	o.hot += len(d.Body)
	return nil
}

// Intend writes that an act is about to be sent. True: should the process end now, the next one will know of it, or
// will know nothing of the delivery at all; false: the next one would take it for a delivery that was never tried.
func (o *Outbox) Intend(ctx context.Context, now time.Time, d *response.Delivery) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	intent := d.Progress
	intent.State = response.Sending
	place := key(progressPrefix, d.Seq)
	_ = o.log.apply(ctx, now, true, Change{place, encode(progressOf(intent))})
	if o.log.volatile(place) && !o.log.volatile(key(deliveryPrefix, d.Seq)) && o.log.store != nil {
		_ = o.log.apply(ctx, now, true, Change{place, encode(progressOf(d.Progress))})
		return false
	}
	return true
}

// Save writes the progress of a delivery that goes on, and frees its body.
func (o *Outbox) Save(ctx context.Context, now time.Time, d *response.Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cool(d)
	_ = o.log.apply(ctx, now, true, Change{key(progressPrefix, d.Seq), encode(progressOf(d.Progress))})
}

// End takes a delivery out and keeps what is worth keeping: what failed, and how acts ended. What follows from it is written
// with it. It returns the targets whose dead letters had to be forgotten for it.
func (o *Outbox) End(ctx context.Context, now time.Time, d *response.Delivery, kind response.Kind, next Batch) (r Receipt, evicted []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	changes := []Change{{Key: key(deliveryPrefix, d.Seq)}, {Key: key(progressPrefix, d.Seq)}}
	switch {
	case d.State == response.Dead || d.State == response.Unknown:
		var kept []Change
		kept, evicted = o.dead.push(d.Target, o.letter(ctx, now, d))
		changes = append(changes, kept...)
	case kind == response.Act:
		kept, _ := o.acts.push(d.Target, o.letter(ctx, now, d))
		changes = append(changes, kept...)
	}
	o.cool(d)
	delete(o.live, d.Seq)
	for o.low < o.high {
		if _, waits := o.live[o.low]; waits {
			break
		}
		o.low++
	}
	r, _ = o.commit(ctx, now, true, next, changes...) // it must, and so it does
	return r, evicted
}

// letter is what is kept of a delivery, with its message, so that a person can see and send it again.
func (o *Outbox) letter(ctx context.Context, now time.Time, d *response.Delivery) []byte {
	body := d.Body
	if body == nil {
		if values, err := o.log.get(ctx, key(deliveryPrefix, d.Seq)); err == nil {
			if stored, err := decodeDelivery(values[0]); err == nil {
				body = stored.Body
			}
		}
	}
	return encodeLetter(d, body, now)
}

// Flush tries to write what is held in memory. The error is why the store refuses.
func (o *Outbox) Flush(ctx context.Context, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var probe []Change
	if o.log.err != nil {
		probe = []Change{o.meta()}
	}
	o.log.write(ctx, now, probe)
	return o.log.err
}

// Trouble is why the store refused the last write, nil if it did not.
func (o *Outbox) Trouble() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.err
}

// Refused gets something when the store has begun to refuse. There is one reader.
func (o *Outbox) Refused() <-chan struct{} { return o.log.alarm }

// DeadLetters is how many are kept for each target.
func (o *Outbox) DeadLetters() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.dead.count)
}

func (o *Outbox) meta() Change {
	return Change{metaKey, encode(meta{Low: o.low, High: o.high, Seen: o.seen.span(), Dead: o.dead.span(), Acts: o.acts.span()})}
}
