// Package courier takes deliveries to their targets: one scheduler per target, so that a dead one delays no other.
package courier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

// Sender makes one attempt at a delivery, and returns in bounded time.
type Sender interface {
	Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer
}

// Target is where a courier goes.
type Target struct {
	Name       string
	Terms      response.Terms // of every delivery, unless the sender knows better for each act
	Sender     Sender
	DryRun     bool          // what is to be done is described
	MaxPending int           // deliveries that may wait; beyond it the oldest becomes a dead letter
	Parallel   int           // requests at the same time
	Timeout    time.Duration // of one attempt
}

// terms are those of one delivery.
func (t *Target) terms(d *response.Delivery) response.Terms {
	if actor, ok := t.Sender.(response.Actor); ok {
		return actor.Can(d.Action).Terms(d.Step, t.Terms.Schedule)
	}
	return t.Terms
}

const (
	// retryHeld is how long an act waits when its intent could not be written.
	retryHeld = time.Second
	// grace is how long a message under way may still take at shutdown. An act gets its full time: a lost answer is worse.
	grace = time.Second
)

// courier serves one target.
type courier struct {
	Target
	out    *outbox.Outbox
	env    Environment
	notify func(Notice)
	line   func(context.Context, []*response.Delivery)

	mu       sync.Mutex
	queue    response.Queue
	inFlight int
	asked    []string  // ids of deliveries that may not be wanted any more
	failing  time.Time // since when nothing has worked, zero if the last attempt did
	last     response.Answer
	down     bool // told that it has been failing for long

	nudge chan struct{}
	group sync.WaitGroup
}

func newCourier(
	t Target, out *outbox.Outbox, env Environment, notify func(Notice), line func(context.Context, []*response.Delivery),
) *courier {
	return &courier{Target: t, out: out, env: env, notify: notify, line: line, nudge: make(chan struct{}, 1)}
}

// add puts deliveries in line and makes room where there are too many.
func (c *courier) add(ctx context.Context, deliveries ...*response.Delivery) {
	var surplus []*response.Delivery
	c.mu.Lock()
	for _, d := range deliveries {
		c.queue.Add(d)
		if c.queue.Len() > c.MaxPending {
			if oldest, ok := c.queue.Oldest(); ok {
				surplus = append(surplus, oldest)
			}
		}
	}
	c.mu.Unlock()
	for _, d := range surplus {
		d.Answer = response.Answer{Verdict: response.Final, Reason: "too many deliveries wait for the target, the oldest had to go"}
		if d.State == response.Asking {
			d.State = response.Unknown
		} else {
			d.State = response.Dead
		}
		c.end(ctx, d)
	}
	c.wake()
}

func (c *courier) wake() {
	select {
	case c.nudge <- struct{}{}:
	default:
	}
}

// run sends what is due until the context ends, then waits for what is under way.
func (c *courier) run(ctx context.Context) {
	// Messages are cut short a little after the end; acts are bounded by their own time-out.
	messages, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		wait, ok := c.dispatch(messages)
		if alarm := c.alarm(c.env.Now()); alarm > 0 && (!ok || alarm < wait) {
			wait, ok = alarm, true
		}
		if ok {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
		case <-c.nudge:
		case <-timer.C:
		}
	}
	if c.Terms.Kind == response.Message {
		stop := time.AfterFunc(grace, cancel)
		defer stop.Stop()
	}
	c.group.Wait()
}

// dispatch starts what is due and free to go; it returns how long until there is more, false: not before a nudge.
func (c *courier) dispatch(ctx context.Context) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look(ctx)
	for c.inFlight < c.Parallel {
		now := c.env.Now()
		d, ok := c.queue.Next(now)
		if !ok {
			at, waits := c.queue.Wake()
			return at.Sub(now), waits
		}
		c.inFlight++
		c.group.Go(func() { c.deliver(ctx, d) })
	}
	return 0, false
}

// deliver makes one attempt and records what came of it.
func (c *courier) deliver(ctx context.Context, d *response.Delivery) {
	defer c.landed()
	if !c.prepare(ctx, d) {
		return
	}
	answer := c.attempt(ctx, d)
	if ctx.Err() != nil && answer.Verdict != response.Done {
		return // cut short at shutdown: it counts as not tried, and is in the outbox
	}
	c.settle(ctx, d, answer)
}

func (c *courier) landed() {
	c.mu.Lock()
	c.inFlight--
	c.mu.Unlock()
	c.wake()
}

// attempt makes one request. A bug in a sender must not end the process that telemetry flows through; whether it had sent
// anything is not known then.
func (c *courier) attempt(ctx context.Context, d *response.Delivery) (answer response.Answer) {
	defer func() {
		if bug := recover(); bug != nil {
			answer = response.Answer{Verdict: response.Lost, Reason: fmt.Sprintf("panic: %v", bug)}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return c.Sender.Send(ctx, d, c.env.Now())
}

// prepare fetches the body and writes the intent of an act; false: not now.
func (c *courier) prepare(ctx context.Context, d *response.Delivery) bool {
	now := c.env.Now()
	if c.env.Halted != nil && d.State == response.Waiting && c.env.Halted(d) {
		c.hold(ctx, d, now)
		return false
	}
	if c.recalled(ctx, d) {
		return false
	}
	if err := c.out.Fetch(ctx, d); err != nil {
		if errors.Is(err, outbox.ErrGone) {
			d.State, d.Answer = response.Dead, response.Answer{Verdict: response.Final, Reason: err.Error()}
			c.end(ctx, d)
			return false
		}
		c.notify(Notice{Kind: Held, Target: c.Name, Delivery: bare(d), Err: err})
		c.hold(ctx, d, now)
		return false
	}
	terms := c.terms(d)
	risky := terms.Kind == response.Act && d.Step != response.Verify && d.State == response.Waiting && !d.Dry(c.DryRun)
	if risky && !c.out.Intend(ctx, now, d) && !terms.Repeatable() {
		c.notify(Notice{Kind: Held, Target: c.Name, Delivery: bare(d)})
		c.hold(ctx, d, now)
		return false
	}
	return true
}

// recalled ends a delivery that is not wanted any more, unless a request may have done it already: whether that is so has to be found out.
func (c *courier) recalled(ctx context.Context, d *response.Delivery) bool {
	if c.env.Recalled == nil || d.State != response.Waiting || d.Doubt {
		return false
	}
	why := c.env.Recalled(d)
	if why == "" {
		return false
	}
	d.State, d.Answer = response.Recalled, response.Answer{Verdict: response.Final, Reason: why}
	c.end(ctx, d)
	return true
}

// recall has run look at a delivery that is not due yet.
func (c *courier) recall(id string) {
	c.mu.Lock()
	c.asked = append(c.asked, id)
	c.mu.Unlock()
	c.wake()
}

// look takes those that may not be wanted any more out of the line, and puts back what is.
func (c *courier) look(ctx context.Context) {
	for _, id := range c.asked {
		d := c.queue.Take(id)
		if d == nil {
			continue // on its way, or ended
		}
		c.inFlight++
		c.group.Go(func() {
			defer c.landed()
			if !c.recalled(ctx, d) {
				c.add(ctx, d)
			}
		})
	}
	c.asked = nil
}

// hold puts a delivery back in line without counting an attempt.
func (c *courier) hold(ctx context.Context, d *response.Delivery, now time.Time) {
	d.Due = now.Add(retryHeld)
	c.add(ctx, d)
}

// settle turns an answer into what comes next.
func (c *courier) settle(ctx context.Context, d *response.Delivery, answer response.Answer) {
	now := c.env.Now()
	d.Progress = c.terms(d).Next(d.Progress, answer, now, c.env.Luck())
	c.mu.Lock()
	wasClosed := c.queue.Closed()
	c.queue.Answered(answer, now)
	closed := c.queue.Closed()
	c.mu.Unlock()
	c.watch(answer, now)
	if closed && !wasClosed {
		c.notify(Notice{Kind: Disabled, Target: c.Name, Delivery: bare(d)})
	}
	switch d.State {
	case response.Waiting, response.Asking:
		c.out.Save(ctx, now, d)
		if c.env.Tried != nil {
			c.env.Tried(d)
		}
		c.notify(Notice{Kind: Retried, Target: c.Name, Delivery: bare(d), Wait: d.Due.Sub(now)})
		c.add(ctx, d)
	default:
		c.end(ctx, d)
	}
}

// end takes a delivery out of the outbox, together with what follows from it, and tells of it.
func (c *courier) end(ctx context.Context, d *response.Delivery) {
	now := c.env.Now()
	told := bare(d)
	var fresh []*response.Delivery
	end := func(next outbox.Batch) []*response.Delivery {
		receipt, evicted := c.out.End(ctx, now, d, c.terms(d).Kind, next)
		for _, target := range evicted {
			c.notify(Notice{Kind: Forgotten, Target: target, Count: 1})
		}
		tell(receipt, c.notify)
		fresh = receipt.Fresh
		return fresh
	}
	if c.env.Ended != nil {
		c.env.Ended(ctx, now, &told, end)
	} else {
		end(outbox.Batch{})
	}
	c.line(ctx, fresh)
	c.notify(Notice{Kind: Ended, Target: c.Name, Delivery: told, Wait: now.Sub(d.Arrived)})
}

// watch keeps the time since when nothing has worked. What says nothing about the target changes nothing.
func (c *courier) watch(answer response.Answer, now time.Time) {
	if answer.Verdict == response.Final {
		return
	}
	works := answer.Verdict == response.Done || answer.Verdict == response.Described || answer.Verdict == response.Undone
	c.mu.Lock()
	wasDown := c.down
	switch {
	case works:
		c.failing, c.down = time.Time{}, false
	case c.failing.IsZero():
		c.failing = now
	}
	c.last = answer
	c.mu.Unlock()
	if works && wasDown {
		c.notify(Notice{Kind: TargetUp, Target: c.Name})
	}
}

// alarm tells, once, that the target has been failing for long; it returns how long until it has, 0: no matter.
func (c *courier) alarm(now time.Time) time.Duration {
	c.mu.Lock()
	if c.failing.IsZero() || c.down {
		c.mu.Unlock()
		return 0
	}
	since := now.Sub(c.failing)
	if since < c.env.DownAfter {
		c.mu.Unlock()
		return c.env.DownAfter - since
	}
	c.down = true
	last := c.last
	c.mu.Unlock()
	c.notify(Notice{
		Kind: TargetDown, Target: c.Name, Wait: since,
		Delivery: response.Delivery{Progress: response.Progress{Answer: last}},
	})
	return 0
}

func (c *courier) pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.Len() + c.inFlight
}

func (c *courier) disabled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.Closed()
}

// bare is a delivery as notices tell of it.
func bare(d *response.Delivery) response.Delivery {
	told := *d
	told.Body = nil
	return told
}
