package tokenresponseexporter

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/desk"
	"github.com/holterhq/holter/internal/store"
)

// Attributes of approvals that replay dead letters.
const (
	deliveryID     = "delivery.id"
	deliveryTarget = "delivery.target"
)

// wishBudget is how long a person's wish waits for what the act would break.
const wishBudget = time.Second

// recordID is what tells a record of the journal from others, and what earlier versions took for it; empty for one that came another
// way. A store that begins anew counts from the beginning: it is the time that tells its records from those before.
func recordID(record plog.LogRecord) (id, was string) {
	sequence, ok := record.Attributes().Get(otelattr.JournalSequence)
	if !ok {
		return "", ""
	}
	was = fmt.Sprintf("%s/%d", nameOf(record), sequence.Int())
	if at := saidAt(record); !at.IsZero() {
		return fmt.Sprintf("%s@%d", was, at.UnixNano()), was
	}
	return was, was
}

// saidAt is when a record was written, zero if it does not say.
func saidAt(record plog.LogRecord) time.Time {
	at := record.Timestamp()
	if at == 0 {
		at = record.ObservedTimestamp()
	}
	if at == 0 {
		return time.Time{}
	}
	return at.AsTime()
}

// feedback is what somebody says of a token; false: it says nothing that can be read.
func feedback(record plog.LogRecord) (desk.Feedback, bool) {
	said, ok, err := otelattr.FeedbackOf(record)
	if !ok || err != nil || said.Token == "" {
		return desk.Feedback{}, false // token_behavior tells of what is wrong with it
	}
	text := texter(record)
	id, was := recordID(record)
	return desk.Feedback{
		ID: id, Was: was, At: saidAt(record), Token: said.Token, Direction: text(otelattr.TokenDirection), By: said.By,
		Benign: text(otelattr.FeedbackVerdict) == "benign", Facet: said.Facet, Value: said.Value,
	}, true
}

func texter(record plog.LogRecord) func(name string) string {
	return func(name string) string {
		if value, ok := record.Attributes().Get(name); ok {
			return value.AsString()
		}
		return ""
	}
}

// wish is what somebody wants to have done.
func (r *responder) wish(ctx context.Context, record plog.LogRecord) desk.Wish {
	text := texter(record)
	id, was := recordID(record)
	w := desk.Wish{
		ID: id, Was: was, At: saidAt(record), Verb: text(otelattr.ApprovalVerb), By: text(otelattr.JournalBy), Why: text(otelattr.ApprovalWhy),
		Act: text(otelattr.ActID), Target: text(otelattr.ActTarget), Incident: text(otelattr.IncidentID),
		Token: text(otelattr.TokenID), Direction: text(otelattr.TokenDirection), Delivery: text(deliveryID),
	}
	if to := text(deliveryTarget); to != "" {
		w.Target = to
	}
	if w.Verb == desk.VerbAct {
		_ = w.Action.UnmarshalText([]byte(text(otelattr.ActAction))) // notify is no act: the desk says so
		w.Event = r.known(ctx, w.Token, w.Direction)
		now := time.Now()
		budget := &patience{until: now.Add(wishBudget)}
		w.Grant = r.grant(ctx, w.Token, w.Action, now, budget)
		w.Blast = r.blast(ctx, w.Token, w.Action, now, budget)
	}
	return w
}

// known is what the store knows of a token, nil if it does not.
func (r *responder) known(ctx context.Context, token, direction string) *response.Event {
	if r.store == nil || token == "" {
		return nil
	}
	page, err := r.store.Tokens(ctx, store.TokenQuery{Filter: store.TokenFilter{IDs: []string{token}}, Limit: 2})
	if err != nil {
		return nil
	}
	for i := range page.Tokens {
		t := &page.Tokens[i]
		if direction != "" && t.Direction != direction {
			continue
		}
		e := &response.Event{Severity: response.Warn.String(), Token: response.Token{
			ID: t.ID, Hint: t.Hint, RegistryID: t.RegistryID, Type: t.Type, Format: t.Format, Direction: t.Direction, Status: t.Status,
			Scopes: t.Scopes, Tags: t.Tags,
		}}
		if t.OwnerID != "" || t.OwnerName != "" {
			e.Token.Owner = &response.Owner{ID: t.OwnerID, Name: t.OwnerName, Type: t.OwnerType, Team: t.OwnerTeam}
		}
		return e
	}
	return nil
}
