// Package desk is where events become incidents, and incidents messages and acts: it keeps the book of incidents, asks the
// guard before every act, hands deliveries to the outbox in the same write as what it remembers of them, and keeps a record
// of every decision.
package desk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
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

	lost    error       // why what was decided before is not known, nil: it is
	stopped atomic.Bool // by the guard
	barred  atomic.Bool // by a file
	nudge   chan struct{}

	mu    sync.Mutex
	post  Post
	book  *incident.Book
	guard *guard.Guard
	count uint64                       // of records, to tell them apart
	tries map[string]response.Progress // of acts under way, by delivery
	freed time.Time                    // since when acts go out, as far as that was not always so
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
// cannot be read is told in the error, which does not keep the desk from working. Where it is not known any more what was stopped,
// refused and taken back, all acts are stopped until somebody resumes.
func Open(ctx context.Context, cfg Config, out *outbox.Outbox, tell func(Note)) (*Desk, error) {
	d := &Desk{
		cfg: cfg, out: out, tell: tell, nudge: make(chan struct{}, 1), book: incident.NewBook(cfg.Incidents), guard: &guard.Guard{},
		tries: make(map[string]response.Progress),
	}
	_ = d.forgot(cfg.Lost) // it is told already
	values, err := out.Read(ctx, guardKey, slotsKey)
	if err != nil {
		return d, d.forgot(fmt.Errorf("reading the incidents: %w", err))
	}
	var damage []error
	if d.guard, err = guard.Decode(values[0]); err != nil {
		damage = append(damage, d.forgot(fmt.Errorf("what was decided lately cannot be read: %w", err)))
	}
	if d.guard.Stopped != nil {
		d.stopped.Store(true)
	}
	slots := 0
	switch len(values[1]) {
	case 0:
	case 8:
		slots = int(min(binary.BigEndian.Uint64(values[1]), 1<<24))
	default:
		damage = append(damage, d.forgot(errors.New("how many incidents there are cannot be read")))
	}
	for from := 0; from < slots; from += readAtOnce {
		var keys []string
		for slot := from; slot < min(from+readAtOnce, slots); slot++ {
			keys = append(keys, slotKey(slot))
		}
		values, err := out.Read(ctx, keys...)
		if err != nil {
			return d, errors.Join(append(damage, d.forgot(fmt.Errorf("reading the incidents: %w", err)))...)
		}
		for n, value := range values {
			if err := d.book.Load(from+n, value); err != nil {
				damage = append(damage, fmt.Errorf("incident %d: %w", from+n, err))
			}
		}
	}
	return d, errors.Join(damage...)
}

// amnesia is who stops all acts when it is not known any more what was stopped, refused and taken back.
const amnesia = "Holter, which cannot read what was decided before"

// forgot stops all acts because of an error, if there are any. It returns the error.
func (d *Desk) forgot(err error) error {
	acts := func(t Target) bool { return t.Actor != nil }
	if err != nil && d.lost == nil && slices.ContainsFunc(slices.Collect(maps.Values(d.cfg.Targets)), acts) {
		d.lost = err
		d.stopped.Store(true)
	}
	return err
}

// Forgetful says whether all acts are stopped because it is not known what was decided before.
func (d *Desk) Forgetful() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.guard.Stopped != nil && d.guard.Stopped.By == amnesia
}

// Begin lets the desk send, and records what stops all acts since before it did.
func (d *Desk) Begin(ctx context.Context, now time.Time, post Post) error {
	d.mu.Lock()
	d.post, d.freed = post, now
	d.mu.Unlock()
	if d.lost == nil && !d.barred.Load() {
		return nil
	}
	return d.change(ctx, now, true, func(t *turn) error {
		if d.lost != nil && t.guarded().Halt(amnesia, d.lost.Error(), now) {
			t.audit(nil, nil, VerbStop, Holter, "All acts are stopped until somebody resumes: what was stopped, refused or taken back before is not known, because "+
				d.lost.Error()+".")
		}
		if d.barred.Load() {
			t.barring(true)
		}
		return nil
	})
}

// Bar stops all acts for as long as it is set, or lets them go again. Before Begin it is not recorded yet.
func (d *Desk) Bar(barred bool, now time.Time) {
	if d.barred.Swap(barred) == barred {
		return
	}
	_ = d.change(context.Background(), now, true, func(t *turn) error {
		t.barring(barred)
		return nil
	})
}

// barring keeps a record of a stop file that came or went.
func (t *turn) barring(barred bool) {
	decision, text := "stop", "All acts are stopped: the stop file is there."
	if !barred {
		t.freed = t.now
		decision, text = "resume", "The stop file is gone: acts go out again."
	}
	t.audit(nil, nil, decision, "file", text)
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
	delete(d.tries, delivery.ID)
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
