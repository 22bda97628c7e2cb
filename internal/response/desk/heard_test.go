package desk

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// hears takes in what somebody wants, as the journal brings it.
func (o *office) hears(sequence int, at time.Time, w Wish) {
	o.t.Helper()
	w.Was = fmt.Sprint("api_token.approval/", sequence)
	w.ID, w.At, w.By = fmt.Sprintf("%s@%d", w.Was, at.UnixNano()), at, "ann"
	require.NoError(o.t, o.Take(context.Background(), o.now, Mail{Wishes: []Wish{w}}))
}

func TestAJournalThatBeginsAnewIsHeard(t *testing.T) {
	o := newOffice(t, nil)
	o.hears(1, o.now, Wish{Verb: VerbStop})
	o.hears(1, o.now, Wish{Verb: VerbStop})
	o.hears(2, o.now, Wish{Verb: VerbResume})
	assert.Equal(t, []string{"stop", "resume"}, o.decisions(), "the journal brings each at least once")
	o.later(time.Hour)
	o.hears(1, o.now, Wish{Verb: VerbStop})
	assert.True(t, o.Stopped())
	assert.Equal(t, []string{"stop"}, o.decisions())
}

func TestARecordThatPassesForAnotherIsRecorded(t *testing.T) {
	o := newOffice(t, nil)
	o.hears(1, o.now, Wish{Verb: VerbStop, Why: "drill"})
	o.decisions()
	for range 2 {
		o.hears(1, noon, Wish{Verb: VerbResume})
	}
	assert.True(t, o.Stopped())
	require.Len(t, o.notes, 1)
	assert.Contains(t, o.notes[0].Entry.Body, "ann wanted to resume, and it was not done: a record of the same number and time wanted something else before.")

	o.hears(2, o.now, Wish{Verb: VerbResume})
	require.False(t, o.Stopped())
	o.hears(2, noon, Wish{Verb: VerbStop})
	assert.True(t, o.Stopped(), "better once too often")
}

// What an earlier version remembers has no time in its name.
func TestWhatAnEarlierVersionHasHeardIsNotDoneAgain(t *testing.T) {
	o := newOffice(t, nil)
	require.NoError(t, o.Take(context.Background(), o.now, Mail{Wishes: []Wish{{ID: "api_token.approval/1", Verb: VerbStop, By: "ann"}}}))
	require.NoError(t, o.wants(Wish{Verb: VerbResume, By: "ann"}))
	o.later(time.Hour)
	o.open()
	o.hears(1, noon.Add(-time.Second), Wish{Verb: VerbStop})
	assert.False(t, o.Stopped(), "it is the same")
	o.hears(1, o.now, Wish{Verb: VerbStop})
	assert.True(t, o.Stopped(), "it was written later")
}

func TestAnOldWishDoesNothing(t *testing.T) {
	o := newOffice(t, nil)
	ev := anomalyOf("a", "x", "new_country").Event
	begin := o.now
	again := func() {
		o.hears(1, begin, Wish{Verb: VerbAct, Action: response.Lock, Token: "tok_a", Event: &ev})
	}
	again()
	assert.Contains(t, o.done(), "kong do lock")
	var act string
	o.book.All(func(i *incident.Incident) { act = i.Acts[0].ID })
	o.hears(2, begin, Wish{Verb: VerbUndo, Act: act})
	assert.Contains(t, o.done(), "kong undo lock")
	for d := range 10 { // longer than records are remembered
		o.later(24 * time.Hour)
		for n := range 300 {
			o.takes(anomalyOf("z", fmt.Sprint("z", d, "-", n), "new_country"))
		}
		o.done()
	}
	o.decisions()
	again()
	assert.Empty(t, o.done())
	require.Len(t, o.notes, 1)
	assert.Contains(t, o.notes[0].Entry.Body, "it is too late: it was wanted at 2026-03-25T12:00:00Z, and has to arrive within 1h0m0s")
	o.notes = nil
	for n, verb := range []string{VerbApprove, VerbReplay} {
		o.hears(10+n, begin, Wish{Verb: verb})
		require.Len(t, o.notes, 1)
		assert.Contains(t, o.notes[0].Entry.Body, "it is too late")
		o.notes = nil
	}
	o.hears(20, begin.Add(time.Minute), Wish{Verb: VerbStop})
	assert.True(t, o.Stopped(), "that is never too late")
	o.hears(21, begin.Add(2*time.Minute), Wish{Verb: VerbResume})
	assert.False(t, o.Stopped(), "nor is what was said after it")
	require.NoError(t, o.wants(Wish{Verb: VerbStop, By: "bob"}))
	o.hears(22, begin.Add(3*time.Minute), Wish{Verb: VerbResume})
	assert.True(t, o.Stopped(), "which was not about this stop")
}

func TestOldFeedbackIsAboutAnotherIncident(t *testing.T) {
	o := newOffice(t, nil)
	o.takes(anomalyOf("a", "a-0", "new_country"))
	for sequence, at := range []time.Time{noon.Add(-24 * time.Hour), noon.Add(-time.Minute)} {
		require.NoError(t, o.Take(context.Background(), o.now, Mail{Feedback: []Feedback{{
			ID: fmt.Sprint(sequence), At: at, Token: "tok_a", By: "ann", Benign: true,
		}}}))
		_, live := o.Size()
		assert.Equal(t, 1-sequence, live)
	}
}
