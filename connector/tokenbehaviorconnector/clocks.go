package tokenbehaviorconnector

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
)

// clocks finds sources whose clock runs ahead: what happened cannot have arrived before it did. Their times are put right by how far ahead
// they are, so that they make nobody else late. Where most of what arrives lies in the future it is our clock that is wrong, or the telemetry is
// played back, and nothing is touched.
type clocks struct {
	telemetry *metadata.TelemetryBuilder
	logger    *zap.Logger

	mu      sync.Mutex
	future  float64 // share of the latest records that lie in the future
	sources map[string]*clock
}

// clock is how far ahead a source was with its latest records from the future.
type clock struct {
	ahead [3]int64
	n     int
	said  bool
}

const (
	clockTolerance = int64(5 * time.Minute)     // what clocks differ by anyway
	clockAgrees    = int64(10 * time.Minute)    // a record's own difference from that of its source
	clockAstray    = int64(45 * 24 * time.Hour) // no clock is so far ahead: the time means nothing
	clockMemory    = 64                         // records that the share of future ones remembers
	clockNone      = 1e-9                       // a share of future ones that is none
	clockSources   = 1024                       // beyond them all are forgotten and found anew
)

func newClocks(telemetry *metadata.TelemetryBuilder, logger *zap.Logger) *clocks {
	return &clocks{telemetry: telemetry, logger: logger, future: 1, sources: make(map[string]*clock)}
}

// see takes in n records, of which some lie in the future, and says whether those are wrong.
func (c *clocks) see(n, future int) (wrong bool) {
	for range n - future {
		c.future -= c.future / clockMemory
	}
	if c.future < clockNone {
		c.future = 0
	}
	for range future {
		c.future += (1 - c.future) / clockMemory
	}
	return c.future < 0.5
}

// records puts right those of one resource.
func (c *clocks) records(resource pcommon.Map, records []otelattr.Record, arrival int64) {
	future := 0
	for i := range records {
		if records[i].Time > arrival+clockTolerance {
			future++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.see(len(records), future) || future == 0 {
		return
	}
	name := otelattr.SourceOf(resource)
	source := c.source(name)
	var corrected int64
	for i := range records {
		r := &records[i]
		if r.Time <= arrival+clockTolerance {
			continue
		}
		ahead, sure := source.of(r.Time - arrival)
		if !sure {
			r.Astray = true
			continue
		}
		r.Time, r.HourUnknown = r.Time-ahead, true
		corrected++
		c.say(name, source, ahead)
	}
	c.telemetry.TokenBehaviorClockAhead.Add(context.Background(), corrected)
}

// uses puts right what spans used; what lies astray has no time.
func (c *clocks) uses(resource pcommon.Map, uses []otelattr.Consumption, arrival int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range uses {
		u := &uses[i]
		if u.Time <= arrival+clockTolerance || c.future >= 0.5 {
			continue
		}
		if ahead, sure := c.source(otelattr.SourceOf(resource)).of(u.Time - arrival); sure {
			u.Time -= ahead
		} else {
			u.Time = 0
		}
	}
}

func (c *clocks) source(name string) *clock {
	s := c.sources[name]
	if s == nil {
		if len(c.sources) >= clockSources {
			c.telemetry.TokenBehaviorClockEvictions.Add(context.Background(), int64(len(c.sources)))
			clear(c.sources)
		}
		s = &clock{}
		c.sources[name] = s
	}
	return s
}

// of estimates how far ahead the source is from a record that is so far ahead, in whole minutes; not sure if it does not go with the others.
func (s *clock) of(ahead int64) (estimate int64, sure bool) {
	if ahead > clockAstray {
		return 0, false
	}
	s.ahead[s.n%len(s.ahead)] = ahead
	s.n++
	latest := s.ahead
	known := latest[:min(s.n, len(latest))]
	slices.Sort(known)
	estimate = known[len(known)/2]
	if ahead-estimate > clockAgrees || estimate-ahead > clockAgrees {
		return 0, false
	}
	return int64(time.Duration(estimate + int64(time.Minute) - 1).Truncate(time.Minute)), true
}

// say says once that a source is ahead.
func (c *clocks) say(name string, s *clock, ahead int64) {
	if s.said {
		return
	}
	s.said = true
	c.logger.Warn("the clock of a source runs ahead: its times are put right and its hours are not judged; set its clock, with NTP for example",
		zap.String("source", name), zap.Duration("ahead", time.Duration(ahead)))
}
