package tokenbehaviorconnector

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

// courier brings things to one pipeline, in order, in the background. What the pipeline refuses is tried again, later and
// later; what does not fit any more falls out at the front. What it refuses for good is given up as soon as it takes
// something else: as long as it takes nothing, the pipeline may be what is wrong, such as a password of its exporter.
type courier[T any] struct {
	options courierOptions[T]

	mu     sync.Mutex
	items  []parcel[T]
	number uint64 // of the newest item
	noting int    // items that were accepted, which is being noted
	closed bool
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

// parcel is an item on its way.
type parcel[T any] struct {
	item   T
	number uint64 // in the order of arrival
}

type courierOptions[T any] struct {
	send    func(context.Context, []T) error // some of the items, all or nothing
	sent    func([]T)                        // they were accepted
	refused func(error)
	dropped func([]T, error) // given up, and why
	limit   int              // items that wait
	group   int              // items that are sent together
	backoff time.Duration
}

const (
	maxBackoff = time.Minute

	// sifted is how many items are sent one by one, at least, when a pipeline refuses for good.
	sifted = 16

	// closePatience is how long pipelines are waited for at the end. The Collector sets no time-out, and an exporter
	// without a queue tries for minutes.
	closePatience = 10 * time.Second
)

var errNoRoom = errors.New("they waited for too long, and there was no more room for them")

func newCourier[T any](options courierOptions[T]) *courier[T] {
	return &courier[T]{options: options, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// start begins to deliver.
func (c *courier[T]) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go c.run(ctx)
}

// put queues items.
func (c *courier[T]) put(items ...T) {
	c.mu.Lock()
	for _, item := range items {
		c.number++
		c.items = append(c.items, parcel[T]{item, c.number})
	}
	var over []T
	if n := len(c.items) - c.options.limit; n > 0 {
		over = unpacked(c.items[:n])
		c.items = c.items[n:]
	}
	if !c.closed {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	c.mu.Unlock()
	if len(over) > 0 {
		c.options.dropped(over, errNoRoom)
	}
}

// waiting returns what has not been accepted yet.
func (c *courier[T]) waiting() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return unpacked(c.items)
}

func unpacked[T any](parcels []parcel[T]) []T {
	items := make([]T, len(parcels))
	for i := range parcels {
		items[i] = parcels[i].item
	}
	return items
}

// change replaces items that wait, or takes them out. What is being delivered just now arrives as it was.
func (c *courier[T]) change(to func(T) (changed T, kept bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := make([]parcel[T], 0, len(c.items))
	for _, p := range c.items {
		if changed, kept := to(p.item); kept {
			items = append(items, parcel[T]{changed, p.number})
		}
	}
	c.items = items
}

// len is how many items are on their way: until it is noted that they were accepted.
func (c *courier[T]) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.items) + c.noting
}

// closeAll closes couriers together.
func closeAll(ctx context.Context, closes []func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, closePatience)
	defer cancel()
	var all sync.WaitGroup
	for _, one := range closes {
		all.Go(func() { one(ctx) })
	}
	all.Wait()
}

// close delivers what is left, each thing tried once more, and waits for that no longer than ctx allows.
func (c *courier[T]) close(ctx context.Context) {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.wake)
	}
	c.mu.Unlock()
	if c.cancel == nil {
		return // never started
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel()
		select {
		case <-c.done:
		case <-time.After(time.Second): // the pipeline does not heed the end of its context
		}
	}
	c.cancel()
}

func (c *courier[T]) run(ctx context.Context) {
	defer close(c.done)
	wait := c.options.backoff
	for range c.wake {
		for {
			more, err := c.deliver(ctx)
			if err == nil {
				wait = c.options.backoff
				if more {
					continue
				}
				break
			}
			if !c.pause(ctx, wait+rand.N(wait/4+1)) {
				break
			}
			wait = min(2*wait, maxBackoff)
		}
	}
	for more := true; more; { // the last try, now that nothing new comes
		more, _ = c.deliver(ctx)
	}
}

// pause waits, unless it is time to close. It keeps wake-up calls for later.
func (c *courier[T]) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case _, open := <-c.wake:
			if !open {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

// deliver sends the next group. more is true when it was accepted and there are others.
func (c *courier[T]) deliver(ctx context.Context) (more bool, err error) {
	next := c.next(c.options.group)
	if len(next) == 0 {
		return false, nil
	}
	if err := c.guarded(ctx, unpacked(next)); err != nil {
		c.options.refused(err)
		if consumererror.IsPermanent(err) && c.sift(ctx, next, err) {
			return true, nil
		}
		return false, err
	}
	return c.remove(next, c.options.sent), nil
}

// next are the first items.
func (c *courier[T]) next(n int) []parcel[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.items[:min(len(c.items), n)])
}

// sift sends items one by one whose group was refused for good, and gives up those that still are, if any other is
// accepted; it says whether one was.
func (c *courier[T]) sift(ctx context.Context, group []parcel[T], refused error) (accepted bool) {
	var bad []parcel[T]
	rest := c.next(max(sifted, c.options.group))
	if len(group) == 1 {
		bad = group
		rest = slices.DeleteFunc(rest, func(p parcel[T]) bool { return p.number == group[0].number })
	}
	for _, one := range rest {
		err := c.guarded(ctx, []T{one.item})
		if err == nil {
			accepted = true
			c.remove([]parcel[T]{one}, c.options.sent)
			continue
		}
		if !consumererror.IsPermanent(err) {
			break
		}
		bad, refused = append(bad, one), err
	}
	if accepted && len(bad) > 0 {
		c.remove(bad, func(gone []T) { c.options.dropped(gone, refused) })
	}
	return accepted
}

// remove takes out items that are done with, and has it noted. more is true when others are left.
func (c *courier[T]) remove(gone []parcel[T], note func([]T)) (more bool) {
	c.mu.Lock()
	c.items = slices.DeleteFunc(c.items, func(p parcel[T]) bool { // some may have been dropped meanwhile
		_, found := slices.BinarySearchFunc(gone, p.number, func(p parcel[T], n uint64) int { return cmp.Compare(p.number, n) })
		return found
	})
	more, c.noting = len(c.items) > 0, len(gone)
	c.mu.Unlock()
	note(unpacked(gone))
	c.mu.Lock()
	c.noting = 0
	c.mu.Unlock()
	return more
}

func (c *courier[T]) guarded(ctx context.Context, group []T) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(errPanicked, asError(p))
		}
	}()
	return c.options.send(ctx, group)
}
