package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/seal"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// responder is the exporter: it matches events with rules and hands them to a dispatcher.
type responder struct {
	cfg        *Config
	set        exporter.Settings
	policy     response.Policy
	conditions []*condition
	tell       *teller

	registry *tokenregistry.Registry // nil: none
	private  *seal.PrivateKey        // nil: nothing sealed is opened
	closers  []func(context.Context) error

	client     storage.Client // nil: in memory
	dispatcher *courier.Dispatcher
	deny       *denyList
}

func newResponder(set exporter.Settings, cfg *Config) (*responder, error) {
	parser, err := newConditionParser(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r := &responder{cfg: cfg, set: set}
	for i := range cfg.Rules {
		rule := &cfg.Rules[i]
		compiled, err := parser.parse(rule.Condition)
		if err != nil {
			return nil, fmt.Errorf("rules[%d]::condition: %w", i, err)
		}
		r.conditions = append(r.conditions, compiled)
		r.policy = append(r.policy, response.Rule{
			Name: rule.name(i), Detectors: rule.Detectors, MinSeverity: rule.MinSeverity, Targets: rule.Targets, Stop: rule.Stop,
		})
	}
	if r.tell, err = newTeller(set); err != nil {
		return nil, err
	}
	r.deny = newDenyList(set, &cfg.DenyList, r.tell)
	return r, nil
}

func (r *responder) start(ctx context.Context, host component.Host) error {
	r.tell.health.begin(host)
	r.warn()
	if err := r.openRegistry(host); err != nil {
		return err
	}
	targets, err := r.targets(ctx, host)
	if err != nil {
		return err
	}
	out, found, err := r.open(ctx, host)
	if err != nil {
		return err
	}
	if err := r.startDenyList(ctx, host); err != nil {
		return err
	}
	r.dispatcher = courier.New(out, targets, courier.Environment{
		Now: time.Now, Luck: rand.Float64, DownAfter: r.cfg.UnhealthyAfter,
	}, r.tell.notice)
	r.dispatcher.Start(ctx, found)
	return r.tell.gauges(r.dispatcher, out)
}

// warn says what is allowed but probably not meant.
func (r *responder) warn() {
	log := r.set.Logger
	if len(r.cfg.Rules) == 0 {
		log.Info("no rules are configured: anomalies are neither told nor acted on here")
	}
	for _, name := range r.cfg.unused() {
		log.Warn("no rule sends anything to this target", zap.String("target", name))
	}
	if r.cfg.Storage == nil && len(r.cfg.Rules) > 0 {
		log.Warn("no storage is configured: what waits for delivery, and what was delivered, is forgotten when the process ends. " +
			"Write storage: file_storage")
	}
}

// open opens the outbox. A store that cannot be opened or read is no reason to stop the Collector: the outbox then lives in
// memory, and health says so.
func (r *responder) open(ctx context.Context, host component.Host) (*outbox.Outbox, []*response.Delivery, error) {
	limits := outbox.Limits{
		Memory: r.cfg.Outbox.MaxMemoryMiB << 20, DeadLetters: r.cfg.Outbox.MaxDeadLetters, Acts: r.cfg.Outbox.MaxActs,
		Seen: r.cfg.Outbox.Remember.MaxCount, SeenFor: r.cfg.Outbox.Remember.For,
	}
	now := time.Now()
	if r.cfg.Storage == nil {
		return outbox.Open(ctx, nil, limits, now)
	}
	client, configured, err := openStorage(ctx, host, r.set.ID, *r.cfg.Storage)
	if !configured {
		return nil, nil, err
	}
	if err == nil {
		r.client = client
		out, found, damage := outbox.Open(ctx, store{client}, limits, now)
		if out != nil {
			if damage != nil {
				r.tell.notice(courier.Notice{Kind: courier.Damaged, Err: damage})
			}
			return out, found, nil
		}
		err = damage
	}
	r.tell.lost(err)
	return outbox.Open(ctx, nil, limits, now)
}

// consumeLogs takes on the deliveries of all anomalies in the logs. It returns once they are in the outbox; an error means
// that none of them is.
func (r *responder) consumeLogs(ctx context.Context, logs plog.Logs) error {
	now := time.Now()
	var deliveries []*response.Delivery
	events := 0
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				if isAnomaly(record) {
					events++
					deliveries = append(deliveries, r.deliveries(ctx, event{rl, sl, record}, now)...)
				}
			}
		}
	}
	if events == 0 {
		return nil
	}
	if len(deliveries) > 0 {
		if err := r.dispatcher.Accept(ctx, deliveries...); err != nil {
			r.tell.refused(ctx, events)
			return err // not permanent: whoever sent it keeps it and tries again
		}
	}
	r.tell.received(ctx, events)
	return nil
}

// deliveries are what one event becomes.
func (r *responder) deliveries(ctx context.Context, e event, now time.Time) []*response.Delivery {
	described := describe(e)
	r.complete(&described.Token)
	if described.Time == "" {
		described.Time = now.UTC().Format(time.RFC3339Nano)
	}
	matches, rules := r.policy.Match(described.Detector, severityOf(e.record), func(i int) bool {
		holds, err := r.conditions[i].holds(ctx, e)
		if err != nil {
			r.tell.unclear(ctx, r.policy[i].Name, described.ID, err)
		}
		return holds && err == nil
	})
	for _, rule := range rules {
		r.tell.matched(ctx, rule)
	}
	described.DryRun = r.dry(matches)
	var out []*response.Delivery
	for _, m := range matches {
		described.Rule = m.Rule
		body, err := message.Body(described)
		if err != nil {
			r.set.Logger.Error("an anomaly cannot be written as a message", zap.String("anomaly.id", described.ID), zap.Error(err))
			return nil
		}
		out = append(out, &response.Delivery{
			ID: described.ID, Target: m.Target, Rule: m.Rule, Arrived: now, Body: body,
			DryRun:   r.dryTarget(m.Target),
			Progress: response.Progress{Due: now},
		})
	}
	return out
}

// dry says whether nothing is done about the token: no act goes out for the matches.
func (r *responder) dry(matches []response.Match) bool {
	acts := 0
	for _, m := range matches {
		target := r.cfg.Targets[m.Target]
		if _, ok := target.acts(); ok {
			if acts++; !r.dryTarget(m.Target) {
				return false
			}
		}
	}
	return acts > 0 || r.cfg.DryRun
}

// dryTarget says whether a target's acts are described instead of sent.
func (r *responder) dryTarget(name string) bool {
	target := r.cfg.Targets[name]
	acts, ok := target.acts()
	if !ok {
		return false
	}
	if own := acts.dry(); own != nil {
		return *own
	}
	return r.cfg.DryRun
}

func (r *responder) shutdown(ctx context.Context) error {
	var err error
	if r.dispatcher != nil {
		err = r.dispatcher.Shutdown(ctx)
	}
	err = errors.Join(err, r.deny.shutdown(ctx))
	if r.client != nil {
		err = errors.Join(err, r.client.Close(ctx))
		r.client = nil
	}
	for _, closer := range r.closers {
		err = errors.Join(err, closer(ctx))
	}
	r.closers = nil
	r.tell.close()
	return err
}
