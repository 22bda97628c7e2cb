package tokenresponseexporter

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/response/desk"
)

const (
	lookEvery = time.Second            // at the stop file
	rest      = 100 * time.Millisecond // between two looks at what is due
)

// clock lets the desk do what is due, and looks at the stop file.
type clock struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startClock(d *desk.Desk, stopFile string, log *zap.Logger) *clock {
	ctx, cancel := context.WithCancel(context.Background())
	c := &clock{cancel: cancel, done: make(chan struct{})}
	stop := halting()
	go func() {
		defer close(c.done)
		defer stop.close()
		c.run(ctx, d, stopFile, stop, log)
	}()
	return c
}

func (c *clock) stop() {
	c.cancel()
	<-c.done
}

func (c *clock) run(ctx context.Context, d *desk.Desk, stopFile string, stop *halt, log *zap.Logger) {
	var look <-chan time.Time
	if stopFile != "" {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		look = ticker.C
	}
	for ctx.Err() == nil {
		next, err := d.Tick(ctx, time.Now())
		if err != nil {
			log.Error("what is due about incidents cannot be written, it is tried again", zap.Error(err))
			next = time.Now().Add(time.Second)
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(max(time.Until(next), rest))
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return
			case <-due:
				waiting = false
			case <-d.Nudged():
				waiting = false
				pause(ctx)
			case <-look:
				d.Bar(exists(stopFile), time.Now())
			case <-stop.signals:
				if err := d.Want(ctx, time.Now(), desk.Wish{Verb: desk.VerbStop, By: "signal"}); err != nil {
					log.Warn("a signal to stop all acts changes nothing", zap.Error(err))
				}
			}
		}
	}
}

// pause lets more come together before it is looked at what is due.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(rest):
	}
}

// exists says whether a file is there. What cannot be looked at counts as being there: acts are stopped rather than not.
func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
