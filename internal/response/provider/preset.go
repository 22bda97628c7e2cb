package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Calls are what a provider offers for one action. Nothing but Do has to be there.
type Calls struct {
	Do, Undo *Call
	// Verify asks whether the act holds; without it, Do's read-back does.
	Verify *ReadBack
	// Irreversible says that after Undo the token is not as it was before.
	Irreversible bool
	// Delay is how long the provider takes, as it documents, until all of it obeys.
	Delay time.Duration
}

// Steps are the calls for each action.
type Steps map[response.Action]Calls

// Preset performs the acts of one provider.
type Preset struct {
	Steps Steps
	// Any is done whatever the action is, where Steps have nothing for it.
	Any *Calls
}

// Can is what there is for an action.
func (p *Preset) Can(action response.Action) response.Ability {
	calls, ok := p.calls(action)
	if !ok {
		return response.Ability{}
	}
	return response.Ability{
		Do: true, Undo: calls.Undo != nil, Verify: calls.question() != nil,
		ReadBack: calls.Do.ReadBack != nil, Idempotent: calls.Do.Idempotent && (calls.Undo == nil || calls.Undo.Idempotent),
		Reversible: calls.Undo != nil && !calls.Irreversible, Delay: calls.Delay,
	}
}

func (p *Preset) calls(action response.Action) (Calls, bool) {
	if calls, ok := p.Steps[action]; ok {
		return calls, true
	}
	if p.Any != nil {
		return *p.Any, true
	}
	return Calls{}, false
}

func (c Calls) question() *ReadBack {
	if c.Verify != nil {
		return c.Verify
	}
	return c.Do.ReadBack
}

// Send performs the step of the action that the delivery names.
func (p *Preset) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	calls, ok := p.calls(d.Action)
	if !ok {
		return response.Answer{Verdict: response.Final, Reason: fmt.Sprintf("the target has nothing to %s with: it can %s", d.Action, p.offers())}
	}
	switch d.Step {
	case response.Undo:
		if calls.Undo == nil {
			return response.Answer{Verdict: response.Final, Reason: fmt.Sprintf("%s cannot be undone at this target: look at the provider", d.Action)}
		}
		undo := *calls.Undo
		undo.ReadBack = calls.Do.ReadBack.inverse()
		return undo.Send(ctx, d, now)
	case response.Verify:
		return calls.Do.verify(ctx, calls.question(), d, now)
	}
	do := *calls.Do
	if calls.Undo != nil && calls.Do.ReadBack.sees() {
		do.Before = calls.Do.ReadBack
	}
	return do.Send(ctx, d, now)
}

// verify asks, the way the call goes, whether an act holds: Done if it does, Undone if it does not.
func (c *Channel) verify(ctx context.Context, question *ReadBack, d *response.Delivery, now time.Time) response.Answer {
	if question == nil {
		return response.Answer{Verdict: response.Final, Reason: "the target cannot be asked whether it holds"}
	}
	w, err := c.fill(ctx, d, now)
	if err != nil {
		return c.unsent(err, c.Secrets)
	}
	if d.Dry(c.DryRun) {
		text, err := question.Request.Show(w.shown, "")
		if err != nil {
			return c.unsent(Impossible("the request cannot be written: %w", err), w.hide)
		}
		return response.Answer{Verdict: response.Described, Request: w.hide.Mask(text)}
	}
	return question.ask(ctx, c, w, now)
}

// Actions are those that there is something for; none: whatever a rule asks for.
func (p *Preset) Actions() []response.Action { return slices.Sorted(maps.Keys(p.Steps)) }

func (p *Preset) offers() string {
	var names []string
	for _, action := range p.Actions() {
		names = append(names, action.String())
	}
	return strings.Join(names, ", ")
}
