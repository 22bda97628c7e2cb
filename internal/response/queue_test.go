package response

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func waiting(seq uint64, due time.Duration) *Delivery {
	return &Delivery{Seq: seq, Progress: Progress{Due: noon.Add(due)}}
}

func TestQueueGivesOutWhatIsDueInOrder(t *testing.T) {
	var q Queue
	for _, d := range []*Delivery{waiting(3, time.Hour), waiting(2, 0), waiting(4, 0), waiting(1, time.Minute)} {
		q.Add(d)
	}
	var order []uint64
	for _, at := range []time.Duration{0, 0, 0, time.Minute, time.Hour} {
		if d, ok := q.Next(noon.Add(at)); ok {
			order = append(order, d.Seq)
		}
	}
	assert.Equal(t, []uint64{2, 4, 1, 3}, order)
	_, ok := q.Wake()
	assert.False(t, ok)
}

func TestQueueTakesOutTheOldest(t *testing.T) {
	var q Queue
	_, ok := q.Oldest()
	assert.False(t, ok)
	for _, d := range []*Delivery{waiting(7, 0), waiting(5, time.Hour), waiting(6, time.Minute)} {
		q.Add(d)
	}
	oldest, ok := q.Oldest()
	require.True(t, ok)
	assert.EqualValues(t, 5, oldest.Seq)
	assert.Equal(t, 2, q.Len())
	next, _ := q.Next(noon)
	assert.EqualValues(t, 7, next.Seq, "the order survives")
}

func TestQueueSlowsDownAndRecovers(t *testing.T) {
	var q Queue
	for seq := range uint64(10) {
		q.Add(waiting(seq, 0))
	}
	now := noon
	var gaps []time.Duration
	for range 9 {
		at, ok := q.Wake()
		require.True(t, ok)
		gaps = append(gaps, max(0, at.Sub(now)))
		now = later(now, at)
		_, ok = q.Next(now)
		require.True(t, ok)
		q.Answered(Answer{Verdict: Refused, Busy: true}, now)
	}
	const s = time.Second
	assert.Equal(t, []time.Duration{0, s / 2, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}, gaps)

	q.Answered(Answer{Verdict: Done}, now)
	for range 3 {
		q.Add(waiting(20, 0))
	}
	now = now.Add(30 * s)
	for range 4 {
		_, ok := q.Next(now)
		require.True(t, ok, "after a good answer there is no gap")
	}
}

func TestQueueHonoursRetryAfter(t *testing.T) {
	var q Queue
	q.Add(waiting(1, 0))
	q.Answered(Answer{Verdict: Refused, Busy: true, RetryAfter: time.Hour}, noon)
	_, ok := q.Next(noon.Add(59 * time.Minute))
	assert.False(t, ok)
	_, ok = q.Next(noon.Add(time.Hour))
	assert.True(t, ok)
}

func TestQueueClosesForGood(t *testing.T) {
	var q Queue
	q.Add(waiting(1, 0))
	q.Answered(Answer{Verdict: Gone}, noon)
	assert.True(t, q.Closed())
	_, ok := q.Next(noon.Add(1000 * time.Hour))
	assert.False(t, ok)
	assert.Equal(t, 1, q.Len(), "what waits is kept")
}

func TestPaceIgnoresFailuresThatAreNoOverload(t *testing.T) {
	var p Pace
	p.Answered(Answer{Verdict: Refused, Status: 500}, noon)
	p.Sent(noon)
	assert.False(t, p.Free().After(noon))
}
