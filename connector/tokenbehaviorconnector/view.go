package tokenbehaviorconnector

import (
	"cmp"
	"context"
	"iter"
	"time"

	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/behavior"
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
	evidence evidence
	unsure   unsure
}

// viewOptions are the settings of a pipeline.
type viewOptions struct {
	usage.Options
	ByMinute bool
	LastUsed bool
	Evidence bool
	Every    time.Duration // between two batches
}

// counter is a usage.Meter, or usage.Minutes.
type counter interface {
	Record(*behavior.Observation, usage.Role)
	Cover(at int64, service string, spans usage.Coverage)
	Charge(*behavior.Observation, *usage.Charge)
	Await([]*behavior.Observation)
	Batches(now int64) iter.Seq[*usage.Batch]
	Forget(tokens []string)
	Overflowed() uint64
}

// mostBehind is how many batches wait for a pipeline from which on deltas are counted on, since they add up, and cut only
// where they have to be: with the state, and at the end.
const mostBehind = 8

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
		Evidence: output.Evidence,
		Every:    cmp.Or(output.FlushInterval, c.Metrics.FlushInterval),
	}
	options.Sightings = options.LastUsed || options.Evidence
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

// behind says whether so many deltas wait for a pipeline.
func (v *view) behind(batches int) bool {
	if !v.Delta {
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
