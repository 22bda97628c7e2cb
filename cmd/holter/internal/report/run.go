package report

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/route"
)

// Config is what a report is made of.
type Config struct {
	Paths     []string
	Service   string // of access logs, which do not say
	Owners    string // a registry file; empty: nobody owns anything
	Budget    float64
	MaxTokens int
	Progress  func(done float64, at time.Time, requests int)
}

// Summary is what was read.
type Summary struct {
	Bytes    int64
	Lines    int
	Requests int
	Named    int // requests with a token
	Tokens   int
	Alerts   int
	Skipped  Skipped
}

// recentRecords are remembered to tell spans of one request.
const recentRecords = 262_144

// Run reads the files and writes the page. Blocks are sifted by as many goroutines as there are processors; requests are counted and judged in
// their order.
func Run(ctx context.Context, cfg Config, page io.Writer) (*Summary, error) {
	identifier, err := newIdentifier(ctx, cfg.Owners)
	if err != nil {
		return nil, err
	}
	defer identifier.stop(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()

	sifters := runtime.GOMAXPROCS(0)
	ordered, free := make(chan *block, 4*sifters), make(chan *block, 4*sifters)
	r := &reader{ordered: ordered, any: free}
	var readErr error
	working.Go(func() {
		defer close(ordered)
		defer close(free)
		readErr = r.all(ctx, cfg.Paths)
	})
	for range sifters {
		s := &sifter{service: cfg.Service, identifier: identifier}
		working.Go(func() {
			for b := range free {
				s.sift(ctx, b)
			}
		})
	}
	engine := behavior.New(behavior.Config{
		Budget: behavior.Budget{FalseAlerts: cfg.Budget, Per: 7 * 24 * time.Hour}, Limits: behavior.Limits{MaxTokens: cfg.MaxTokens, LiveTokens: cfg.MaxTokens},
		Routes: route.New(route.Options{}),
	})
	c := collector{cfg: &cfg, tally: newTally(engine, cfg.MaxTokens), entries: tokenbehaviorconnector.NewEntries(recentRecords)}
	for b := range ordered {
		<-b.sifted
		if err := c.take(b); err != nil {
			return nil, err
		}
	}
	t := c.tally
	switch {
	case readErr != nil:
		return nil, readErr
	case t.requests == 0:
		return nil, errors.New("there are no requests in what was given")
	}
	s := &Summary{
		Bytes: r.read, Lines: c.lines, Requests: t.requests, Named: t.named, Tokens: len(t.tokens), Alerts: t.alerts, Skipped: c.skipped,
	}
	return s, pageTemplate().Execute(page, newPage(cfg, t, s))
}

// collector takes in what was found, block by block.
type collector struct {
	cfg     *Config
	tally   *tally
	entries *tokenbehaviorconnector.Entries
	obs     []behavior.Observation

	lines   int
	skipped Skipped
	file    progress // that is read now
}

// progress is how far a file was read.
type progress struct {
	lines, skipped int
	reason         error // why the first of them was skipped
}

func (c *collector) take(b *block) error {
	c.lines += b.lines
	c.skipped.add(b.skipped)
	c.obs = c.obs[:0]
	for i := range b.records {
		if r := &b.records[i]; c.entries.Request(r) {
			c.obs = append(c.obs, r.Observation)
		}
	}
	clear(b.records)
	records := b.records
	recordPool.Put(&records)
	if len(c.obs) > 0 {
		at := time.Unix(0, c.obs[len(c.obs)-1].Time).UTC()
		if c.tally.take(c.obs); c.cfg.Progress != nil {
			c.cfg.Progress(b.part, at, c.tally.requests)
		}
	}
	if err := errors.Join(b.failure, b.err); err != nil {
		return err
	}
	return c.hope(b)
}

// hope gives up a file in which nothing can be read.
func (c *collector) hope(b *block) (err error) {
	f := &c.file
	f.lines += b.lines
	if f.skipped += b.skipped.Lines; f.reason == nil {
		f.reason = b.reason
	}
	switch {
	case f.reason == nil || f.skipped < f.lines:
	case b.last:
		err = fmt.Errorf("read requests: %s: none of its %d lines could be read: line 1: %w", b.path, b.end, f.reason)
	case b.end >= hopeless:
		err = fmt.Errorf("read requests: %s: none of its first %d lines could be read: line 1: %w", b.path, b.end, f.reason)
	}
	if b.last {
		*f = progress{}
	}
	return err
}

// pageTemplate is parsed on use: few commands need it.
func pageTemplate() *template.Template { return template.Must(template.New("report").Parse(pageHTML)) }
