package usage

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
)

// The latest request of a token is told once, whatever the order of arrival, its minute and its owner.
func TestTheLatestRequestIsTold(t *testing.T) {
	type recorder interface {
		Record(*behavior.Observation, Role)
		Batches(int64) iter.Seq[*Batch]
	}
	options := wide()
	options.Sightings = true
	for name, m := range map[string]recorder{"minutes": NewMinutes(options), "meter": New(options, 0)} {
		record := func(at int64, route, owner string, outbound bool, details *Details) {
			obs := request("a")
			obs.Time, obs.Route, obs.OwnerID, obs.Outbound = at, route, owner, outbound
			m.Record(obs, Role{Request: true, At: at, Details: details})
		}
		known := &Details{Format: "github_pat"}
		record(3*minute, "/latest", "acme", false, nil)
		record(2*minute, "/late", "acme", false, known)
		record(1*minute, "/before its owner was known", "", false, nil)
		record(9*minute, "/elsewhere", "acme", true, nil)
		m.Record(request("b"), Role{Request: true})

		var all []Sighting
		for b := range m.Batches(10 * minute) {
			all = append(all, b.Sightings...)
		}
		require.Len(t, all, 3, name)
		assert.Equal(t, "/latest", all[0].Route)
		assert.Equal(t, 3*minute, all[0].At)
		assert.Equal(t, known, all[0].Details, name)
		assert.Equal(t, "/elsewhere", all[1].Route)
		assert.Equal(t, "b", all[2].Token)
		for b := range m.Batches(11 * minute) {
			assert.Empty(t, b.Sightings, name)
		}
	}
}
