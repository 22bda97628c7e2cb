package console

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// monday is the first hour of a week.
var monday = time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC)

func TestAWeekOfShares(t *testing.T) {
	daily := make([]float64, 24)
	daily[9] = 3
	daily[10] = 1
	w := weekOf(daily)
	assert.InDelta(t, 1, sum(w[:]), 1e-9)
	assert.InDelta(t, .75/7, w[9], 1e-9)
	assert.InDelta(t, .75/7, w[6*24+9], 1e-9, "on Sundays too")

	kinds := make([]float64, 48)
	kinds[9], kinds[24+20] = 8, 2 // weekdays at nine, weekends at eight in the evening
	w = weekOf(kinds)
	assert.InDelta(t, .8/5, w[9], 1e-9)
	assert.InDelta(t, 0, w[5*24+9], 1e-9)
	assert.InDelta(t, .2/2, w[6*24+20], 1e-9)

	assert.Zero(t, weekOf([]float64{1, 2}), "that is no day")
	daily[3] = math.NaN()
	w = weekOf(daily)
	assert.InDelta(t, 1, sum(w[:]), 1e-9, "what is no number is nothing")
	assert.Equal(t, 0, hourOfWeek(monday))
	assert.Equal(t, 6*24+23, hourOfWeek(monday.Add(-time.Hour)))
}

func sum(all []float64) (s float64) {
	for _, v := range all {
		s += v
	}
	return s
}

func TestTheBandFollowsTheHours(t *testing.T) {
	event := &store.Event{Attributes: json.RawMessage(`{"baseline.days": 30, "baseline.state": "ready",
		"baseline.requests_per_day": {"low": 800, "median": 1000, "high": 1200}, "baseline.hours": [0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0]}`)}
	b := baselineOf(event)
	low, high := b.band(monday, time.Hour, 24)
	assert.Equal(t, points{0, 0, 0}, points{low[8], high[8], low[11]}, "nothing is usual where nothing was seen")
	assert.Equal(t, []float64{math.Floor(400 - 40), math.Ceil(600 + 2*math.Sqrt(600))}, []float64{low[9], high[9]})
	low, high = b.band(monday, 24*time.Hour, 2)
	assert.Equal(t, []float64{math.Floor(800 - 2*math.Sqrt(800)), math.Ceil(1200 + 2*math.Sqrt(1200))}, []float64{low[1], high[1]}, "a day is a day")
	low, _ = b.band(monday.Add(9*time.Hour), 30*time.Minute, 1)
	assert.Equal(t, math.Floor(200-2*math.Sqrt(200)), low[0], "half an hour has half of it")

	weekdays := weekOf(append(append(make([]float64, 9), 1), make([]float64, 38)...))
	assert.InDelta(t, 5, weekdays.daysUsed(), 1e-9)
	b = &baseline{State: "ready", Low: 1000, High: 1000, Hours: weekdays}
	low, high = b.band(monday, 24*time.Hour, 7)
	assert.Equal(t, math.Floor(1000-2*math.Sqrt(1000)), low[0], "a day with requests has what such days have")
	assert.Zero(t, high[6], "and a Sunday has none")

	for name, attributes := range map[string]string{
		"learning": `{"baseline.state": "learning", "baseline.requests_per_day": {"high": 9}}`, "empty": `{}`, "damaged": `[`,
		"no numbers": `{"baseline.state": "ready", "baseline.requests_per_day": {"high": null, "low": 1}}`,
	} {
		low, high := baselineOf(&store.Event{Attributes: json.RawMessage(attributes)}).band(monday, time.Hour, 1)
		assert.True(t, math.IsNaN(low[0]) && math.IsNaN(high[0]), name)
	}
}

func TestPointsWithoutAValueAreNull(t *testing.T) {
	text, err := json.Marshal(points{1, math.NaN(), .25, math.Inf(1), 1e20})
	require.NoError(t, err)
	assert.Equal(t, `[1,null,0.25,null,1e+20]`, string(text))
}
