package response

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

// even luck makes no jitter.
const evenLuck = 0.5

func TestStandardScheduleTakesTenAttemptsOverThreeDays(t *testing.T) {
	s := StandardSchedule()
	now, attempts := noon, 0
	for {
		due, more := s.Due(attempts, now, 0, evenLuck)
		if !more {
			break
		}
		now = due
		attempts++
	}
	assert.Equal(t, 10, attempts)
	assert.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, now.Sub(noon))
}

func TestScheduleDue(t *testing.T) {
	s := Schedule{Delays: []time.Duration{0, 100 * time.Second}, Jitter: 0.1}
	for _, c := range []struct {
		name       string
		attempts   int
		retryAfter time.Duration
		luck       float64
		want       time.Duration
		more       bool
	}{
		{"the first at once", 0, 0, 0.99, 0, true},
		{"shortest", 1, 0, 0, 90 * time.Second, true},
		{"longest", 1, 0, 1, 110 * time.Second, true},
		{"the target asks for more", 1, time.Hour, evenLuck, time.Hour, true},
		{"the target asks for less", 1, time.Second, evenLuck, 100 * time.Second, true},
		{"the target asks for too much", 1, 1000 * time.Hour, evenLuck, 24 * time.Hour, true},
		{"no more", 2, time.Hour, evenLuck, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			due, more := s.Due(c.attempts, noon, c.retryAfter, c.luck)
			require.Equal(t, c.more, more)
			if more {
				assert.Equal(t, c.want, due.Sub(noon))
			}
		})
	}
	_, more := Schedule{}.Due(0, noon, 0, evenLuck)
	assert.True(t, more, "the zero schedule tries once")
	_, more = Schedule{}.Due(1, noon, 0, evenLuck)
	assert.False(t, more)
}

func TestNext(t *testing.T) {
	twice := Schedule{Delays: []time.Duration{0, time.Minute}}
	message := Terms{Kind: Message, Schedule: twice}
	act := Terms{Kind: Act, Schedule: twice}
	idempotent := Terms{Kind: Act, Idempotent: true, Schedule: twice}
	askable := Terms{Kind: Act, ReadBack: true, Schedule: twice}
	fresh := Progress{Due: noon}
	last := Progress{Due: noon, Attempts: 1}
	asking := Progress{Due: noon, Attempts: 1, State: Asking}
	for _, c := range []struct {
		name    string
		terms   Terms
		before  Progress
		verdict Verdict
		state   State
		wait    time.Duration
	}{
		{"a message arrives", message, fresh, Done, Delivered, 0},
		{"a message is refused", message, fresh, Refused, Waiting, time.Minute},
		{"a message may have arrived", message, fresh, Lost, Waiting, time.Minute},
		{"a message fails for the last time", message, last, Lost, Dead, 0},
		{"the receiver wants no more", message, fresh, Gone, Waiting, time.Minute},
		{"the receiver wants no more, after the last attempt", message, last, Gone, Waiting, 0},
		{"an act is done", act, fresh, Done, Delivered, 0},
		{"an act is described", act, fresh, Described, DryRun, 0},
		{"an act could not be sent", act, fresh, Unreached, Waiting, time.Minute},
		{"an act is refused", act, fresh, Refused, Waiting, time.Minute},
		{"an act is refused for the last time", act, last, Refused, Dead, 0},
		{"an act makes no sense", act, fresh, Final, Dead, 0},
		{"an act's answer is lost", act, fresh, Lost, Unknown, 0},
		{"an idempotent act's answer is lost", idempotent, fresh, Lost, Waiting, time.Minute},
		{"an idempotent act's answer is lost for the last time", idempotent, last, Lost, Dead, 0},
		{"an act's answer is lost, but the target can be asked", askable, fresh, Lost, Asking, time.Minute},
		{"asked: it was done", askable, asking, Done, Delivered, 0},
		{"asked: it was not done", askable, asking, Undone, Waiting, 0},
		{"asked for the last time in vain", askable, asking, Refused, Unknown, 0},
		{"asked for the last time, not reached", askable, asking, Unreached, Unknown, 0},
		{"nobody to ask any more", act, asking, Lost, Unknown, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := Answer{Verdict: c.verdict, Reason: "because"}
			p := c.terms.Next(c.before, answer, noon, evenLuck)
			assert.Equal(t, c.state, p.State, "%s", p.State)
			assert.Equal(t, c.before.Attempts+1, p.Attempts)
			assert.Equal(t, answer, p.Answer)
			if p.State == Waiting || p.State == Asking {
				assert.Equal(t, c.wait, p.Due.Sub(noon))
			}
		})
	}
}

func TestRecover(t *testing.T) {
	act := Terms{Kind: Act}
	for _, c := range []struct {
		name   string
		terms  Terms
		before State
		want   State
	}{
		{"nothing was begun", act, Waiting, Waiting},
		{"an act was begun", act, Sending, Unknown},
		{"an idempotent act was begun", Terms{Kind: Act, Idempotent: true}, Sending, Waiting},
		{"an act was begun, the target can be asked", Terms{Kind: Act, ReadBack: true}, Sending, Asking},
		{"it was being asked", Terms{Kind: Act, ReadBack: true}, Asking, Asking},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := c.terms.Recover(Progress{State: c.before}, noon)
			assert.Equal(t, c.want, after.State)
			assert.Equal(t, c.before == Sending, after.Doubt, "a request that was begun may have done it")
		})
	}
}

// Whether a request may have done it is remembered over every answer but that it was not done.
func TestDoubt(t *testing.T) {
	terms := Terms{Kind: Act, Idempotent: true, Schedule: StandardSchedule()}
	var p Progress
	next := func(v Verdict) bool {
		p = terms.Next(p, Answer{Verdict: v}, noon, 0.5)
		return p.Doubt
	}
	assert.False(t, next(Unreached))
	assert.False(t, next(Refused))
	assert.True(t, next(Lost))
	assert.True(t, next(Refused))
	assert.True(t, next(Unreached))
	assert.Equal(t, Waiting, p.State)
	terms = Terms{Kind: Act, ReadBack: true, Schedule: StandardSchedule()}
	assert.True(t, next(Lost))
	assert.Equal(t, Asking, p.State)
	assert.False(t, next(Undone))
	assert.Equal(t, Waiting, p.State)
}
