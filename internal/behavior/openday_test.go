package behavior

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenDaysShowsTheNewestDayAndChangesNothing(t *testing.T) {
	obs := crowdOf(1, 30, 12, 99)
	e, quiet := New(testConfig()), New(testConfig())
	today := int32(obs[len(obs)-1].Time / day)
	e.Apply(obs)
	quiet.Apply(crowdOf(1, 30, 12, 99))
	seen := map[string]bool{}
	e.OpenDays(today, func(d *OpenDay) {
		require.False(t, seen[d.Token])
		seen[d.Token] = true
		require.Len(t, d.Nats, len(FacetNames()))
		require.True(t, d.Judged)
		require.Positive(t, d.Days)
	})
	require.Len(t, seen, 30)
	e.OpenDays(today-1, func(*OpenDay) { t.Fatal("that day is over") })
	require.Equal(t, quiet.Snapshot(), e.Snapshot())
	names := map[string]bool{}
	for _, name := range FacetNames() {
		require.False(t, names[name], name)
		names[name] = true
	}
}
