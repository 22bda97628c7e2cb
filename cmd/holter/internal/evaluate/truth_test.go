package evaluate

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
)

var update = flag.Bool("update", false, "write the expected output anew")

// first is the day on which the stories begin to be judged.
var first = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

func at(days, n int) int64 { return first.AddDate(0, 0, days).UnixNano() + int64(n)*int64(time.Minute) }

// told is the truth about five requests a day of four tokens: calm, young (from day 6 on), stolen (from its third request of day 2
// on) and sham, five days before the first and ten days from it on.
func told() *truth {
	start := float64(at(2, 2)) / 1e9
	t := newTruth(&Stream{From: first, Labels: map[string]Label{
		"stolen":   {Family: "swap", Magnitude: "10", Start: start, Horizon: 3},
		"missed":   {Family: "swap", Magnitude: "9", Start: start, Horizon: 3},
		"innocent": {Family: sham, Start: start, Horizon: 3},
		"never":    {Family: "burst", Start: float64(at(99, 0)) / 1e9, Horizon: 3},
	}})
	for d := -5; d < 10; d++ {
		for n := range 5 {
			for _, token := range []string{"calm", "young", "stolen", "missed", "innocent", "never"} {
				if token != "young" || d >= 6 {
					t.see(&behavior.Observation{Token: token, Time: at(d, n)})
				}
			}
		}
	}
	return t
}

func TestTruthIsThatOfTheStream(t *testing.T) {
	tr := told()
	assert.Equal(t, 10, tr.judged, "the calm token's, from the first day on")
	r := tr.score(5, []alert{
		{"calm", at(-1, 1), anomaly.NewCountry},    // too early
		{"calm", at(4, 1), anomaly.NewCountry},     // false
		{"calm", at(4, 1), anomaly.OddHours},       // and another
		{"young", at(8, 1), anomaly.NewCountry},    // not known well enough
		{"stolen", at(2, 1), anomaly.NewCountry},   // before the theft
		{"stolen", at(3, 1), anomaly.NewClient},    // the fifth hostile request, on the second day
		{"stolen", at(4, 4), anomaly.NewCountry},   // later
		{"stolen", at(5, 0), anomaly.ErrorSpike},   // too late
		{"innocent", at(9, 0), anomaly.NewCountry}, // too late
	})
	assert.Equal(t, 2, r.FalseAlerts)
	assert.Equal(t, 2, r.Early)
	assert.InDelta(t, 200, r.PerThousand, 1e-9)
	low, high := poisson(2)
	assert.Equal(t, []float64{low * 100, high * 100}, []float64{r.Low, r.High})

	require.Len(t, r.Families, 4, "nothing happened to the token whose theft lies behind the end")
	swap := r.Families[0]
	assert.Equal(t, []any{"swap", "", 2, 1}, []any{swap.Name, swap.Magnitude, swap.Cases, swap.Hits})
	assert.Equal(t, []float64{5, 1439}, []float64{*swap.Requests, *swap.Minutes})
	assert.Equal(t, []string{"9", "10", ""}, []string{r.Families[1].Magnitude, r.Families[2].Magnitude, r.Families[3].Magnitude})
	assert.Equal(t, []any{sham, 1, 0}, []any{r.Families[3].Name, r.Families[3].Cases, r.Families[3].Hits})
	assert.Equal(t, []Detector{{"error_spike", 0, 0}, {"new_client", 0, 1}, {"new_country", 1, 1}, {"odd_hours", 1, 0}}, r.Detectors)
}

func TestAnEventAboutManyTokensCountsForEach(t *testing.T) {
	one := alertsOf(&anomaly.Event{Time: 7, Detector: anomaly.NewClient, Token: anomaly.Token{ID: "a"}})
	assert.Equal(t, []alert{{"a", 7, anomaly.NewClient}}, one)
	many := alertsOf(&anomaly.Event{Time: 7, Detector: "population_shift", Tokens: []string{"a", "b"}})
	assert.Equal(t, []alert{{"a", 7, "population_shift"}, {"b", 7, "population_shift"}}, many)
}

func TestReportLooksLikeThis(t *testing.T) {
	tr := told()
	alerts := []alert{{"calm", at(4, 1), anomaly.NewCountry}, {"stolen", at(3, 1), anomaly.NewClient}}
	r := &Report{
		Stream: "a story", Tokens: 6, Thefts: 2, Requests: tr.requests, From: first, TokenDays: tr.judged,
		First: time.Unix(0, tr.began).UTC(), Last: time.Unix(0, tr.last).UTC(), Results: []Result{tr.score(0.1, nil), tr.score(5, alerts)},
		Calibration: []Bets{{"country", "all", 10, 0.98, Tail{0.5, 0, 0}}, {"country", "≥ 30 a day", 4, 1.02, Tail{0.5, 1, 0}}},
	}
	var out bytes.Buffer
	require.NoError(t, r.Text(&out, 1))
	const golden = "testdata/report.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())

	out.Reset()
	require.NoError(t, r.JSON(&out))
	var read Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, r, &read)
}
