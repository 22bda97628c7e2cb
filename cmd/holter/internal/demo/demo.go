// Package demo shows Holter at work: a month of a fleet's traffic in a minute, one stolen key, and what came back.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/holterhq/holter/cmd/holter/internal/progress"
	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
	"github.com/holterhq/holter/internal/sim/replay"
)

// Config says how large the demo is, and which collector it is shown with.
type Config struct {
	Collector string // a binary to start; empty: Endpoint and Data are those of one that runs
	Endpoint  string // OTLP over gRPC
	Data      string // the collector's HOLTER_DATA; empty with Collector: a temporary folder
	Keep      bool   // keep the temporary folder

	Seed     uint64
	Tokens   int
	Days     int
	Duration time.Duration // what the days take
	Budget   float64       // false alerts a week
	Wait     time.Duration // for the last events, after the last request
	Reload   time.Duration // for a running Holter to see another owners file
	Now      time.Time
}

// theftBefore is how long before the end the key is stolen.
const theftBefore = 60 * time.Hour

// show is a demo that goes on.
type show struct {
	cfg    Config
	out    io.Writer
	bar    *progress.Bar
	fleet  *sim.Fleet
	theft  *theft
	file   *follower
	own    *collector // nil: the collector is somebody else's
	events []event
	looked time.Time // at the file
	begun  bool      // the theft has been told of
}

// Run shows the demo, writes what came of it to out, and fails if the key was missed or the budget was exceeded.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	s := &show{cfg: cfg, out: out, bar: progress.New(os.Stderr)}
	if s.fleet, err = sim.New(sim.Config{
		Seed: cfg.Seed, Tokens: cfg.Tokens, Start: cfg.Now.AddDate(0, 0, -cfg.Days), Days: cfg.Days,
		Attacks: []sim.Attack{{Name: "stolen-key", Start: cfg.Now.Truncate(time.Hour).Add(-theftBefore)}},
	}); err != nil {
		return err
	}
	s.theft = newTheft(s.fleet)
	leave, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave(err != nil)) }()
	if err := s.play(ctx); err != nil {
		return err
	}
	v := judge(s.events, s.theft, cfg.Budget, cfg.Days)
	s.tell(v)
	return v.err(s.theft)
}

// prepare makes a collector ready that knows the fleet's owners. leave undoes what it did.
func (s *show) prepare(ctx context.Context) (leave func(failed bool) error, err error) {
	leave = func(bool) error { return nil }
	if s.cfg.Data == "" {
		if s.cfg.Data, err = os.MkdirTemp("", "holter-demo-"); err != nil {
			return nil, fmt.Errorf("make a folder for the demo: %w", err)
		}
		leave = s.tidy
	}
	if err := os.MkdirAll(s.cfg.Data, 0o755); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if err := s.fleet.SaveOwners(filepath.Join(s.cfg.Data, "owners.yaml"), "demo"); err != nil {
		return nil, err
	}
	if s.file, err = followFrom(filepath.Join(s.cfg.Data, "anomalies.jsonl")); err != nil {
		return nil, err
	}
	if s.cfg.Collector == "" {
		s.bar.Say("Waiting until the running Holter has read the owners …")
		return leave, pause(ctx, s.cfg.Reload)
	}
	if s.own, err = startCollector(ctx, s.cfg.Collector, s.cfg.Data); err != nil {
		return nil, err
	}
	s.cfg.Endpoint = s.own.endpoint
	tidy := leave
	return func(failed bool) error { return errors.Join(s.own.stop(), tidy(failed)) }, nil
}

// tidy removes the temporary folder, unless somebody may want to look into it.
func (s *show) tidy(failed bool) error {
	if failed || s.cfg.Keep {
		fmt.Fprintf(s.out, "\nThe collector's log, state and events are in %s\n", s.cfg.Data)
		return nil
	}
	return os.RemoveAll(s.cfg.Data)
}

// play sends the fleet's requests and gathers the events that come back.
func (s *show) play(ctx context.Context) error {
	fmt.Fprintf(s.out, "%d API tokens of %d owners, %d days in %s, seed %d. In the last days one key is stolen.\n\n",
		len(s.fleet.Tokens()), len(s.fleet.Owners())-1, s.cfg.Days, s.cfg.Duration, s.cfg.Seed)
	sender, err := otlpsend.New(otlpsend.Config{Endpoint: s.cfg.Endpoint, Protocol: "grpc", Insecure: true, Patience: 30 * time.Second})
	if err != nil {
		return err
	}
	defer sender.Close()
	speed := float64(s.fleet.End().Sub(s.fleet.Start())) / float64(s.cfg.Duration)
	var trouble error
	err = replay.Run(ctx, s.fleet, sender, replay.Pace{Speed: speed}, s.theft.observe, func(p replay.Progress) {
		trouble = errors.Join(trouble, s.watch(p))
	})
	s.bar.End()
	if s.own != nil {
		err = errors.Join(err, s.own.alive())
	}
	if err := errors.Join(err, trouble); err != nil {
		return err
	}
	return s.settle(ctx)
}

// watch tells what happens while requests are sent.
func (s *show) watch(p replay.Progress) error {
	l := s.theft.label
	if !s.begun && !p.Time.Before(l.Start) {
		s.begun = true
		s.bar.Say(fmt.Sprintf("%s  somebody in %s begins to use the key %s of %s", stamp(l.Start), l.From, l.Hint, s.theft.token.Owner.Name))
	}
	var err error
	if now := time.Now(); now.Sub(s.looked) > 200*time.Millisecond {
		s.looked = now
		_, err = s.look()
	}
	s.bar.Show(p.Done, fmt.Sprintf("%s  %d requests, %s", p.Time.Format("Mon 2 Jan 15:04"), p.Requests, alerts(len(s.events))))
	return err
}

// look reads what has come, and tells of the theft's events at once.
func (s *show) look() (int, error) {
	events, err := s.file.more()
	for _, e := range events {
		if s.theft.is(e) {
			s.bar.Say(fmt.Sprintf("%s  Holter: %s", stamp(e.time), e.sentence))
		}
	}
	s.events = append(s.events, events...)
	return len(events), err
}

// settle waits for the last events: until a theft has been told of and nothing came for a while, or until patience ends.
func (s *show) settle(ctx context.Context) error {
	const quiet = 2 * time.Second
	began, last := time.Now(), time.Now()
	for time.Since(began) < s.cfg.Wait {
		n, err := s.look()
		if err != nil {
			return err
		}
		if n > 0 {
			last = time.Now()
		}
		if time.Since(last) > quiet && len(judge(s.events, s.theft, 0, 0).caught) > 0 {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func stamp(t time.Time) string { return t.UTC().Format("Mon 2 Jan 15:04") }
