package behavior

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dayOf cuts observations of crowdOf at the beginning of a day.
func dayOf(obs []Observation, d int) int {
	for i := range obs {
		if int((obs[i].Time-obs[0].Time/day*day)/day) >= d {
			return i
		}
	}
	return len(obs)
}

// What is told of a token after a day is what it has learned by its next request, and telling changes nothing.
func TestLivesAreThoseThatAreLearned(t *testing.T) {
	config := testConfig()
	config.Limits.LiveTokens = 16 // the others are told packed
	e, quiet := New(config), New(config)
	obs, same := crowdOf(1, 90, 12, 9), crowdOf(1, 90, 12, 9)
	split := dayOf(obs, 10)
	next := split + 1
	e.Apply(obs[:next])
	quiet.Apply(same[:next])

	told := map[string]*Life{}
	for calls := 1; ; calls++ {
		require.Less(t, calls, 100)
		n := 0
		done := e.Lives(7, func(l *Life) {
			require.Nil(t, told[l.Key()], "once")
			told[l.Key()] = l
			n++
		})
		require.LessOrEqual(t, n, 7)
		if done {
			break
		}
	}
	require.Len(t, told, 90)

	ended := int32(obs[split-1].Time / day)
	rest := dayOf(obs, 11)
	events, others := e.Apply(obs[next:rest]), quiet.Apply(same[next:rest])
	require.Equal(t, others, events)
	require.Equal(t, quiet.Stats(), e.Stats())
	for id, before := range told {
		after := e.Life(id, false)
		require.NotNil(t, after)
		assert.Equal(t, ended, before.Day)
		assert.Equal(t, ended, after.Day)
		assert.Equal(t, before.Days, after.Days, id)
		assert.Equal(t, before.Requests, after.Requests)
		assert.Equal(t, before.PerDay, after.PerDay)
		assert.Less(t, before.PerDay.Low, before.PerDay.Median)
		assert.Less(t, before.PerDay.Median, before.PerDay.High)
		assert.InDeltaSlice(t, before.Hours[:], after.Hours[:], 1e-4)
		for i, list := range [][]Habit{before.Routes, before.Countries, before.Networks, before.Clients} {
			habits := [][]Habit{after.Routes, after.Countries, after.Networks, after.Clients}[i]
			require.Len(t, habits, len(list))
			var sum float64
			for k := range list {
				assert.Equal(t, habits[k].Value, list[k].Value)
				assert.InDelta(t, habits[k].Share, list[k].Share, 1e-4)
				sum += list[k].Share
			}
			assert.InDelta(t, 1, sum, 0.01)
		}
	}
}

func TestLivesAreToldAgainAfterARestart(t *testing.T) {
	e := New(testConfig())
	obs := crowdOf(2, 40, 7, 7)
	e.Apply(obs[:dayOf(obs, 6)+1])
	e.Lives(5, func(*Life) {})
	ended, untold := e.Untold()
	require.True(t, untold)

	state := map[string][]byte{}
	for _, r := range e.Snapshot() {
		state[r.Key] = r.Value
	}
	again := New(testConfig())
	require.NoError(t, again.Restore(func(key string) ([]byte, error) { return state[key], nil }))
	_, untold = again.Untold()
	require.False(t, untold)
	again.Retell(ended)
	told := 0
	require.True(t, again.Lives(1000, func(l *Life) {
		assert.Equal(t, ended, l.Day)
		told++
	}))
	require.Equal(t, 40, told)
}
