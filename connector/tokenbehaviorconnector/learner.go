package tokenbehaviorconnector

import (
	"context"
	"fmt"
	goruntime "runtime"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/route"
)

// learner keeps a fault in learning away from everything else: after a panic the engine is made anew from its own state,
// and after several in a row learning pauses.
type learner struct {
	config    behavior.Config
	options   route.Options
	telemetry *metadata.TelemetryBuilder
	health    *health
	get       func(key string) ([]byte, error)
	stored    bool // there is a storage

	engine *behavior.Engine
	tree   *route.Tree
	told   behavior.Stats    // of the engine, that telemetry knows of
	kept   map[string][]byte // state that was taken out of a broken engine and that the storage does not have yet

	saidHidden bool // that origins are hidden

	failures int       // in a row
	until    time.Time // learning pauses

	fault func() // provokes a panic, in tests
}

const (
	toleratedFailures = 3
	firstPause        = time.Minute
	longestPause      = time.Hour
)

func newLearner(config *Config, currency string, telemetry *metadata.TelemetryBuilder, h *health, get func(key string) ([]byte, error)) *learner {
	l := &learner{
		config:    engineConfig(config),
		options:   route.Options{MaxRoutes: config.Limits.MaxRoutes},
		telemetry: telemetry,
		health:    h,
		get:       get,
		stored:    config.Storage != nil,
	}
	l.config.Currency = currency
	l.fresh()
	return l
}

// engineConfig is the part of a valid Config that the engine needs.
func engineConfig(config *Config) behavior.Config {
	per, _ := config.AlertBudget.period()
	c := behavior.Config{
		Budget:   behavior.Budget{FalseAlerts: config.AlertBudget.FalseAlerts, Per: per, PerTokenDays: config.AlertBudget.PerTokenDays},
		Disabled: make(map[anomaly.Detector]bool),
		Limits: behavior.Limits{
			MaxTokens: config.Limits.MaxTokens, LiveTokens: config.Limits.LiveTokens, MaxFeedback: config.Limits.MaxFeedback,
			MaxTenants: config.Limits.MaxTenants, MaxWatched: config.Limits.MaxWatched,
		},
		Shards: goruntime.GOMAXPROCS(0),
		Probe:  probe(),
	}
	for name, detector := range config.Detectors {
		c.Disabled[anomaly.Detector(name)] = !detector.Enabled
	}
	return c
}

// fresh makes an engine that knows nothing.
func (l *learner) fresh() {
	l.tree = route.New(l.options)
	c := l.config
	c.Routes = l.tree
	if l.stored { // else what leaves memory is gone
		c.Load = l.load
	}
	l.engine, l.told = behavior.New(c), behavior.Stats{}
}

func (l *learner) load(key string) ([]byte, error) {
	if value, ok := l.kept[key]; ok {
		return value, nil
	}
	return l.get(key)
}

// learn judges observations and learns from them; it fills in their routes in any case. learned is false if that failed.
func (l *learner) learn(obs []*behavior.Observation, tokens int64) (events []anomaly.Event, learned bool) {
	if time.Now().Before(l.until) {
		l.template(obs)
		return nil, false
	}
	events, err := l.apply(obs)
	if err != nil {
		l.telemetry.TokenBehaviorPanics.Add(context.Background(), 1, taskLearning)
		l.health.fail(faultLearning, err)
		l.rebuild()
		l.template(obs)
		return nil, false
	}
	if l.report() == 0 && tokens > 0 {
		l.failures = 0
		l.health.recovered(faultLearning)
	}
	return events, true
}

// advise lets the engine heed feedback.
func (l *learner) advise(f behavior.Feedback) (err error) {
	defer recoverTo(&err)
	return l.engine.Advise(f)
}

// standing is how much speaks against a token; not known where it has left memory.
func (l *learner) standing(token string, outbound bool) (standing behavior.Standing, known bool) {
	defer func() {
		if recover() != nil {
			known = false
		}
	}()
	return l.engine.Standing(token, outbound)
}

// report tells telemetry what the engine counted, and returns the panics that it survived by itself: each costs the
// baseline of one token.
func (l *learner) report() (panics uint64) {
	now := l.engine.Stats()
	ctx := context.Background()
	add := func(counter metric.Int64Counter, n uint64, options ...metric.AddOption) {
		if n > 0 {
			counter.Add(ctx, int64(n), options...)
		}
	}
	panics = now.Panics - l.told.Panics
	add(l.telemetry.TokenBehaviorPanics, panics, taskLearning)
	add(l.telemetry.TokenBehaviorEvictions, now.Evicted-l.told.Evicted)
	add(l.telemetry.TokenBehaviorFeedback, now.Displaced-l.told.Displaced, resultDisplaced)
	add(l.telemetry.TokenBehaviorResponses, now.Unwatched-l.told.Unwatched, resultDisplaced)
	add(l.telemetry.TokenBehaviorTenantOverflow, now.Beyond-l.told.Beyond)
	add(l.telemetry.TokenBehaviorOwnerOverflow, now.Unrelated-l.told.Unrelated)
	add(l.telemetry.TokenBehaviorLate, now.Late-l.told.Late)
	add(l.telemetry.TokenBehaviorSkewed, now.Skewed-l.told.Skewed)
	add(l.telemetry.TokenBehaviorLearned, now.Learned-l.told.Learned)
	add(l.telemetry.TokenBehaviorOriginHidden, now.Hidden-l.told.Hidden)
	l.sayHidden(now.Hidden)
	if panics > 0 {
		l.health.fail(faultLearning, fmt.Errorf("%w: %s", errPanicked, now.Fault))
	}
	l.told = now
	return panics
}

// sayHidden says once that there are tokens whose origin is not judged.
func (l *learner) sayHidden(days uint64) {
	if days == 0 || l.saidHidden {
		return
	}
	l.saidHidden = true
	l.health.logger.Warn("tokens are seen through a CDN: country, network and travel are not judged for them, only for requests that come past it; " +
		"list the CDN's networks in trusted_proxies of token_identity and capture X-Forwarded-For to see the clients")
}

func (l *learner) apply(obs []*behavior.Observation) (events []anomaly.Event, err error) {
	defer recoverTo(&err)
	if l.fault != nil {
		l.fault()
	}
	return l.engine.ApplyEach(obs), nil
}

// rebuild replaces an engine that panicked, and whose memory cannot be trusted, by one that reads the state of the old one.
func (l *learner) rebuild() {
	if l.failures++; l.failures >= toleratedFailures {
		pause := min(firstPause<<min(l.failures-toleratedFailures, 10), longestPause)
		l.until = time.Now().Add(pause)
	}
	records, err := l.snapshot()
	if err != nil {
		l.health.fail(faultLearning, fmt.Errorf("its state is lost from the last snapshot on: %w", err))
	}
	if l.kept == nil {
		l.kept = make(map[string][]byte)
	}
	for _, record := range records {
		l.kept[record.Key] = record.Value
	}
	l.fresh()
	if err := l.restore(); err != nil {
		l.health.fail(faultLearning, fmt.Errorf("its state is lost: %w", err))
		l.fresh()
	}
}

// template fills in the routes of observations that the engine did not get to, and folds their clients.
func (l *learner) template(obs []*behavior.Observation) {
	for _, o := range obs {
		if o.Route == "" && o.Path != "" {
			o.Route = l.templateOne(o)
		}
		if strings.Contains(o.Client, "/") { // not folded yet
			o.Client = behavior.Family(o.Client)
		}
	}
}

func (l *learner) templateOne(o *behavior.Observation) (template string) {
	defer func() {
		if recover() != nil {
			template = route.Other
		}
	}()
	return l.tree.Template(o.Service, o.Method, o.Path)
}

// snapshot returns the state that changed since the last call.
func (l *learner) snapshot() (records []behavior.Record, err error) {
	defer recoverTo(&err)
	return l.engine.Snapshot(), nil
}

// restore reads the state into a fresh engine.
func (l *learner) restore() (err error) {
	defer recoverTo(&err)
	err = l.engine.Restore(l.load)
	l.told = l.engine.Stats()
	return err
}

// recoverTo turns a panic into an error.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %w", errPanicked, asError(p))
	}
}
