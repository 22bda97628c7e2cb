package report

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
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

// Run reads the files and writes the page.
func Run(ctx context.Context, cfg Config, page io.Writer) (*Summary, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches, seen := make(chan batch, 4), make(chan []behavior.Observation, 4)
	r := &reader{service: cfg.Service, out: batches}
	var readErr, identifyErr error
	go func() {
		defer close(batches)
		readErr = r.all(ctx, cfg.Paths)
	}()
	go func() {
		defer close(seen)
		if identifyErr = identify(ctx, cfg, batches, seen); identifyErr != nil {
			stop()
		}
	}()
	engine := behavior.New(behavior.Config{
		Budget: behavior.Budget{FalseAlerts: cfg.Budget, Per: 7 * 24 * time.Hour}, Limits: behavior.Limits{MaxTokens: cfg.MaxTokens, LiveTokens: cfg.MaxTokens},
		Routes: route.New(route.Options{}),
	})
	t := newTally(engine, cfg.MaxTokens)
	for obs := range seen {
		t.take(obs)
	}
	switch {
	case identifyErr != nil:
		return nil, identifyErr
	case readErr != nil:
		return nil, readErr
	case t.requests == 0:
		return nil, errors.New("there are no requests in what was given")
	}
	s := &Summary{
		Bytes: r.read, Lines: r.lines, Requests: t.requests, Named: t.named, Tokens: len(t.tokens), Alerts: t.alerts, Skipped: r.skipped,
	}
	return s, pageTemplate().Execute(page, newPage(cfg, t, s))
}

// identify sends batches through token_identity and hands on the requests in them.
func identify(ctx context.Context, cfg Config, batches <-chan batch, seen chan<- []behavior.Observation) error {
	c := collector{entries: tokenbehaviorconnector.NewEntries(recentRecords)}
	i, err := newIdentifier(ctx, cfg.Owners, c.logs, c.traces)
	if err != nil {
		for range batches { // the reader waits to be rid of them
		}
		return err
	}
	defer i.stop(context.WithoutCancel(ctx))
	total := 0
	for b := range batches {
		c.found = nil
		if b.spans {
			err = i.traces.ConsumeTraces(ctx, b.traces)
		} else {
			err = i.logs.ConsumeLogs(ctx, b.logs)
		}
		if err != nil {
			return fmt.Errorf("identify tokens: %w", err)
		}
		if len(c.found) == 0 {
			continue
		}
		total += len(c.found)
		if cfg.Progress != nil {
			cfg.Progress(b.done, time.Unix(0, c.found[len(c.found)-1].Time).UTC(), total)
		}
		select {
		case seen <- c.found:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// collector reads requests from what token_identity has cleaned.
type collector struct {
	found   []behavior.Observation
	entries *tokenbehaviorconnector.Entries
}

// recentRecords are remembered to tell spans of one request.
const recentRecords = 262_144

func (c *collector) logs(ld plog.Logs) {
	eachLog(ld, func(resource pcommon.Resource, log plog.LogRecord) {
		var r otelattr.Record
		if !otelattr.OriginOf(resource.Attributes(), "").Log(log, &r) {
			if _, request := log.Attributes().Get(otelattr.HTTPMethod); request && log.Timestamp() != 0 {
				c.found = append(c.found, behavior.Observation{Time: int64(log.Timestamp())})
			}
			return
		}
		if c.entries.Request(&r) {
			c.found = append(c.found, r.Observation)
		}
	})
}

// traces takes the spans of servers: each of them is a request, unless it is part of one.
func (c *collector) traces(td ptrace.Traces) {
	eachSpan(td, func(resource pcommon.Resource, span ptrace.Span) {
		var r otelattr.Record
		if otelattr.OriginOf(resource.Attributes(), "").Span(span, &r) && r.Served && c.entries.Request(&r) {
			c.found = append(c.found, r.Observation)
		}
	})
}

// pageTemplate is parsed on use: few commands need it.
func pageTemplate() *template.Template { return template.Must(template.New("report").Parse(pageHTML)) }
