package tokenbehaviorconnector

import (
	"cmp"
	"context"
	"iter"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/usage"
)

// view is what pipelines with the same settings share.
type view struct {
	viewOptions
	counter  counter
	overflow uint64 // reported
	pipes    []*metricsPipe
	released uint64    // records up to here are in delta batches that were cut
	at       int64     // when the latest was
	flushed  time.Time // the same on the clock
}

// viewOptions are the settings of a pipeline.
type viewOptions struct {
	usage.Options
	ByMinute bool
	LastUsed bool
	Every    time.Duration // between two batches
}

// counter is a usage.Meter, or usage.Minutes.
type counter interface {
	Record(*behavior.Observation, usage.Role)
	Cover(at int64, service string, spans usage.Coverage)
	Charge(*behavior.Observation, *usage.Charge)
	Await([]behavior.Observation)
	Batches(now int64) iter.Seq[*usage.Batch]
	Overflowed() uint64
}

// mostBehind is how many batches wait for a pipeline from which on minutes are counted on, since they add up, and not cut.
const mostBehind = 8

// pageTokens is how many tokens' usage goes into what a pipeline gets at once, where it can be divided.
const pageTokens = 1_000

// viewOptions are the settings of one pipeline.
func (c *Config) viewOptions(id pipeline.ID) viewOptions {
	output := c.Outputs[id]
	options := viewOptions{
		Options: usage.Options{
			Delta:       cmp.Or(output.Temporality, c.Metrics.Temporality) == temporalityDelta,
			MaxTokens:   cmp.Or(output.MaxTokens, c.Metrics.MaxTokens),
			MaxRoutes:   c.Metrics.MaxRoutes,
			MaxOrigins:  c.Metrics.MaxOrigins,
			MaxReleases: c.Metrics.MaxReleases,
			MaxClients:  c.Metrics.MaxClients,
			MaxShared:   c.Metrics.MaxServiceRoutes,
		},
		ByMinute: output.ByMinute,
		LastUsed: output.LastUsed,
		Every:    cmp.Or(output.FlushInterval, c.Metrics.FlushInterval),
	}
	options.Sightings = options.LastUsed
	if options.ByMinute {
		options.MaxCells = c.Limits.MaxTokenMinutes
	}
	return options
}

func (v *view) begin(now int64) {
	if v.ByMinute {
		v.counter = usage.NewMinutes(v.Options)
	} else {
		v.counter = usage.New(v.Options, now)
	}
	v.overflow, v.at, v.flushed = 0, now, time.Now()
}

// due says whether it is time for a batch, up to half a tick of the clock.
func (v *view) due(tick time.Duration) bool {
	return time.Since(v.flushed) > v.Every-tick/2 && !v.behind(mostBehind)
}

// behind says whether so many batches by the minute wait for a pipeline.
func (v *view) behind(batches int) bool {
	if !v.ByMinute {
		return false
	}
	for _, pipe := range v.pipes {
		if pipe.courier.len() >= batches {
			return true
		}
	}
	return false
}

// crowded says whether a batch has to be cut for want of room.
func (v *view) crowded() bool {
	minutes, ok := v.counter.(*usage.Minutes)
	return ok && minutes.Crowded() && !v.behind(deltaBatches/4)
}

// pages are what was counted, as a pipeline gets it.
func (o *metricsOutput) pages(v *view, now int64) []pmetric.Metrics {
	var all []pmetric.Metrics
	var page *otelattr.UsageWriter
	tokens := 0
	for b := range v.counter.Batches(now) {
		if page == nil || tokens >= pageTokens {
			if page != nil {
				page.Close()
			}
			md := o.blank()
			all = append(all, md)
			page, tokens = otelattr.NewUsageWriter(b.Delta, md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()), 0
		}
		page.Put(b)
		if v.LastUsed {
			for i := range b.Sightings {
				page.PutLastUsed(&b.Sightings[i])
			}
		}
		tokens += len(b.Tokens) + len(b.Sightings)
	}
	if page != nil {
		page.Close()
	}
	v.flushed = time.Now()
	o.reportOverflow(v)
	return all
}

// blank is where metrics go.
func (o *metricsOutput) blank() pmetric.Metrics {
	md := pmetric.NewMetrics()
	scope := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(o.version)
	return md
}

func (o *metricsOutput) reportOverflow(v *view) {
	n := v.counter.Overflowed() - v.overflow
	v.overflow += n
	if n == 0 {
		return
	}
	for _, pipe := range v.pipes {
		o.telemetry.TokenBehaviorOverflow.Add(context.Background(), int64(n), pipe.attribute)
	}
}
