package provider

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// gate is a provider that keeps which keys are locked.
func gate(t *testing.T, seen *[]string, locked *bool) *Preset {
	t.Helper()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.Method)
		switch r.Method {
		case http.MethodPut:
			*locked = true
		case http.MethodDelete:
			*locked = false
		default:
			if !*locked {
				w.WriteHeader(http.StatusNotFound)
			}
			return
		}
		w.WriteHeader(http.StatusNoContent)
		_, _ = io.WriteString(w, "")
	})
	endpoint := address + "/locks/{{ .token.registry_id | urlpath }}"
	do := newCall(t, RequestSpec{Method: http.MethodPut, Endpoint: endpoint})
	undo := newCall(t, RequestSpec{Method: http.MethodDelete, Endpoint: endpoint})
	do.Success.Body, undo.Success.Body = nil, nil
	ask, err := NewRequest(RequestSpec{Method: http.MethodGet, Endpoint: endpoint})
	require.NoError(t, err)
	do.ReadBack = &ReadBack{Request: ask, Done: Success{Status: []int{200}}, NotDone: Success{Status: []int{404}}}
	return &Preset{Steps: Steps{response.Lock: {Do: do, Undo: undo, Delay: time.Minute}}}
}

func TestPresetPerformsTheStepOfTheAction(t *testing.T) {
	var seen []string
	var locked bool
	p := gate(t, &seen, &locked)
	step := func(step response.Step, state response.State) response.Answer {
		d := locking()
		d.Action, d.Step, d.State = response.Lock, step, state
		return p.Send(t.Context(), d, noon)
	}
	assert.Equal(t, response.Undone, step(response.Verify, response.Waiting).Verdict)
	assert.Equal(t, response.Undone, step(response.Do, response.Asking).Verdict, "the answer to doing it was lost: it was not done")
	assert.Equal(t, response.Done, step(response.Do, response.Waiting).Verdict)
	assert.Equal(t, response.Done, step(response.Verify, response.Waiting).Verdict)
	assert.Equal(t, response.Undone, step(response.Undo, response.Asking).Verdict, "the answer to undoing it was lost: it still holds")
	assert.Equal(t, response.Done, step(response.Undo, response.Waiting).Verdict)
	assert.Equal(t, response.Done, step(response.Undo, response.Asking).Verdict)
	assert.Equal(t, []string{"GET", "GET", "GET", "PUT", "GET", "GET", "DELETE", "GET"}, seen)

	dry := *p
	calls := p.Steps[response.Lock]
	held, let := *calls.Do, *calls.Undo
	held.DryRun, let.DryRun, calls.Do, calls.Undo = true, true, &held, &let
	dry.Steps = Steps{response.Lock: calls}
	locked, p, seen = true, &dry, nil
	assert.Equal(t, response.Described, step(response.Do, response.Waiting).Verdict)
	assert.Equal(t, response.Done, step(response.Verify, response.Waiting).Verdict)
	assert.Equal(t, response.Done, step(response.Undo, response.Waiting).Verdict, "what was done before the dry run is taken back")
	assert.Equal(t, []string{"GET", "DELETE"}, seen)

	d := locking()
	d.Action = response.Restrict
	a := p.Send(t.Context(), d, noon)
	assert.Equal(t, response.Final, a.Verdict)
	assert.Equal(t, "the target has nothing to restrict with: it can lock", a.Reason)

	d.Action, d.Step, d.DryRun = response.Lock, response.Verify, true
	assert.Equal(t, response.Described, p.Send(t.Context(), d, noon).Verdict)
}

func TestPresetSaysWhatItCan(t *testing.T) {
	var seen []string
	var locked bool
	p := gate(t, &seen, &locked)
	assert.Equal(t, response.Ability{Do: true, Undo: true, Verify: true, ReadBack: true, Reversible: true, Delay: time.Minute}, p.Can(response.Lock))
	assert.Zero(t, p.Can(response.Restrict))

	calls := p.Steps[response.Lock]
	calls.Do.ReadBack, calls.Undo = nil, nil
	p.Steps[response.Lock] = calls
	assert.Equal(t, response.Ability{Do: true, Delay: time.Minute}, p.Can(response.Lock))
	d := locking()
	d.Action = response.Lock
	for step, want := range map[response.Step]string{
		response.Undo:   "lock cannot be undone at this target: look at the provider",
		response.Verify: "the target cannot be asked whether it holds",
	} {
		d.Step = step
		a := p.Send(t.Context(), d, noon)
		assert.Equal(t, response.Final, a.Verdict)
		assert.Equal(t, want, a.Reason)
	}

	flat := &Preset{Any: &Calls{Do: newCall(t, RequestSpec{Method: http.MethodDelete, Endpoint: "http://127.0.0.1:1"})}}
	for _, action := range []response.Action{response.Notify, response.Restrict, response.Lock} {
		assert.Equal(t, response.Ability{Do: true}, flat.Can(action), "one call means whatever the rule says")
	}
}

func TestRefusalsAreExplained(t *testing.T) {
	status, body := 0, ""
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	call := newCall(t, RequestSpec{Method: http.MethodDelete, Endpoint: address})
	call.Refusals = []Refusal{
		{Status: 400, Check: &Check{Path: "error", Equals: "unsupported_token_type"}, Why: "it does not revoke such tokens", Final: true},
		{Status: 409, Why: "somebody else changes it"},
	}
	for _, c := range []struct {
		status  int
		body    string
		verdict response.Verdict
		why     string
	}{
		{400, `{"error":"unsupported_token_type"}`, response.Final, "status 400: it does not revoke such tokens"},
		{400, `{"error":"x"}`, response.Refused, "status 400 is none of [200 204]"},
		{409, ``, response.Refused, "status 409: somebody else changes it"},
	} {
		status, body = c.status, c.body
		a := call.Send(t.Context(), locking(), noon)
		assert.Equal(t, c.verdict, a.Verdict)
		assert.Equal(t, c.why, a.Reason)
	}
}
