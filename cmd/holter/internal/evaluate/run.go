package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/route"
)

// Config is how a stream is evaluated.
type Config struct {
	Budgets   []float64     // false alerts per 1,000 active token-days that are tolerable, or in Per; one engine each
	Per       time.Duration // for all tokens together; 0: per token-days
	Full      int           // number of the budget whose engine is looked at closely
	Calibrate bool          // report on its bets
	// Alert sees every alert of that engine and what it turned out to be, in the order in which they came; nil: nobody.
	Alert    func(e *anomaly.Event, verdict string)
	Progress func(done float64, at time.Time, requests int)
}

// batch is how many requests the engines get at a time.
const batch = 4096

// Run feeds the stream to an engine for each budget, and scores what they say.
func Run(ctx context.Context, s *Stream, cfg Config) (*Report, error) {
	if len(cfg.Budgets) == 0 {
		return nil, errors.New("no budget to evaluate")
	}
	r := &runner{truth: newTruth(s), progress: cfg.Progress, full: cfg.Full}
	for _, b := range cfg.Budgets {
		c := behavior.Config{Budget: behavior.Budget{FalseAlerts: b, PerTokenDays: 1000}, Routes: route.New(route.Options{})}
		if cfg.Per != 0 {
			c.Budget = behavior.Budget{FalseAlerts: b, Per: cfg.Per}
			if err := c.Validate(); err != nil {
				return nil, err
			}
		}
		if !(b > 0) || b > 1000 && cfg.Per == 0 {
			return nil, fmt.Errorf("budget %v: write a number of false alerts per 1,000 active token-days, above 0", b)
		}
		r.subjects = append(r.subjects, &subject{engine: behavior.New(c)})
	}
	r.subjects[r.full].keeps = cfg.Alert != nil
	if cfg.Calibrate {
		r.calibration = newCalibration(r.truth)
	}
	if err := s.Each(ctx, r.take); err != nil {
		return nil, err
	}
	r.flush()
	if r.truth.requests == 0 {
		return nil, fmt.Errorf("%s: there are no requests", s.Name)
	}
	r.show(1)
	if cfg.Alert != nil {
		r.tell(cfg.Alert)
	}
	report := r.report(s, cfg.Budgets)
	report.per(cfg.Per)
	return report, nil
}

// runner feeds engines in batches that end with the day.
type runner struct {
	truth       *truth
	subjects    []*subject
	calibration *calibration
	progress    func(done float64, at time.Time, requests int)
	full        int

	batch []behavior.Observation
	today int64
}

// subject is one of the engines, and what it said so far.
type subject struct {
	engine *behavior.Engine
	work   []behavior.Observation
	alerts []alert
	keeps  bool // events as well
	events []anomaly.Event
}

func (r *runner) take(o *behavior.Observation, done float64) error {
	if today := o.Time / day; today != r.today {
		r.flush()
		if r.calibration != nil && r.today != 0 {
			r.calibration.take(r.subjects[r.full].engine, int32(r.today))
		}
		r.today = today
	}
	r.truth.see(o)
	if r.batch = append(r.batch, *o); len(r.batch) == batch {
		r.flush()
		r.show(done)
	}
	return nil
}

func (r *runner) show(done float64) {
	if r.progress != nil {
		r.progress(done, time.Unix(0, r.truth.last).UTC(), r.truth.requests)
	}
}

// flush lets every engine judge the batch. They write into it, so that each has a copy of its own.
func (r *runner) flush() {
	if len(r.batch) == 0 {
		return
	}
	var group sync.WaitGroup
	for _, s := range r.subjects {
		group.Go(func() { s.judge(r.batch) })
	}
	group.Wait()
	r.batch = r.batch[:0]
}

func (s *subject) judge(batch []behavior.Observation) {
	s.work = append(s.work[:0], batch...)
	for _, e := range s.engine.Apply(s.work) {
		s.alerts = append(s.alerts, alertsOf(&e)...)
		if s.keeps {
			s.events = append(s.events, e)
		}
	}
}

// tell hands on the alerts of the budget in full with what they turned out to be.
func (r *runner) tell(alert func(e *anomaly.Event, verdict string)) {
	for i := range r.subjects[r.full].events {
		e := &r.subjects[r.full].events[i]
		for _, a := range alertsOf(e) {
			one := *e
			one.Token.ID = a.token
			alert(&one, r.truth.verdict(a.token, a.at))
		}
	}
}

// alertsOf is an event as it is scored: one that is about many tokens counts for each of them.
func alertsOf(e *anomaly.Event) []alert {
	if len(e.Tokens) == 0 {
		return []alert{{e.Token.ID, e.Time, e.Detector}}
	}
	var all []alert
	for _, token := range e.Tokens {
		all = append(all, alert{token, e.Time, e.Detector})
	}
	return all
}

func (r *runner) report(s *Stream, budgets []float64) *Report {
	t := r.truth
	out := &Report{
		Stream: s.Name, Tokens: len(t.calm), Requests: t.requests, From: s.From, TokenDays: t.judged,
		First: time.Unix(0, t.began).UTC(), Last: time.Unix(0, t.last).UTC(),
	}
	for _, theft := range t.stolen {
		if len(theft.times) > 0 {
			out.Tokens++
			if theft.Family != sham {
				out.Thefts++
			}
		}
	}
	for i, subject := range r.subjects {
		slices.SortStableFunc(subject.alerts, func(a, b alert) int { return int(a.at/1e9 - b.at/1e9) })
		out.Results = append(out.Results, t.score(budgets[i], subject.alerts))
	}
	out.Hidden = r.subjects[r.full].engine.Stats().Hidden
	if r.calibration != nil {
		r.calibration.take(r.subjects[r.full].engine, int32(r.today))
		out.Calibration = r.calibration.report()
	}
	return out
}
