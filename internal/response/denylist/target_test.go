package denylist

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

const incident = `{"type":"api_token.incident.act_proposed","data":{"detector":"identity_shift","token":{"id":"tok_a","direction":"inbound"},
	"incident":{"id":"inc_1","detectors":["decoy_use","identity_shift"],"grant":{"routes":["GET /v1/orders"]},"act":{"id":"act_1","expires":"2026-03-25T13:00:00Z"}}}}`

func delivery(action response.Action, step response.Step, body string) *response.Delivery {
	return &response.Delivery{ID: "d-1", Action: action, Step: step, Body: []byte(body)}
}

func TestTargetDoesVerifiesAndUndoes(t *testing.T) {
	for _, action := range []response.Action{response.Restrict, response.Reauthenticate, response.Lock} {
		kept := 0
		target := &Target{List: New(10), Keep: func(context.Context) error { kept++; return nil }}
		send := func(step response.Step) response.Answer {
			return target.Send(t.Context(), delivery(action, step, incident), noon)
		}
		assert.Equal(t, response.Undone, send(response.Verify).Verdict)
		for range 2 { // what is done twice is done
			assert.Equal(t, response.Done, send(response.Do).Verdict)
			assert.Equal(t, 1, target.List.Len())
		}
		held := target.List.Holds("tok_a", "act_1", noon)
		require.NotNil(t, held)
		assert.Equal(t, action, held.Action)
		assert.Equal(t, "decoy_use", held.Reason)
		assert.Equal(t, "inc_1", held.Incident)
		assert.Equal(t, noon.Add(time.Hour), held.Until)
		assert.Equal(t, action == response.Restrict, held.Grant != nil)
		assert.Equal(t, response.Done, send(response.Verify).Verdict)
		asked := delivery(action, response.Undo, incident)
		asked.State = response.Asking
		assert.Equal(t, response.Undone, target.Send(t.Context(), asked, noon).Verdict, "asked whether it was undone")
		for range 2 {
			assert.Equal(t, response.Done, send(response.Undo).Verdict)
			assert.Zero(t, target.List.Len())
		}
		assert.Equal(t, response.Done, target.Send(t.Context(), asked, noon).Verdict)
		assert.Equal(t, 4, kept)
		ability := target.Can(action)
		assert.True(t, ability.Do && ability.Undo && ability.Verify && ability.Idempotent && ability.Reversible)
		assert.Zero(t, ability.Delay)
	}
	assert.Zero(t, Can(response.Notify))
	assert.Equal(t, "act_1", (&Target{}).Subject(response.Lock, []byte(incident)), "each act has an entry of its own, which the end of another leaves there")
}

func TestTargetInDryRunDoesNothing(t *testing.T) {
	target := &Target{List: New(10), DryRun: true}
	a := target.Send(t.Context(), delivery(response.Lock, response.Do, incident), noon)
	assert.Equal(t, response.Described, a.Verdict)
	assert.Contains(t, a.Request, `put on the deny list: {"id":"tok_a","act":"act_1","action":"lock"`)
	undo := delivery(response.Lock, response.Undo, incident)
	undo.DryRun = true
	assert.Contains(t, target.Send(t.Context(), undo, noon).Request, "take tok_a off")
	assert.Zero(t, target.List.Len())
}

func TestWhatWasDoneInEarnestIsTakenBackInDryRun(t *testing.T) {
	target := &Target{List: New(10), Keep: func(context.Context) error { return nil }}
	require.Equal(t, response.Done, target.Send(t.Context(), delivery(response.Lock, response.Do, incident), noon).Verdict)
	target.DryRun = true
	assert.Equal(t, response.Done, target.Send(t.Context(), delivery(response.Lock, response.Undo, incident), noon).Verdict)
	assert.Zero(t, target.List.Len())
}

func TestTargetSaysWhyItCannot(t *testing.T) {
	target := &Target{List: New(1), Keep: func(context.Context) error { return errors.New("disk on fire") }}
	for _, c := range []struct {
		name   string
		action response.Action
		body   string
		want   response.Verdict
		why    string
	}{
		{"no JSON", response.Lock, `{`, response.Final, "the stored event cannot be read"},
		{"no token", response.Lock, `{"data":{}}`, response.Final, "the event names no token"},
		{"outbound", response.Lock, `{"data":{"token":{"id":"tok_a","direction":"outbound"}}}`, response.Final, "used to call others"},
		{"nothing to do", response.Notify, `{"data":{"token":{"id":"tok_a"}}}`, response.Final, "tells nobody"},
		{"no grant", response.Restrict, `{"data":{"token":{"id":"tok_a"}}}`, response.Final, "it is not known what the token needs"},
		{"only scopes", response.Restrict, `{"data":{"token":{"id":"tok_a"},"incident":{"grant":{"scopes":["a"]}}}}`, response.Final, "nothing would be refused"},
		{"a bad route", response.Restrict, `{"data":{"token":{"id":"tok_a"},"incident":{"grant":{"routes":["x"]}}}}`, response.Final, `route "x"`},
		{"no time", response.Lock, `{"data":{"token":{"id":"tok_a"},"incident":{"act":{"expires":"soon"}}}}`, response.Final, "is no time"},
		{"the first", response.Lock, `{"data":{"token":{"id":"tok_a"}}}`, response.Done, ""},
		{"one too many", response.Lock, `{"data":{"token":{"id":"tok_b"}}}`, response.Refused, "the deny list is full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := target.Send(t.Context(), delivery(c.action, response.Do, c.body), noon)
			assert.Equal(t, c.want, a.Verdict)
			assert.Contains(t, a.Reason, c.why)
			if c.want == response.Done {
				assert.Contains(t, a.Text, "it is not kept yet")
			}
		})
	}
}
