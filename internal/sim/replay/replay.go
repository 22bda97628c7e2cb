// Package replay plays a fleet's requests to an OTLP receiver, at the pace that is asked for.
package replay

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
)

// Pace bounds the load.
type Pace struct {
	Speed float64   // seconds of the fleet's time in a second; 0: as fast as the receiver takes it
	From  time.Time // what was before is history and sent at once; zero: the fleet's start
	Rate  float64   // spans a second at most; 0: no bound
	// Environment is what the spans are marked with; empty: production.
	Environment string
}

// Progress is how far a replay is.
type Progress struct {
	Time     time.Time // in the fleet's time
	Done     float64
	Requests int
	Spans    int
}

func (p Pace) from(f *sim.Fleet) time.Time { return later(f.Start(), p.From) }

// cut is how often a batch is sent at least, by the clock.
const cut = 250 * time.Millisecond

// Run sends all of a fleet's requests, in order. Every request is shown to observe before it is sent, on another goroutine
// than progress is reported on. It ends with the fleet, with the context, or with a batch that the receiver does not take.
func Run(ctx context.Context, f *sim.Fleet, s *otlpsend.Sender, pace Pace, observe func(*sim.Request), report func(Progress)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan *otlpsend.Batch, 2)
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		draw(ctx, f, pace, observe, batches)
	}()
	err := send(ctx, f, s, pace, batches, report)
	stop()
	<-drawn
	return err
}

// draw fills batches ahead of the sender.
func draw(ctx context.Context, f *sim.Fleet, pace Pace, observe func(*sim.Request), out chan<- *otlpsend.Batch) {
	defer close(out)
	batcher := otlpsend.NewBatcher(0)
	batcher.Environment = pace.Environment
	give := func(b *otlpsend.Batch) bool {
		if b == nil {
			return true
		}
		select {
		case out <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	limit := pace.from(f)
	for q := range f.Requests() {
		if pace.Speed > 0 && q.Time.After(limit) {
			if !give(batcher.Take()) {
				return
			}
			limit = q.Time.Add(time.Duration(pace.Speed * float64(cut)))
		}
		if observe != nil {
			observe(&q)
		}
		if !give(batcher.Add(&q)) {
			return
		}
	}
	give(batcher.Take())
}

// send sends batches when their time has come.
func send(ctx context.Context, f *sim.Fleet, s *otlpsend.Sender, pace Pace, batches <-chan *otlpsend.Batch, report func(Progress)) error {
	began := time.Now()
	free := began // when the rate allows the next batch
	for b := range batches {
		due := free
		if pace.Speed > 0 {
			if t := began.Add(time.Duration(float64(b.Until.Sub(pace.from(f))) / pace.Speed)); t.After(due) {
				due = t
			}
		}
		if err := sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		if err := s.Send(ctx, b); err != nil {
			return err
		}
		if pace.Rate > 0 {
			free = later(due, time.Now().Add(-time.Second)).Add(time.Duration(float64(b.Spans) / pace.Rate * float64(time.Second)))
		}
		if report != nil {
			report(Progress{b.Until, float64(b.Until.Sub(f.Start())) / float64(f.End().Sub(f.Start())), s.Stats.Requests, s.Stats.Spans})
		}
	}
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
