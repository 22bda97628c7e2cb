// Package desk is where events become incidents, and incidents messages and acts: it keeps the book of incidents, asks the
// guard before every act, hands deliveries to the outbox in the same write as what it remembers of them, and keeps a record
// of every decision.
package desk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/outbox"
)

// Post takes what is to be sent.
type Post interface {
	// Commit writes a batch and returns what Line is to be given. With must it takes what it has no room for.
	Commit(ctx context.Context, must bool, batch outbox.Batch) ([]*response.Delivery, error)
	Line(ctx context.Context, fresh []*response.Delivery)
	// Recall asks Recalled soon about a delivery that waits.
	Recall(target, id string)
}

// Desk is safe for concurrent use.
type Desk struct {
	cfg  Config
	out  *outbox.Outbox
	tell func(Note)

	stopped atomic.Bool // by the guard
	barred  atomic.Bool // by a file
	nudge   chan struct{}

	mu    sync.Mutex
	post  Post
	book  *incident.Book
	guard *guard.Guard
	count uint64 // of records, to tell them apart
}

const (
	guardKey       = "desk/guard"
	slotsKey       = "desk/slots"
	incidentPrefix = "desk/incident/"
	readAtOnce     = 512
)

func slotKey(slot int) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(slot))
	return fmt.Sprintf("%s%x", incidentPrefix, b)
}

// Open reads what an earlier process left in the outbox's store. tell is called after each change, from many goroutines. What
// cannot be read is told in the error, which does not keep the desk from working.
func Open(ctx context.Context, cfg Config, out *outbox.Outbox, tell func(Note)) (*Desk, error) {
	d := &Desk{cfg: cfg, out: out, tell: tell, nudge: make(chan struct{}, 1), book: incident.NewBook(cfg.Incidents), guard: &guard.Guard{}}
	values, err := out.Read(ctx, guardKey, slotsKey)
	if err != nil {
		return d, fmt.Errorf("reading the incidents: %w", err)
	}
	var damage []error
	if d.guard, err = guard.Decode(values[0]); err != nil {
		damage = append(damage, fmt.Errorf("what was decided lately cannot be read: %w", err))
	}
	d.stopped.Store(d.guard.Stopped != nil)
	slots := 0
	if len(values[1]) == 8 {
		slots = int(min(binary.BigEndian.Uint64(values[1]), 1<<24))
	}
	for from := 0; from < slots; from += readAtOnce {
		var keys []string
		for slot := from; slot < min(from+readAtOnce, slots); slot++ {
			keys = append(keys, slotKey(slot))
		}
		values, err := out.Read(ctx, keys...)
		if err != nil {
			return d, errors.Join(append(damage, fmt.Errorf("reading the incidents: %w", err))...)
		}
		for n, value := range values {
			if err := d.book.Load(from+n, value); err != nil {
				damage = append(damage, fmt.Errorf("incident %d: %w", from+n, err))
			}
		}
	}
	return d, errors.Join(damage...)
}

// Begin lets the desk send.
func (d *Desk) Begin(post Post) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.post = post
}

// Bar stops all acts for as long as it is set, or lets them go again.
func (d *Desk) Bar(barred bool, now time.Time) {
	if d.barred.Swap(barred) == barred {
		return
	}
	_ = d.change(context.Background(), now, true, func(t *turn) error {
		decision, text := "stop", "All acts are stopped: the stop file is there."
		if !barred {
			decision, text = "resume", "The stop file is gone: acts go out again."
		}
		t.audit(nil, nil, decision, "file", text)
		return nil
	})
}

// Halted says whether a delivery has to wait because acts are stopped. Taking back and asking go on.
func (d *Desk) Halted(delivery *response.Delivery) bool {
	return delivery.Action != response.Notify && delivery.Step == response.Do && !delivery.DryRun && (d.stopped.Load() || d.barred.Load())
}

// Recalled says why a delivery is not to be sent any more, empty if it is: its act was called back or its token is protected by now, or
// what it would take back is held by another act.
func (d *Desk) Recalled(delivery *response.Delivery) string {
	if delivery.Action == response.Notify || delivery.Step == response.Verify || delivery.DryRun {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.book.OfAct(delivery.ID)
	if i == nil {
		return ""
	}
	a := i.ActOf(delivery.ID)
	if delivery.Step == response.Undo {
		t := &turn{Desk: d, book: d.book.Begin()}
		if _, other := t.holder(i, a); other != nil {
			return "act " + other.ID + " holds the same"
		}
		return ""
	}
	if a.Recall != nil {
		return a.Recall.Why
	}
	return d.cfg.Limits.Protected.Ever(i.Anomaly().Token, i.Protected)
}

// Nudged gets something when Tick may be due earlier than it said. There is one reader.
func (d *Desk) Nudged() <-chan struct{} { return d.nudge }

// ErrNotOpen says that the desk does not send yet, or no more.
var ErrNotOpen = errors.New("not running")

// change makes a turn: all of what do asks for is written, or nothing is.
func (d *Desk) change(ctx context.Context, now time.Time, must bool, do func(*turn) error) error {
	t, fresh, err := d.turn(ctx, now, must, do)
	if err != nil {
		return err
	}
	d.post.Line(ctx, fresh)
	d.after(t.notes)
	for _, back := range t.recalls {
		d.post.Recall(back.target, back.id)
	}
	return nil
}

func (d *Desk) turn(ctx context.Context, now time.Time, must bool, do func(*turn) error) (*turn, []*response.Delivery, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.post == nil {
		return nil, nil, ErrNotOpen
	}
	t := d.begin(now)
	if err := do(t); err != nil {
		return nil, nil, err
	}
	fresh, err := d.post.Commit(ctx, must, t.pack())
	if err != nil {
		return nil, nil, err
	}
	t.commit()
	return t, fresh, nil
}

// Ended takes note of how a delivery came to its end, and of what follows from it.
func (d *Desk) Ended(_ context.Context, now time.Time, delivery *response.Delivery, end func(outbox.Batch) []*response.Delivery) {
	if delivery.Target == JournalTarget || delivery.State == response.Delivered && delivery.Action == response.Notify {
		end(outbox.Batch{})
		return
	}
	d.mu.Lock()
	t := d.begin(now)
	t.ended(delivery)
	end(t.pack())
	notes := t.commit()
	d.mu.Unlock()
	d.after(notes)
}

func (d *Desk) after(notes []Note) {
	for _, note := range notes {
		d.tell(note)
	}
	select {
	case d.nudge <- struct{}{}:
	default:
	}
}

// Size is how many incidents there are, and how many of them are not resolved.
func (d *Desk) Size() (all, live int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.book.Size()
}

// Circuits are those that are open.
func (d *Desk) Circuits(now time.Time) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.guard.Clone().Open(d.cfg.Limits, now)
}

// Stopped says whether all acts are stopped.
func (d *Desk) Stopped() bool { return d.stopped.Load() || d.barred.Load() }
