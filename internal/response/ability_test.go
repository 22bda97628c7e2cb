package response

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTermsOfAStep(t *testing.T) {
	days := StandardSchedule()
	able := Ability{Do: true, Undo: true, ReadBack: true}
	assert.Equal(t, Terms{Kind: Act, ReadBack: true, Schedule: days}, able.Terms(Do, days))
	assert.Equal(t, able.Terms(Do, days), able.Terms(Undo, days))
	assert.Equal(t, Terms{Kind: Act, Idempotent: true, Schedule: Schedule{
		Delays: []time.Duration{0, 5 * time.Second, 5 * time.Minute}, Jitter: 0.1,
	}}, able.Terms(Verify, days), "a question may be repeated, but not for days")
	assert.False(t, Ability{}.Terms(Do, days).Repeatable())
}

// What does not hold comes to its end with that as its answer.
func TestAVerifiedActThatDoesNotHold(t *testing.T) {
	terms := Ability{Do: true, Verify: true}.Terms(Verify, StandardSchedule())
	p := terms.Next(Progress{Due: noon}, Answer{Verdict: Undone, Reason: "still active"}, noon, evenLuck)
	assert.Equal(t, Dead, p.State)
	assert.Equal(t, Undone, p.Answer.Verdict)
}
