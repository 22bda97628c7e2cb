package console

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func TestAnswersAreWorkedOutOnceForAll(t *testing.T) {
	var all answers
	now := noon
	changed := make(chan struct{})
	asked := 0
	get := func(key string) any {
		answer, err := all.of(key).get(now, func() (any, error) {
			asked++
			return asked, nil
		}, func() <-chan struct{} { return changed })
		require.NoError(t, err)
		return answer
	}
	var together sync.WaitGroup
	for range 10 {
		together.Go(func() { assert.Equal(t, 1, get("a")) })
	}
	together.Wait()
	now = now.Add(keptFor)
	assert.Equal(t, 1, get("a"), "the store is as it was")
	assert.Equal(t, 2, get("b"))
	close(changed)
	assert.Equal(t, 2, get("b"), "a moment later")
	assert.Equal(t, 3, get("a"), "the store has changed since")
	changed = make(chan struct{})
	now = now.Add(keptFor)
	assert.Equal(t, 4, get("a"))
	now = now.Add(keptAtRest)
	assert.Equal(t, 5, get("a"), "time goes on")
	all.forget()
	assert.Equal(t, 6, get("a"))

	_, err := all.of("c").get(now, func() (any, error) { return nil, assert.AnError }, func() <-chan struct{} { return changed })
	require.ErrorIs(t, err, assert.AnError)
	assert.Equal(t, 7, get("c"), "an error is no answer")
	for n := range 2 * mostAnswers {
		get(fmt.Sprint(n))
	}
	assert.Len(t, all.all, mostAnswers)
}

// Without a database of networks their requests are counted under none: what is usual stands alone.
func TestWhatIsNotCountedIsNoZero(t *testing.T) {
	learned := &baseline{State: "ready", High: 10, Usual: map[string][]usual{"networks": {{Value: "203.0.113.0/24", Share: 1}}}}
	is := func(answer string, found ...habit) {
		assert.Equal(t, answer, mustJSON(t, found[0]))
	}
	is(`{"value":"203.0.113.0/24","baseline_share":1,"now_share":null,"now_requests":null,"new":false}`, compare(oneSeries("", 12), learned, "networks")...)
	is(`{"value":"203.0.113.0/24","baseline_share":1,"now_share":0,"now_requests":0,"new":false}`, compare(oneSeries("", 0), learned, "networks")...)
	is(`{"value":"203.0.113.0/24","baseline_share":1,"now_share":0,"now_requests":0,"new":false}`, compare(oneSeries("AS1", 12), learned, "networks")...)
}

func oneSeries(key string, total float64) store.Answer {
	return store.Answer{Series: []store.Series{{Key: key, Total: total}}}
}
