package usage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMinutesForget(t *testing.T) {
	m := NewMinutes(wide())
	m.options.Sightings = true
	at := int64(20_000) * 86400e9
	for i := range 30 {
		for _, token := range []string{"a", "b", "c"} {
			obs := request(token)
			obs.OwnerID = []string{"one", "two"}[i%2] // and so each token has two rows
			m.Record(obs, countedAt(at+int64(i/10)*minute))
		}
	}
	require.Equal(t, 3*(6+cellsOfMinute), m.cells)
	m.Forget([]string{"a", "unknown"})
	require.Equal(t, 3*(4+cellsOfMinute), m.cells)
	m.Record(request("a"), countedAt(at)) // as a token that nobody knows
	counts, sightings := map[string]uint64{}, map[string]bool{}
	for b := range m.Batches(0) {
		for _, u := range b.Tokens {
			counts[u.ID] += u.total()
		}
		for _, s := range b.Sightings {
			sightings[s.Token] = true
		}
	}
	assert.Equal(t, map[string]uint64{"a": 1, "b": 30, "c": 30}, counts)
	assert.Equal(t, map[string]bool{"a": true, "b": true, "c": true}, sightings)
}

func TestAMeterForgets(t *testing.T) {
	m := New(small(true), 0)
	for i := range 20 {
		for _, token := range []string{"a", "b", "c", "d", "e", "f", "g"} { // two more than have a place
			obs := request(token)
			obs.OwnerID = []string{"one", "two"}[i%2]
			m.Record(obs, counted)
		}
	}
	size := m.Tokens()
	m.Forget([]string{"a", "g", "unknown"})
	assert.Less(t, m.Tokens(), size)
	for b := range m.Batches(minute) {
		for _, u := range b.Tokens {
			assert.NotContains(t, []string{"a", "g"}, u.ID)
		}
	}
	for b := range m.Batches(2 * minute) {
		for _, u := range b.Tokens {
			assert.NotContains(t, []string{"a", "g"}, u.ID, "nor do they get a place now")
		}
	}
}
