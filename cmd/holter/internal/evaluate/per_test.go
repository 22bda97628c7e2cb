package evaluate

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A budget for a time is for all tokens together, and the report says what it came to in that time.
func TestABudgetForATime(t *testing.T) {
	const week = 7 * 24 * time.Hour
	run := func(budget float64, per time.Duration) (*Report, error) {
		s, err := Simulated(Population{Seed: 3, Tokens: 40, Days: 30, Volume: 1, End: first.AddDate(0, 1, 0)})
		require.NoError(t, err)
		return Run(t.Context(), s, Config{Budgets: []float64{budget}, Per: per})
	}
	few, err := run(0.001, week)
	require.NoError(t, err)
	many, err := run(2000, week)
	require.NoError(t, err)
	assert.Less(t, few.Results[0].Alerts, many.Results[0].Alerts)
	x := &many.Results[0]
	assert.InDelta(t, float64(x.FalseAlerts)*float64(week)/float64(many.Last.Sub(many.From)), x.InThat, 1e-9)
	var text bytes.Buffer
	require.NoError(t, many.Text(&text, 0))
	assert.Contains(t, text.String(), "budget 2000 in 7 days (")

	_, err = run(1, -week)
	require.ErrorContains(t, err, "alert_budget")
	_, err = run(2000, 0)
	require.ErrorContains(t, err, "per 1,000 active token-days")
	assert.Equal(t, "1h30m0s", spell(90*time.Minute))
}
