package evaluate

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/sim"
)

const seed = 20260427

// scale is the part of a proof that is run: all of it under HOLTER_PROVE.
func scale() int {
	if os.Getenv("HOLTER_PROVE") != "" {
		return 1
	}
	return 20
}

// A budget holds in every scenario, with and without network data: some 10,000 active token-days of each under HOLTER_PROVE, else a
// twentieth. On so few a handful of false alerts lies above the budget by chance; far above it lies no part of the interval.
func TestBudgetsHoldInEveryScenario(t *testing.T) {
	scale := scale()
	for _, scenario := range sim.Scenarios() {
		for name, networks := range map[string]bool{"without network data": false, "with network data": true} {
			t.Run(scenario.Name+" "+name, func(t *testing.T) {
				t.Parallel()
				s, err := Simulated(Population{Seed: seed, Scenario: scenario.Name, Networks: networks, Tokens: scenario.Tokens / scale, Volume: 1, End: first.AddDate(0, 2, 0)})
				require.NoError(t, err)
				budgets := []float64{5, 10}
				r, err := Run(t.Context(), s, Config{Budgets: budgets})
				require.NoError(t, err)
				assert.Greater(t, r.TokenDays, 8000/scale)
				for i, budget := range budgets {
					x := &r.Results[i]
					t.Logf("budget %v: %.2f false alerts per 1,000 of %d token-days (95 %%: %.2f–%.2f)", budget, x.PerThousand, r.TokenDays, x.Low, x.High)
					if scale == 1 {
						assert.LessOrEqual(t, x.PerThousand, budget)
					}
					assert.LessOrEqual(t, x.Low, 1.5*budget)
				}
				if scenario.Name == "cdn" {
					assert.Greater(t, r.Hidden, uint64(r.TokenDays), "who is seen through a CDN has no origin, on judged days and others")
				} else {
					assert.Less(t, r.Hidden, uint64(max(10, r.TokenDays/3)))
				}
			})
		}
	}
}

// Ten alerts a week are no more than ten, however many tokens there are, and although a month turns: 120,000 token-days under HOLTER_PROVE,
// else a twentieth.
func TestAWeeksBudgetHoldsAmongManyTokens(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	s, err := Simulated(Population{Seed: seed, Scenario: "usual", Tokens: 6000 / scale(), Days: 45, Volume: 1, End: time.Date(2026, 4, 27, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	r, err := Run(t.Context(), s, Config{Budgets: []float64{10}, Per: week})
	require.NoError(t, err)
	assert.Greater(t, r.TokenDays, 100_000/scale())
	t.Logf("%.2f false alerts a week", r.Results[0].InThat)
	assert.LessOrEqual(t, r.Results[0].InThat, 10.0)
}
