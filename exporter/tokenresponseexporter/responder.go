package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/desk"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/seal"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenregistry"
	"github.com/holterhq/holter/internal/tokenstore"
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

	client     storage.Client            // nil: in memory
	lost       error                     // why the storage that is configured cannot be used
	store      store.Store               // nil: none is configured
	senders    map[string]courier.Sender // that act, by target
	dispatcher *courier.Dispatcher
	deny       *denyList
	desk       *desk.Desk
	clock      *clock
	out        *outbox.Outbox
	unremember func() // no erasure is told from then on; nil: none is told yet
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
			Name: rule.name(i), Detectors: rule.Detectors, MinSeverity: rule.MinSeverity, Action: rule.Action, Targets: rule.Targets,
			CoolDown: rule.CoolDown, Approval: rule.Approval, TTL: rule.TTL,
			Escalate: response.Escalate{After: rule.Escalate.After, Targets: rule.Escalate.Targets}, Stop: rule.Stop,
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
	if targets, err = r.journal(host, targets); err != nil {
		return err
	}
	out, found, err := r.open(ctx, host)
	if err != nil {
		return err
	}
	if err := r.startDenyList(ctx, host); err != nil {
		return err
	}
	var damage error
	if r.desk, damage = desk.Open(ctx, r.rules(targets), out, r.noted); damage != nil {
		r.tell.notice(courier.Notice{Kind: courier.Damaged, Err: damage})
	}
	if r.cfg.StopFile != "" {
		r.desk.Bar(exists(r.cfg.StopFile), time.Now()) // before any act of an earlier process can go out
	}
	r.dispatcher = courier.New(out, targets, courier.Environment{
		Now: time.Now, Luck: rand.Float64, DownAfter: r.cfg.UnhealthyAfter, Ended: r.desk.Ended, Halted: r.desk.Halted, Recalled: r.desk.Recalled, Tried: r.desk.Tried,
	}, r.tell.notice)
	r.dispatcher.Start(ctx, found)
	if err := r.desk.Begin(ctx, time.Now(), r.dispatcher); err != nil {
		return err
	}
	if r.desk.Forgetful() {
		r.tell.forgetful()
	}
	r.tell.late(r.desk.Late)
	r.out, r.unremember = out, tokenstore.OnErase(host, r.set.ID.String(), r.forget)
	r.face(ctx, targets)
	r.clock = startClock(r.desk, r.cfg.StopFile, r.set.Logger)
	if err := r.serveApprovals(ctx, host); err != nil {
		return err
	}
	return r.tell.gauges(r.dispatcher, out, r.desk)
}

// noted tells what the desk decided, and what is well again because of it.
func (r *responder) noted(n desk.Note) {
	r.tell.note(n)
	if n.Kind != desk.Decided {
		return
	}
	if n.Decision == desk.VerbResume && !r.desk.Forgetful() {
		r.tell.health.clear("forgetful")
	}
	if n.Decision == "late" || r.tell.tardy() {
		r.tell.late(r.desk.Late)
	}
}

// rules is what the desk has to know.
func (r *responder) rules(targets []courier.Target) desk.Config {
	cfg := desk.Config{
		Policy: r.policy, Targets: make(map[string]desk.Target), Page: r.cfg.Page, DryRun: r.cfg.DryRun, ApproveWithin: r.cfg.Approvals.Within,
		LateAfter: r.cfg.UnhealthyAfter,
		Incidents: incident.Terms{
			UpdateEvery: r.cfg.Incidents.UpdateEvery, ResolveAfter: r.cfg.Incidents.ResolveAfter, Keep: r.cfg.Incidents.Keep, Max: r.cfg.Incidents.MaxCount,
		},
		Limits: guard.Limits{
			PerHour: r.cfg.Caps.PerHour, PerOwner: r.cfg.Caps.PerOwner, CloseAfter: r.cfg.Caps.CloseAfter,
			Protected: guard.Protected{Tokens: r.cfg.Protected.Tokens, Owners: r.cfg.Protected.Owners, Tags: r.cfg.Protected.Tags},
		},
		Links:   desk.Links{Console: r.cfg.ConsoleURL, Trace: r.cfg.TraceURL, Sign: r.cfg.Approvals.signer()},
		Journal: r.store != nil, Lost: r.lost,
	}
	for _, t := range targets {
		if t.Name == desk.JournalTarget {
			continue
		}
		actor, _ := t.Sender.(response.Actor)
		own := r.cfg.Targets[t.Name]
		cfg.Targets[t.Name] = desk.Target{
			Actor: actor, DryRun: r.dryTarget(t.Name), PerAnomaly: own.Per == perAnomaly, Stranger: own.strangers(),
		}
	}
	for name, route := range r.cfg.routes() {
		cfg.Targets[name] = desk.Target{PerAnomaly: r.cfg.Targets[name].Per == perAnomaly, Route: route.ends}
	}
	return cfg
}

// journal adds the target that keeps what was decided, if there is a store.
func (r *responder) journal(host component.Host, targets []courier.Target) ([]courier.Target, error) {
	if r.cfg.Store == nil {
		return targets, nil
	}
	var err error
	if r.store, err = tokenstore.FromHost(host, *r.cfg.Store); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return append(targets, courier.Target{
		Name: desk.JournalTarget, Terms: response.Terms{Kind: response.Message, Schedule: desk.JournalSchedule()},
		Sender: &desk.Journal{Store: r.store}, MaxPending: maxRecords, Parallel: 1, Timeout: defaultTimeout,
	}), nil
}

// maxRecords is how many groups of records wait for a store that is away.
const maxRecords = 10_000

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
		out, found, damage := outbox.Open(ctx, shelf{client}, limits, now)
		if out != nil {
			if damage != nil {
				r.tell.notice(courier.Notice{Kind: courier.Damaged, Err: damage})
			}
			return out, found, nil
		}
		err = damage
	}
	r.lost = err
	r.tell.lost(err)
	return outbox.Open(ctx, nil, limits, now)
}

// consumeLogs takes in the records that are this exporter's. It returns once what follows from them is in the outbox; an error
// means that nothing of it is.
func (r *responder) consumeLogs(ctx context.Context, logs plog.Logs) error {
	now := time.Now()
	var mail desk.Mail
	budget := &patience{until: now.Add(blastBudget)}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				r.sort(ctx, event{rl, sl, record}, now, budget, &mail)
			}
		}
	}
	if len(mail.Anomalies)+len(mail.Feedback)+len(mail.Wishes) == 0 {
		return nil
	}
	if err := r.desk.Take(ctx, now, mail); err != nil {
		r.tell.refused(ctx, len(mail.Anomalies))
		return err // not permanent: whoever sent it keeps it and tries again
	}
	r.tell.received(ctx, len(mail.Anomalies))
	return nil
}

// sort puts a record to where it belongs; those of others are left alone.
func (r *responder) sort(ctx context.Context, e event, now time.Time, budget *patience, mail *desk.Mail) {
	switch nameOf(e.record) {
	case otelattr.EventAnomaly:
		mail.Anomalies = append(mail.Anomalies, r.anomaly(ctx, e, now, budget))
	case otelattr.EventFeedback:
		if f, ok := feedback(e.record); ok {
			mail.Feedback = append(mail.Feedback, f)
		}
	case otelattr.EventApproval:
		if r.preview(ctx, e.record) {
			return
		}
		mail.Wishes = append(mail.Wishes, r.wish(ctx, e.record))
	}
}

// anomaly is what one event means to the desk.
func (r *responder) anomaly(ctx context.Context, e event, now time.Time, budget *patience) desk.Anomaly {
	a := desk.Anomaly{Event: describe(e), Severity: severityOf(e.record)}
	r.complete(&a.Event.Token)
	if a.Event.Time == "" {
		a.Event.Time = now.UTC().Format(time.RFC3339Nano)
	}
	a.Tenant, _ = a.Event.Attributes[otelattr.TokenTenant].(string)
	a.Act, _ = a.Event.Attributes[otelattr.ActID].(string)
	a.Matched = r.policy.Match(a.Event.Detector, a.Severity, func(i int) bool {
		holds, err := r.conditions[i].holds(ctx, e)
		if err != nil {
			r.tell.unclear(ctx, r.policy[i].Name, a.Event.ID, err)
		}
		return holds && err == nil
	})
	action := response.Lock
	for _, i := range a.Matched {
		r.tell.matched(ctx, r.policy[i].Name)
		if r.policy[i].Action != response.Notify {
			action = r.policy[i].Action
		}
	}
	if len(a.Matched) > 0 {
		a.Blast = r.blast(ctx, a.Event.Token.ID, action, now, budget)
		a.Release = r.release(ctx, &a.Event, budget)
		a.Grant = r.grant(ctx, a.Event.Token.ID, action, now, budget)
	}
	return a
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
	if r.unremember != nil {
		r.unremember()
		r.unremember = nil
	}
	var err error
	if r.clock != nil {
		r.clock.stop()
		r.clock = nil
	}
	if r.dispatcher != nil {
		err = r.dispatcher.Shutdown(ctx)
	}
	err = errors.Join(err, r.endServers(ctx))
	if r.client != nil {
		err = errors.Join(err, r.client.Close(ctx))
		r.client = nil
	}
	r.tell.close()
	return err
}

// endServers ends what is served, all of it at the same time: each may take some seconds.
func (r *responder) endServers(ctx context.Context) error {
	closers := append([]func(context.Context) error{r.deny.shutdown}, r.closers...)
	r.closers = nil
	errs := make([]error, len(closers))
	var group sync.WaitGroup
	for n, closer := range closers {
		group.Go(func() { errs[n] = closer(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}
