package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadatatest"
	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

func clocksForTest(t *testing.T) *clocks {
	telemetry, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	return newClocks(telemetry, zap.NewNop())
}

func resourceOf(attrs map[string]any) pcommon.Map {
	m := pcommon.NewMap()
	_ = m.FromRaw(attrs)
	return m
}

// arriving are records that end so long after they arrive.
func arriving(arrival time.Time, ahead ...time.Duration) []otelattr.Record {
	records := make([]otelattr.Record, len(ahead))
	for i := range records {
		records[i].Time = arrival.Add(ahead[i]).UnixNano()
	}
	return records
}

func TestAClockThatRunsAhead(t *testing.T) {
	c := clocksForTest(t)
	good, bad := resourceOf(map[string]any{"service.name": "shop", "host.name": "a"}), resourceOf(map[string]any{"service.name": "shop", "host.name": "b"})
	at := morning
	for range 50 {
		at = at.Add(time.Second)
		fine := arriving(at, -time.Second, -time.Hour, time.Minute)
		was := fine[2].Time
		c.records(good, fine, at.UnixNano())
		require.Equal(t, was, fine[2].Time)
		require.False(t, fine[2].HourUnknown)
	}
	ahead := arriving(at, 3*time.Hour-2*time.Second, 3*time.Hour-30*time.Second, -time.Hour)
	c.records(bad, ahead, at.UnixNano())
	for _, r := range ahead[:2] {
		assert.InDelta(t, at.UnixNano(), r.Time, float64(2*time.Minute))
		assert.True(t, r.HourUnknown)
		assert.False(t, r.Astray)
	}
	assert.False(t, ahead[2].HourUnknown)

	wild := arriving(at, 3*365*24*time.Hour, 9*24*time.Hour)
	c.records(bad, wild, at.UnixNano())
	assert.True(t, wild[0].Astray, "no clock is so far ahead")
	assert.True(t, wild[1].Astray, "it does not go with the others of its source")

	uses := []otelattr.Consumption{{Time: at.Add(3 * time.Hour).UnixNano()}}
	c.uses(bad, uses, at.UnixNano())
	assert.InDelta(t, at.UnixNano(), uses[0].Time, float64(2*time.Minute))
}

func TestWhereMostIsFutureNothingIsTouched(t *testing.T) {
	c := clocksForTest(t)
	for i := range 1000 {
		records := arriving(morning, time.Duration(i+1)*time.Hour)
		was := records[0]
		c.records(resourceOf(map[string]any{"service.name": fmt.Sprint(i % 3)}), records, morning.UnixNano())
		require.Equal(t, was, records[0])
	}
}

func TestSourcesBeyondTheLimitAreForgottenAndCounted(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	builder, err := metadata.NewTelemetryBuilder(telemetry.NewTelemetrySettings())
	require.NoError(t, err)
	c := newClocks(builder, zap.NewNop())
	for i := range 3*clockSources + 7 {
		c.source(fmt.Sprint(i))
	}
	assert.Len(t, c.sources, 7)
	forgotten := []metricdata.DataPoint[int64]{{Value: 3 * clockSources}}
	metadatatest.AssertEqualTokenBehaviorClockEvictions(t, telemetry, forgotten, metricdatatest.IgnoreTimestamp())
}

func TestSourcesAreNamedByWhatHasAClock(t *testing.T) {
	for want, attrs := range map[string]map[string]any{
		"i":    {"service.name": "shop", "host.name": "h", "service.instance.id": "i"},
		"h":    {"service.name": "shop", "host.name": "h"},
		"shop": {"service.name": "shop"},
		"":     {},
	} {
		assert.Equal(t, want, otelattr.SourceOf(resourceOf(attrs)))
	}
}

// A host whose clock is two days and nine hours ahead serves a token that other hosts serve as well: nobody is late, nothing happens at
// odd hours, and every other token has the events that it has without that host.
func TestASourceThatIsAheadMakesNobodyLate(t *testing.T) {
	start := now() - 20*int64(24*time.Hour)
	start -= start % int64(24*time.Hour)
	run := func(wrong bool) (events []anomaly.Event, stats behavior.Stats) {
		c := clocksForTest(t)
		e := behavior.New(behavior.Config{Budget: behavior.Budget{FalseAlerts: 100, PerTokenDays: 1000}})
		for d := range int64(20) {
			for n := range int64(30) {
				for k := range 8 {
					at := start + d*int64(24*time.Hour) + int64(9*time.Hour) + n*int64(10*time.Minute) + int64(k)
					records := []otelattr.Record{{Observation: behavior.Observation{
						Token: fmt.Sprint("k", k), Time: at, Service: "shop", Method: "GET", Route: fmt.Sprint("/", n%5), Country: "DE", Network: "AS3320",
						Client: "sdk", RequestBytes: -1, ResponseBytes: -1, Trace: [16]byte{byte(d), byte(n), byte(k)},
					}}}
					if d == 19 && k == 3 {
						records[0].Country, records[0].Network, records[0].Client = "NL", "AS14061", "curl"
					}
					source := resourceOf(map[string]any{"host.name": "a"})
					if wrong && d > 5 && k == 0 && n%2 == 0 {
						source = resourceOf(map[string]any{"host.name": "b"})
						records[0].Time += int64(57 * time.Hour)
					}
					c.records(source, records, at+int64(time.Second))
					events = append(events, e.Apply([]behavior.Observation{records[0].Observation})...)
				}
			}
		}
		return events, e.Stats()
	}
	want, _ := run(false)
	require.NotEmpty(t, want)
	got, stats := run(true)
	assert.Equal(t, want, got)
	assert.Zero(t, stats.Late)
	assert.Zero(t, stats.Skewed)
}
