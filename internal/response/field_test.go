package response

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestField(t *testing.T) {
	e := &Event{
		Severity: "error",
		Token:    Token{ID: "tok_1", Owner: &Owner{Team: "payments"}, Tags: map[string]string{"slack.channel": "#pay"}},
		Trigger:  Trigger{Environment: "production"},
	}
	for name, want := range map[string]string{
		"severity": "error", "token.id": "tok_1", "token.owner.team": "payments", "token.tags.slack.channel": "#pay",
		"token.tags.none": "", "token.owner.id": "", "trigger.environment": "production", "nothing": "",
	} {
		assert.Equal(t, want, e.Field(name), name)
	}
	assert.Empty(t, new(Event).Field("token.owner.team"))
	for name := range fields {
		assert.NoError(t, CheckField(name))
		assert.Empty(t, new(Event).Field(name))
	}
}

func TestCheckField(t *testing.T) {
	assert.NoError(t, CheckField("token.tags.slack"))
	assert.EqualError(t, CheckField("token.owner.taem"), `"token.owner.taem" is no field of an event: did you mean token.owner.team?`)
	assert.ErrorContains(t, CheckField("token.tags."), `"token.tags." is no field of an event: did you mean token.status?`)
	assert.ErrorContains(t, CheckField("everything"), `is no field of an event: write token.owner.team, token.tags.<name>, or another of detector, `)
}
