package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What follows from the plan is what the plan says of itself.
func TestAnEstateIsAsItIsPlanned(t *testing.T) {
	end := time.Date(2026, 7, 20, 9, 30, 0, 0, time.UTC)
	f, truth := NewEstate(7, end)
	assert.Equal(t, time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC), f.End())
	var last time.Time
	var all int64
	for q := range f.Requests() {
		require.False(t, q.Time.Before(last), "requests are in order")
		last = q.Time
		if q.Shown == Whole {
			all++
		}
	}
	require.True(t, last.Before(f.End()))
	var byToken int64
	for _, n := range truth.Requests {
		byToken += n
	}
	assert.Equal(t, all, byToken)

	limit := truth.Limits[slices.IndexFunc(truth.Limits, func(l TrueLimit) bool { return l.Token == "limits" && l.Window == time.Minute })]
	assert.Equal(t, TrueLimit{Token: "limits", Window: time.Minute, P50: 4, P90: 10, P99: 20, Max: 100, Recommended: 30, WouldRefuse: 2 * 70, Requests: 1760}, limit)
	alerts := map[string]string{}
	for _, p := range truth.Plans {
		if p.Quota > 0 {
			alerts[p.Owner+" "+p.Plan] = p.Alert
		}
	}
	assert.Equal(t, map[string]string{"alder free": "none", "birch pro": "80", "cedar pro": "100", "elm metered": "none"}, alerts)
	assert.Equal(t, []TrueSpend{
		{"model", "gpt-4o", 45 * 9 * .0045, 45 * 9 * 1000, 45 * 9 * 200}, {"model", "gpt-4o-mini", 45 * 12 * .000135, 45 * 12 * 500, 45 * 12 * 100},
	}, rounded(truth.Spend[:2]))
	assert.Contains(t, truth.Coverage, TrueCoverage{"site", 30, 120, 18})
	assert.Len(t, truth.Findings, 9, "one of each kind")

	again, same := NewEstate(7, end)
	assert.Equal(t, truth, same)
	assert.Equal(t, slices.Collect(f.Requests())[100].Trace, slices.Collect(again.Requests())[100].Trace)
}

func rounded(all []TrueSpend) []TrueSpend {
	all = slices.Clone(all)
	for i := range all {
		all[i].Cost = float64(int64(all[i].Cost*1e9+.5)) / 1e9
	}
	return all
}
