package behavior

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimitIsNominalBeforeAnythingIsMeasured(t *testing.T) {
	var c calibration
	for _, rate := range []float64{0.001, 0.0001, 0.00001} {
		require.InDelta(t, -math.Log(rate), c.limit(0, c.passed[0], rate, rate, rate, false), levelStep)
	}
}

func TestLimitFollowsTheMeasuredTail(t *testing.T) {
	for _, tail := range []float64{0.5, 1, 2} { // P(evidence > c) = 0.2·exp(-tail·c)
		var c calibration
		r := rand.New(rand.NewPCG(1, 2))
		for range 200_000 {
			c.days++
			if r.Float64() < 0.2 {
				nats := r.ExpFloat64() / tail
				c.add(0, 0, nats, nats/2)
			}
		}
		for _, rate := range []float64{0.005, 0.0005} {
			require.InDelta(t, math.Log(0.2/rate)/tail, c.limit(0, c.passed[0], rate, rate, rate, false), 0.2*math.Log(0.2/rate)/tail+levelStep, "tail %v rate %v", tail, rate)
			require.InDelta(t, math.Log(0.2/rate)/tail/2, c.limit(0, c.settled[0], rate, rate, rate, false), 0.1*math.Log(0.2/rate)/tail+levelStep, "a day as a whole")
		}
	}
}

// What happens once in a million days cannot be seen in ten thousand: the tail is continued from where there are counts, and on the mean over
// many draws the budget is missed by a few times at most, not by the hundred that nobody has seen.
func TestLimitBeyondWhatWasMeasured(t *testing.T) {
	const rate, days, draws = 1e-6, 10_000, 40
	for _, tail := range []float64{0.4, 0.7, 1, 2} {
		for _, share := range []float64{0.3, 0.01, 0.0005} {
			var passes, farthest float64
			for seed := range uint64(draws) {
				var c calibration
				r := rand.New(rand.NewPCG(seed, 1))
				for range days {
					c.days++
					if r.Float64() < share {
						nats := r.ExpFloat64() / tail
						c.add(0, 0, nats, nats)
					}
				}
				limit := c.limit(0, c.passed[0], rate, rate, rate, true)
				passes += share * math.Exp(-tail*limit) / draws
				farthest = max(farthest, limit)
			}
			require.Less(t, passes, 5*rate, "tail %v share %v", tail, share)
			require.Less(t, farthest, 60.0, "tail %v share %v: it is still to be reached", tail, share)
		}
	}
}

func TestALargeInstallationRemembersAMonth(t *testing.T) {
	c := calibration{days: 7e6}
	c.passed[0].rise(0, 3)
	c.fade(1e6)
	require.InDelta(t, 7e6, c.days, 0)
	c.fade(1e5)
	require.InDelta(t, 3e6, c.days, 0)
	require.InDelta(t, 3.0/7, c.passed[0].at(1), 1e-12)
	c.fade(100)
	require.InDelta(t, memoryDays, c.days, 0)
}

func TestRateOfABudget(t *testing.T) {
	require.InDelta(t, 0.005, Budget{FalseAlerts: 5, PerTokenDays: 1000}.rate(1e6), 1e-12)
	week := Budget{FalseAlerts: 10, Per: 7 * 24 * time.Hour}
	require.InDelta(t, 10.0/7/5000, week.rate(5000), 1e-12)
	require.InDelta(t, 10.0/7/1e6, week.rate(1e6), 1e-12, "a million tokens share the same ten alerts")
	require.LessOrEqual(t, week.rate(3), 0.01, "and three tokens do not use them up")

	require.InDelta(t, kept*0.01, handedOut(0.01), 1e-12)
	require.InDelta(t, kept*ample, handedOut(ample), 1e-12)
	require.InDelta(t, kept*0.001*0.5693, handedOut(0.001), 1e-7, "(1/5)^0.35: of what is rarer less is handed out")
	require.InDelta(t, kept*1e-6*0.0507, handedOut(1e-6), 1e-10)
}
