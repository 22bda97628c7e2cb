package tokenresponseexporter

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/desk"
	"github.com/holterhq/holter/internal/response/grant"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/store"
)

// face says in the journal what can be done here: whoever offers acts to people reads it.
func (r *responder) face(ctx context.Context, targets []courier.Target) {
	if r.store == nil {
		return
	}
	r.senders = make(map[string]courier.Sender, len(targets))
	able := []any{}
	for _, t := range targets {
		actor, ok := t.Sender.(response.Actor)
		if !ok {
			continue
		}
		r.senders[t.Name] = t.Sender
		actions, undo := []string{}, []string{}
		for _, action := range []response.Action{response.Lock, response.Reauthenticate, response.Restrict} {
			can := actor.Can(action)
			if can.Do {
				actions = append(actions, action.String())
			}
			if can.Undo {
				undo = append(undo, action.String())
			}
		}
		able = append(able, map[string]any{"name": t.Name, "actions": actions, "undo": undo, "dry_run": r.dryTarget(t.Name)})
	}
	r.note(ctx, store.Entry{Body: "token_response has started."}, map[string]any{
		otelattr.ResponseTargets: able, otelattr.ResponseDryRun: r.cfg.DryRun, otelattr.ResponseStopped: r.desk.Stopped(),
	})
}

// note puts a record in line for the journal.
func (r *responder) note(ctx context.Context, entry store.Entry, attributes map[string]any) {
	var err error
	entry.Kind, entry.By, entry.Time = store.EntryResponse, desk.Holter, time.Now().UTC()
	if entry.Attributes, err = json.Marshal(attributes); err != nil { // plain values only
		return
	}
	body, err := json.Marshal([]store.Entry{entry})
	if err != nil { // plain values only
		return
	}
	if err := r.dispatcher.Accept(ctx, &response.Delivery{
		ID: uuid.NewString(), Target: desk.JournalTarget, Arrived: entry.Time, Body: body, Progress: response.Progress{Due: entry.Time},
	}); err != nil {
		r.set.Logger.Warn("a record is not kept", zap.String("record", entry.Body), zap.Error(err))
	}
}

// previewTime is how long a preview may take: nothing waits for it.
const previewTime = 2 * time.Second

// preview says what would be sent for an act; nothing is. false: the record asks for no preview.
func (r *responder) preview(ctx context.Context, record plog.LogRecord) bool {
	asked, ok := record.Attributes().Get(otelattr.ApprovalPreview)
	if !ok || !asked.Bool() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	w := r.wish(ctx, record)
	attributes := map[string]any{otelattr.ActAction: w.Action.String(), otelattr.ActState: response.DryRun.String()}
	if sequence, ok := record.Attributes().Get(otelattr.JournalSequence); ok {
		attributes[otelattr.ApprovalPreview] = sequence.Int()
	}
	target, sent, err := r.describeAct(ctx, &w)
	words := fmt.Sprintf("This would be sent to %s to %s it.", target, w.Action)
	if err != nil {
		words = fmt.Sprintf("What would be sent to %s it cannot be said: %s.", w.Action, err)
	} else {
		attributes[otelattr.ActTarget], attributes[otelattr.ActAnswer] = target, sent
	}
	r.note(ctx, store.Entry{Token: w.Token, Body: words}, attributes)
	return true
}

// describeAct is the target that an act goes to, and what would be sent there.
func (r *responder) describeAct(ctx context.Context, w *desk.Wish) (target, sent string, err error) {
	var able []string
	for _, name := range slices.Sorted(maps.Keys(r.senders)) {
		if r.senders[name].(response.Actor).Can(w.Action).Do && (w.Target == "" || w.Target == name) {
			able = append(able, name)
		}
	}
	switch {
	case w.Event == nil:
		return "", "", fmt.Errorf("the store does not know the token")
	case len(able) != 1:
		return "", "", fmt.Errorf("name one target that can: %v", able)
	}
	target = able[0]
	e := *w.Event
	r.complete(&e.Token)
	e.ID, e.DryRun = "preview", true
	e.Incident = &response.Incident{
		ID: w.Incident, Blast: w.Blast, Grant: w.Grant, Act: &response.ActTold{ID: "preview", Action: w.Action.String(), Target: target, State: response.DryRun.String()},
	}
	body, err := message.Body(e)
	if err != nil {
		return target, "", err
	}
	now := time.Now()
	answer := r.senders[target].Send(ctx, &response.Delivery{
		ID: "preview", Target: target, Arrived: now, DryRun: true, Action: w.Action, Step: response.Do, Body: body, Progress: response.Progress{Due: now},
	}, now)
	if answer.Verdict != response.Described {
		return target, "", fmt.Errorf("%s: %s", target, answer.Reason)
	}
	return target, answer.Request, nil
}

// grant is what the token's own past asks for, nil if it is not known in time or takes nothing away.
func (r *responder) grant(ctx context.Context, token string, action response.Action, now time.Time, budget *patience) *response.Grant {
	if r.store == nil || token == "" || action != response.Restrict || !time.Now().Before(budget.until) {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, budget.until)
	defer cancel()
	learned, err := grant.Learn(ctx, r.store, grant.Question{Token: token, Now: now})
	if err != nil || !learned.Narrows() {
		return nil
	}
	return &learned
}
