package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/exporter/tokenresponseexporter/internal/metadata"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/desk"
	"github.com/holterhq/holter/internal/response/outbox"
)

// teller turns what happens into logs, metrics and health.
type teller struct {
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    health
	tardiness sync.Mutex
	delayed   map[string]string // targets with acts that do not get through, and what they say
	unsure    atomic.Int64      // when the log said last that it is not known whom to refuse, in unix nanoseconds
}

func newTeller(set exporter.Settings) (*teller, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &teller{log: set.Logger, telemetry: telemetry}, nil
}

func target(name string) attribute.KeyValue { return attribute.String("target", name) }

// gauges observes what is there at the time of asking.
func (t *teller) gauges(d *courier.Dispatcher, out *outbox.Outbox, incidents *desk.Desk) error {
	each := func(o metric.Int64Observer, counts map[string]int) {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			o.Observe(int64(counts[name]), metric.WithAttributes(target(name)))
		}
	}
	if err := t.telemetry.RegisterTokenResponseOutboxSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		each(o, d.Pending())
		return nil
	}); err != nil {
		return err
	}
	if err := t.telemetry.RegisterTokenResponseDeadLettersCallback(func(_ context.Context, o metric.Int64Observer) error {
		each(o, d.DeadLetters())
		return nil
	}); err != nil {
		return err
	}
	if err := t.telemetry.RegisterTokenResponseStorageFailingCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(flag(out.Trouble() != nil))
		return nil
	}); err != nil {
		return err
	}
	if err := t.telemetry.RegisterTokenResponseIncidentsCallback(func(_ context.Context, o metric.Int64Observer) error {
		all, live := incidents.Size()
		o.Observe(int64(live), metric.WithAttributes(attribute.String("state", "open")))
		o.Observe(int64(all-live), metric.WithAttributes(attribute.String("state", "resolved")))
		return nil
	}); err != nil {
		return err
	}
	if err := t.telemetry.RegisterTokenResponseOpenCircuitsCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(len(incidents.Circuits(time.Now()))))
		return nil
	}); err != nil {
		return err
	}
	if err := t.telemetry.RegisterTokenResponseStoppedCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(flag(incidents.Stopped()))
		return nil
	}); err != nil {
		return err
	}
	return t.telemetry.RegisterTokenResponseTargetDisabledCallback(func(_ context.Context, o metric.Int64Observer) error {
		for name, disabled := range d.Disabled() {
			o.Observe(flag(disabled), metric.WithAttributes(target(name)))
		}
		return nil
	})
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

func (t *teller) close() { t.telemetry.Shutdown() }

func (t *teller) received(ctx context.Context, events int) {
	t.telemetry.TokenResponseEvents.Add(ctx, int64(events))
}

func (t *teller) refused(ctx context.Context, events int) {
	t.telemetry.TokenResponseRefused.Add(ctx, int64(events))
}

func (t *teller) matched(ctx context.Context, rule string) {
	t.telemetry.TokenResponseRuleMatches.Add(ctx, 1, metric.WithAttributes(attribute.String("rule", rule)))
}

func (t *teller) unclear(ctx context.Context, rule, id string, err error) {
	t.telemetry.TokenResponseConditionErrors.Add(ctx, 1, metric.WithAttributes(attribute.String("rule", rule)))
	t.log.Warn("a rule's condition cannot be evaluated for an anomaly, the rule does not match",
		zap.String("rule", rule), zap.String("anomaly.id", id), zap.Error(err))
}

// note tells what the desk decided.
func (t *teller) note(n desk.Note) {
	ctx := context.Background()
	switch n.Kind {
	case desk.Decided:
		t.telemetry.TokenResponseDecisions.Add(ctx, 1, metric.WithAttributes(attribute.String("decision", n.Decision)))
		t.log.Info("decided: "+n.Decision, zap.String("by", n.Entry.By), zap.String("why", n.Entry.Body), zap.String("api_token.id", n.Entry.Token))
	case desk.Known:
		t.telemetry.TokenResponseKnown.Add(ctx, 1)
	case desk.Cooled:
		t.telemetry.TokenResponseCooledDown.Add(ctx, 1)
	case desk.Evicted:
		t.telemetry.TokenResponseIncidentsEvicted.Add(ctx, int64(n.Count))
		t.log.Warn("an incident was forgotten to make room: raise incidents::max_count")
	case desk.Stood:
	}
}

// endForgotten tells that a target is not known any more to have been told that an incident is over.
func (t *teller) endForgotten(to string) {
	t.telemetry.TokenResponseEndsForgotten.Add(context.Background(), 1, metric.WithAttributes(target(to)))
}

// lost tells that the storage cannot be used at all.
func (t *teller) lost(err error) {
	t.log.Error("the storage cannot be used: the outbox lives in memory until the next start", zap.Error(err))
	t.health.set("storage", fmt.Errorf("the storage cannot be used, the outbox lives in memory: %w", err))
}

// forgetful tells that nothing is done until somebody resumes.
func (t *teller) forgetful() {
	t.log.Error("all acts are stopped until somebody resumes: what was stopped, refused or taken back before cannot be read")
	t.health.set("forgetful", errors.New("all acts are stopped until somebody resumes: what was stopped, refused or taken back before cannot be read"))
}

// late has health say at which targets acts do not get through, whatever else works there.
func (t *teller) late(now func() map[string]string) {
	t.tardiness.Lock()
	defer t.tardiness.Unlock()
	before := t.delayed
	t.delayed = now()
	for name, answer := range t.delayed {
		if said, known := before[name]; !known || said != answer {
			t.health.set("late "+name, fmt.Errorf("an act at target %s does not get through, and is still tried: %s", name, answer))
		}
	}
	for name := range before {
		if _, still := t.delayed[name]; !still {
			t.health.clear("late " + name)
		}
	}
}

// tardy says whether health tells of acts that do not get through.
func (t *teller) tardy() bool {
	t.tardiness.Lock()
	defer t.tardiness.Unlock()
	return len(t.delayed) > 0
}

// unsealed tells that a credential was wanted: whoever holds the private key has to be able to say when it was used.
func (t *teller) unsealed(fingerprint, outcome string, err error) {
	t.telemetry.TokenResponseUnsealed.Add(context.Background(), 1, metric.WithAttributes(attribute.String("outcome", outcome)))
	if err != nil {
		t.log.Warn("a sealed credential could not be opened", zap.String("api_token.fingerprint", fingerprint), zap.Error(err))
		return
	}
	t.log.Info("a sealed credential was opened for one request", zap.String("api_token.fingerprint", fingerprint))
}

// notice tells what happened to deliveries, targets and the store.
func (t *teller) notice(n courier.Notice) {
	ctx := context.Background()
	to := metric.WithAttributes(target(n.Target))
	switch n.Kind {
	case courier.Duplicate:
		t.telemetry.TokenResponseDuplicates.Add(ctx, 1, to)
	case courier.Retried:
		t.telemetry.TokenResponseRetries.Add(ctx, 1, to)
		t.log.Warn("a delivery failed and will be tried again", append(of(n), zap.Duration("in", n.Wait))...)
	case courier.Ended:
		t.ended(ctx, n)
	case courier.Held:
		t.log.Warn("a delivery waits for the storage", append(of(n), zap.Error(n.Err))...)
	case courier.Disabled:
		t.log.Error("the target answered 410 Gone and gets nothing more until its endpoint is changed or the Collector is started again", of(n)...)
		t.health.set("disabled "+n.Target, fmt.Errorf("target %s answered 410 Gone and is switched off", n.Target))
	case courier.TargetDown:
		t.log.Error("nothing has worked at the target for long", append(of(n), zap.Duration("for", n.Wait))...)
		t.health.set("down "+n.Target, fmt.Errorf("nothing has worked at target %s for %s: %s", n.Target, n.Wait.Round(1e9), why(n.Delivery.Answer)))
	case courier.TargetUp:
		t.log.Info("the target works again", zap.String("target", n.Target))
		t.health.clear("down " + n.Target)
	case courier.StoreFailed:
		t.log.Error("the storage refuses to write: deliveries go on from memory, and are written as soon as it works", zap.Error(n.Err))
		t.health.set("storage", fmt.Errorf("the storage refuses to write, the outbox is in memory: %w", n.Err))
	case courier.StoreWorks:
		t.log.Info("the storage works again")
		t.health.clear("storage")
	case courier.Forgotten:
		t.forgotten(ctx, n)
	case courier.Parked:
		t.log.Warn("the outbox holds deliveries for a target that is not configured; they wait for it to come back",
			zap.String("target", n.Target), zap.Int("deliveries", n.Count))
	case courier.Damaged:
		t.log.Error("parts of the outbox cannot be read and are left alone", zap.Error(n.Err))
	}
}

func (t *teller) forgotten(ctx context.Context, n courier.Notice) {
	if n.Target == "" {
		t.telemetry.TokenResponseSeenEvictions.Add(ctx, int64(n.Count))
		t.log.Warn("remembered anomalies were forgotten before their time: raise outbox::remember::max_count", zap.Int("count", n.Count))
		return
	}
	t.telemetry.TokenResponseDeadLettersEvicted.Add(ctx, int64(n.Count), metric.WithAttributes(target(n.Target)))
	t.log.Warn("a dead letter was forgotten to make room: raise outbox::max_dead_letters", zap.String("target", n.Target))
}

// ended tells how a delivery came to its end.
func (t *teller) ended(ctx context.Context, n courier.Notice) {
	to := metric.WithAttributes(target(n.Target))
	state := n.Delivery.State
	if n.Target == desk.JournalTarget && state == response.Delivered {
		t.log.Debug("recorded", of(n)...)
		return
	}
	t.telemetry.TokenResponseDeliveries.Add(ctx, 1, metric.WithAttributes(target(n.Target), attribute.String("outcome", state.String())))
	switch state {
	case response.Delivered:
		switch {
		case n.Delivery.Answer.Overtaken:
			t.telemetry.TokenResponseOvertaken.Add(ctx, 1, to)
			t.log.Info("a message came too late and was left out", of(n)...)
			return
		case n.Delivery.Answer.Detour:
			t.telemetry.TokenResponseDetours.Add(ctx, 1, to)
			t.log.Warn("the address that an event names is forbidden: its message went to the target's own endpoint", of(n)...)
		}
		t.telemetry.TokenResponseDeliveryLatency.Record(ctx, n.Wait.Seconds(), to)
		t.log.Info("delivered", append(of(n), zap.Duration("after", n.Wait))...)
	case response.Unknown:
		t.telemetry.TokenResponseUnknownActs.Add(ctx, 1, to)
		t.log.Error("nobody knows whether an act was done: its answer was lost and it is never sent again. Look at the provider; "+
			"idempotent: true or read_back: lets Holter find out by itself", of(n)...)
	case response.DryRun:
		t.telemetry.TokenResponseDryRunActs.Add(ctx, 1, to)
		t.log.Info("dry run: this would have been sent", append(of(n), zap.String("request", n.Delivery.Answer.Request))...)
	case response.Recalled:
		t.log.Info("an act was called back before anything was sent", of(n)...)
	default:
		t.log.Error("a delivery is given up and kept as a dead letter", of(n)...)
	}
}

// of are the fields that tell which delivery, and what the target said.
func of(n courier.Notice) []zap.Field {
	d := n.Delivery
	fields := []zap.Field{zap.String("target", n.Target)}
	if d.ID != "" {
		fields = append(fields, zap.String("delivery.id", d.ID), zap.String("rule", d.Rule), zap.Int("attempts", d.Attempts))
	}
	if d.Answer.Status != 0 {
		fields = append(fields, zap.Int("status", d.Answer.Status))
	}
	if d.Answer.Reason != "" {
		fields = append(fields, zap.String("reason", d.Answer.Reason))
	}
	if d.Answer.Text != "" && d.State != response.Delivered {
		fields = append(fields, zap.String("answer", d.Answer.Text))
	}
	return fields
}

func why(a response.Answer) string {
	if a.Reason != "" {
		return a.Reason
	}
	return fmt.Sprintf("status %d", a.Status)
}
