package courier

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

// Environment is what a dispatcher needs of the world.
type Environment struct {
	Now       func() time.Time
	Luck      func() float64 // uniform in [0, 1)
	DownAfter time.Duration  // a target that has failed for so long is told of

	// Ended is told how a delivery ended, before it leaves the outbox. It calls end, once, with what follows from it: that is
	// written in the same go, and what end returns is put in line. Nil: nothing follows.
	Ended func(ctx context.Context, now time.Time, d *response.Delivery, end func(outbox.Batch) []*response.Delivery)
	// Tried is told of an attempt that failed and after which there will be another. Nil: nobody is.
	Tried func(d *response.Delivery)
	// Halted says whether a delivery has to wait although it is due. Nil: none has.
	Halted func(d *response.Delivery) bool
	// Recalled says why a delivery is not to be sent any more, empty if it is. It is asked while nothing of it has been sent, before every
	// attempt. Nil: all are sent.
	Recalled func(d *response.Delivery) string
}

// ErrClosed says that a dispatcher does not run.
var ErrClosed = errors.New("not running")

const (
	// flushEvery is how often a store that refused is tried again.
	flushEvery = time.Second
	// parkFor is how long deliveries of a target that is not configured are kept, in case it comes back.
	parkFor = 30 * 24 * time.Hour
)

// Dispatcher takes deliveries in and hands them to couriers. Safe for concurrent use.
type Dispatcher struct {
	out      *outbox.Outbox
	env      Environment
	notify   func(Notice)
	couriers map[string]*courier

	mu     sync.RWMutex // held for reading while something is accepted
	open   bool
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// New returns a dispatcher for the targets. notify is called from many goroutines.
func New(out *outbox.Outbox, targets []Target, env Environment, notify func(Notice)) *Dispatcher {
	d := &Dispatcher{out: out, env: env, notify: notify, couriers: make(map[string]*courier, len(targets))}
	for _, t := range targets {
		d.couriers[t.Name] = newCourier(t, out, env, notify, d.Line)
	}
	return d
}

// Start takes up what was found in the outbox, and runs until Shutdown.
func (d *Dispatcher) Start(ctx context.Context, found []*response.Delivery) {
	d.resume(ctx, found)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.mu.Lock()
	d.open, d.cancel = true, cancel
	d.mu.Unlock()
	for _, c := range d.couriers {
		d.group.Go(func() { c.run(run) })
	}
	d.group.Go(func() { d.keep(run) })
}

// Accept commits deliveries to the outbox and wakes their couriers. A nil error means that they are this side's to deliver.
func (d *Dispatcher) Accept(ctx context.Context, deliveries ...*response.Delivery) error {
	fresh, err := d.Commit(ctx, false, outbox.Batch{Deliveries: deliveries})
	d.Line(ctx, fresh)
	return err
}

// Commit writes a batch to the outbox and returns what Line is to be given. With must it takes what it has no room for.
func (d *Dispatcher) Commit(ctx context.Context, must bool, batch outbox.Batch) ([]*response.Delivery, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.open {
		return nil, ErrClosed
	}
	receipt, err := d.out.Commit(ctx, d.env.Now(), must, batch)
	tell(receipt, d.notify)
	return receipt.Fresh, err
}

// tell tells of what a receipt says about others than the fresh.
func tell(receipt outbox.Receipt, notify func(Notice)) {
	for _, twice := range receipt.Duplicates {
		notify(Notice{Kind: Duplicate, Target: twice.Target, Delivery: bare(twice)})
	}
	if receipt.Evicted > 0 {
		notify(Notice{Kind: Forgotten, Count: receipt.Evicted})
	}
}

// Line puts committed deliveries in line. Those of a target that is not there rest in the outbox.
func (d *Dispatcher) Line(ctx context.Context, fresh []*response.Delivery) {
	for _, one := range fresh {
		if c, ok := d.couriers[one.Target]; ok {
			c.add(ctx, one)
		}
	}
}

// Recall asks soon whether a delivery that waits is not to be sent any more.
func (d *Dispatcher) Recall(target, id string) {
	if c, ok := d.couriers[target]; ok {
		c.recall(id)
	}
}

// Shutdown stops sending, waits for what is under way, and leaves the rest in the outbox.
func (d *Dispatcher) Shutdown(ctx context.Context) error {
	d.mu.Lock()
	wasOpen := d.open
	d.open = false
	d.mu.Unlock()
	if !wasOpen {
		return nil
	}
	d.cancel()
	done := make(chan struct{})
	go func() {
		d.group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := d.out.Flush(ctx, d.env.Now()); err != nil {
		return err
	}
	return nil
}

// Pending is how many deliveries each target still has to get.
func (d *Dispatcher) Pending() map[string]int {
	return collect(d.couriers, (*courier).pending)
}

// Disabled says which targets want no more.
func (d *Dispatcher) Disabled() map[string]bool {
	return collect(d.couriers, (*courier).disabled)
}

// DeadLetters is how many are kept for each target.
func (d *Dispatcher) DeadLetters() map[string]int {
	letters := d.out.DeadLetters()
	for name := range d.couriers {
		letters[name] += 0
	}
	return letters
}

func collect[T any](couriers map[string]*courier, of func(*courier) T) map[string]T {
	all := make(map[string]T, len(couriers))
	for name, c := range couriers {
		all[name] = of(c)
	}
	return all
}

// resume puts what an earlier process left behind back in line.
func (d *Dispatcher) resume(ctx context.Context, found []*response.Delivery) {
	now := d.env.Now()
	parked := make(map[string]int)
	for _, f := range found {
		c, ok := d.couriers[f.Target]
		if !ok {
			if now.Sub(f.Arrived) > parkFor {
				f.State, f.Answer = response.Dead, response.Answer{Verdict: response.Final, Reason: "the target is not configured"}
				d.out.End(ctx, now, f, response.Message, outbox.Batch{})
				d.notify(Notice{Kind: Ended, Target: f.Target, Delivery: bare(f)})
				continue
			}
			parked[f.Target]++
			continue
		}
		before := f.State
		f.Progress = c.terms(f).Recover(f.Progress, now)
		switch {
		case f.State > response.Asking:
			c.end(ctx, f)
			continue
		case f.State != before:
			d.out.Save(ctx, now, f)
		}
		if f.Attempts > 0 && d.env.Tried != nil {
			d.env.Tried(f)
		}
		c.add(ctx, f)
	}
	for _, target := range slices.Sorted(maps.Keys(parked)) {
		d.notify(Notice{Kind: Parked, Target: target, Count: parked[target]})
	}
}

// keep tells when the store fails, writes what is held in memory as soon as it takes it, and tells that it works again.
func (d *Dispatcher) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.out.Refused():
		}
		err := d.out.Trouble()
		if err == nil {
			continue
		}
		d.notify(Notice{Kind: StoreFailed, Err: err})
		if !d.flush(ctx) {
			return
		}
		d.notify(Notice{Kind: StoreWorks})
	}
}

// flush tries until the store has taken everything; false: the context ended before.
func (d *Dispatcher) flush(ctx context.Context) bool {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if d.out.Flush(ctx, d.env.Now()) == nil {
			return true
		}
	}
}
