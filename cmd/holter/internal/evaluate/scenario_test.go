package evaluate

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/sim"
)

// A budget holds in every scenario, with and without network data: some 10,000 active token-days of each under HOLTER_PROVE, else a
// twentieth. On so few a handful of false alerts lies above the budget by chance; far above it lies no part of the interval.
func TestBudgetsHoldInEveryScenario(t *testing.T) {
	const seed = 20260427
	scale := 20
	if os.Getenv("HOLTER_PROVE") != "" {
		scale = 1
	}
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
