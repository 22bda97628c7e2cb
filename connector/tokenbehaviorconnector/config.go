package tokenbehaviorconnector

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/anomaly"
)

// Config of the token_behavior connector.
type Config struct {
	// Storage is the extension that keeps baselines, journal and outbox. Without it they live in memory only.
	Storage *component.ID `mapstructure:"storage"`
	// AlertBudget is the one knob for noise: how many false alerts are tolerable.
	AlertBudget AlertBudget `mapstructure:"alert_budget"`
	// ReorderWindow sorts requests by (time, trace id, span id) before they are learned from. 0 learns in order of arrival.
	ReorderWindow time.Duration `mapstructure:"reorder_window"`
	// Count is "entry", a request once however many spans tell of it, or "every", each SERVER or CLIENT span.
	Count string `mapstructure:"count"`
	// IdentityKeyID is the public id of the identity key whose tokens are learned from. Empty takes the first that is seen.
	IdentityKeyID string `mapstructure:"identity_key_id"`
	// Tenant says whose tokens are compared with each other.
	Tenant Tenant `mapstructure:"tenant"`
	// Limits bound what is held.
	Limits Limits `mapstructure:"limits"`
	// Metrics is how usage is emitted, unless Outputs says otherwise for a pipeline.
	Metrics Metrics `mapstructure:"metrics"`
	// Outputs is what differs for single pipelines, by their id.
	Outputs map[pipeline.ID]Output `mapstructure:"outputs"`
	// Feedback is what people say of tokens, in api_token.feedback events among the log records.
	Feedback Feedback `mapstructure:"feedback"`
	// Watch is what is done about tokens, in api_token.response events among the log records.
	Watch Watch `mapstructure:"watch"`
	// Units are what requests use beside themselves, such as tokens of a language model.
	Units Units `mapstructure:"units"`
	// Detectors switches detectors off.
	Detectors map[string]Detector `mapstructure:"detectors"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Tenant tells tenants apart.
type Tenant struct {
	// Attribute is a resource attribute whose value is the tenant of tokens of which no api_token.tenant is known.
	Attribute string `mapstructure:"attribute"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AlertBudget is a number of tolerable false alerts, per time for the whole installation or per so many token-days.
type AlertBudget struct {
	FalseAlerts float64 `mapstructure:"false_alerts"`
	// Per is day, week, month or a duration. Empty means week, unless PerTokenDays is set.
	Per string `mapstructure:"per"`
	// PerTokenDays makes the budget grow with the number of live tokens.
	PerTokenDays float64 `mapstructure:"per_token_days"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Limits bound the connector's memory and storage.
type Limits struct {
	// MaxTokens is how many baselines are held in memory.
	MaxTokens int `mapstructure:"max_tokens"`
	// LiveTokens is how many of them are unpacked, those used latest: a request of another one takes several times as long.
	LiveTokens int `mapstructure:"live_tokens"`
	// MaxFeedback is how many tokens have feedback in force.
	MaxFeedback int `mapstructure:"max_feedback"`
	// MaxWatched is how many acts are watched for whether they hold.
	MaxWatched int `mapstructure:"max_watched"`
	// MaxTenants is how many tenants have a population of their own.
	MaxTenants int `mapstructure:"max_tenants"`
	// MaxRoutes is how many routes are learned from the raw paths of one service.
	MaxRoutes int `mapstructure:"max_routes"`
	// RecentRequests is how many requests are remembered to tell duplicates and nested spans.
	RecentRequests int `mapstructure:"recent_requests"`
	// MaxReordered is how many requests wait in the reorder window at most.
	MaxReordered int `mapstructure:"max_reordered"`
	// MaxTokenMinutes is how many tokens in minutes are counted apart for an output by the minute until they are emitted.
	MaxTokenMinutes int `mapstructure:"max_token_minutes"`
	// MaxTraces is how many traces are remembered to bring units to the request that used them.
	MaxTraces int `mapstructure:"max_traces"`
	// JournalMiB is the size at which the journal is turned into a snapshot.
	JournalMiB int `mapstructure:"journal_mib"`
	// MaxOutbox is how many anomaly events wait for a pipeline that refuses them.
	MaxOutbox int `mapstructure:"max_outbox"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Metrics is how usage is emitted.
type Metrics struct {
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// Temporality is cumulative or delta.
	Temporality string `mapstructure:"temporality"`
	// MaxTokens is how many tokens get series of their own, the heaviest; the rest share an overflow series.
	MaxTokens int `mapstructure:"max_tokens"`
	// MaxRoutes, MaxOrigins, MaxReleases and MaxClients bound the series of one token.
	MaxRoutes   int `mapstructure:"max_routes"`
	MaxOrigins  int `mapstructure:"max_origins"`
	MaxReleases int `mapstructure:"max_releases"`
	MaxClients  int `mapstructure:"max_clients"`
	// MaxServiceRoutes bounds the series that carry no token: routes under stress, coverage by service.
	MaxServiceRoutes int `mapstructure:"max_service_routes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Output is what differs for one pipeline. For a metrics pipeline empty fields are taken from Metrics.
type Output struct {
	// Baselines tells a logs pipeline what has been learned of tokens.
	Baselines bool `mapstructure:"baselines"`

	FlushInterval time.Duration `mapstructure:"flush_interval"`
	Temporality   string        `mapstructure:"temporality"`
	MaxTokens     int           `mapstructure:"max_tokens"`
	// ByMinute cuts deltas by the minute of event time.
	ByMinute bool `mapstructure:"by_minute"`
	// LastUsed tells how each token was used last.
	LastUsed bool `mapstructure:"last_used"`
	// Evidence tells how much speaks against each token.
	Evidence bool `mapstructure:"evidence"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Feedback is who is heard, and for how long.
type Feedback struct {
	// Enabled takes feedback from the logs pipelines: whoever may send log records there may give it.
	Enabled bool `mapstructure:"enabled"`
	// TTL is how long feedback holds that does not say so itself.
	TTL time.Duration `mapstructure:"ttl"`
	// MaxTTL cuts what would hold for longer.
	MaxTTL time.Duration `mapstructure:"max_ttl"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Watch is for how long it is watched whether a token that was locked still succeeds.
type Watch struct {
	// Enabled follows what is done about tokens, as the logs pipelines tell: whoever may send log records there may have a token watched.
	Enabled bool `mapstructure:"enabled"`
	// Delay is what a lock is given at least to hold everywhere, and clocks to differ.
	Delay time.Duration `mapstructure:"delay"`
	// For is how long a token is watched after an act.
	For time.Duration `mapstructure:"for"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Units says what is counted, and what it costs.
type Units struct {
	// Enabled reads gen_ai.usage.* of the spans within a request.
	Enabled bool `mapstructure:"enabled"`
	// Attributes are further units and the attributes that count them.
	Attributes map[string]string `mapstructure:"attributes"`
	// OTTL are further units and the OTTL values of spans that count them.
	OTTL map[string]string `mapstructure:"ottl"`
	// Prices is a YAML file that says what units cost.
	Prices string `mapstructure:"prices"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Detector switches one detector on or off.
type Detector struct {
	Enabled bool `mapstructure:"enabled"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var errFeedbackOff = errors.New("feedback::enabled is false: set it to true to have people heard")

// Values of Count and Temporality.
const (
	countEntry            = "entry"
	countEvery            = "every"
	temporalityCumulative = "cumulative"
	temporalityDelta      = "delta"
)

// shortestFlush is the shortest time between two batches of metrics.
const shortestFlush = time.Second

// keyID is how the id of a key looks.
var keyID = regexp.MustCompile(`^[0-9a-f]{8}$`)

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		AlertBudget: AlertBudget{FalseAlerts: 10},
		Count:       countEntry,
		Limits: Limits{
			MaxTokens:       1_000_000,
			LiveTokens:      32_000,
			MaxFeedback:     4_096,
			MaxWatched:      4_096,
			MaxTenants:      256,
			MaxRoutes:       50,
			RecentRequests:  262_144,
			MaxReordered:    1_000_000,
			MaxTraces:       65_536,
			JournalMiB:      32,
			MaxOutbox:       10_000,
			MaxTokenMinutes: 100_000,
		},
		Feedback: Feedback{Enabled: true, TTL: 30 * 24 * time.Hour, MaxTTL: 365 * 24 * time.Hour},
		Watch:    Watch{Enabled: true, Delay: 10 * time.Second, For: 7 * 24 * time.Hour},
		Units:    Units{Enabled: true},
		Metrics: Metrics{
			FlushInterval:    15 * time.Second,
			Temporality:      temporalityCumulative,
			MaxTokens:        10_000,
			MaxRoutes:        50,
			MaxOrigins:       20,
			MaxReleases:      20,
			MaxClients:       20,
			MaxServiceRoutes: 1_000,
		},
	}
}

// Unmarshal makes a detector that is mentioned without saying more an enabled one.
func (d *Detector) Unmarshal(conf *confmap.Conf) error {
	d.Enabled = true
	return conf.Unmarshal(d)
}

// Validate names every key that is wrong, and what would be right.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if _, err := c.AlertBudget.period(); err != nil {
		errs = append(errs, err)
	}
	if !(c.AlertBudget.FalseAlerts > 0 && c.AlertBudget.FalseAlerts <= math.MaxFloat32) { // NaN as well
		fail("alert_budget::false_alerts: %v: use a number greater than 0, such as 10 (a week)", c.AlertBudget.FalseAlerts)
	}
	if !(c.AlertBudget.PerTokenDays >= 0 && c.AlertBudget.PerTokenDays <= math.MaxFloat32) {
		fail("alert_budget::per_token_days: %v: use a number greater than 0, such as 1000", c.AlertBudget.PerTokenDays)
	}
	if c.ReorderWindow < 0 || c.ReorderWindow > time.Hour {
		fail("reorder_window: %v: use a duration from 0s (off) to 1h", c.ReorderWindow)
	}
	if c.Count != countEntry && c.Count != countEvery {
		fail("count: %q: use %s (one request once) or %s (each server or client span)", c.Count, countEntry, countEvery)
	}
	if c.IdentityKeyID != "" && !keyID.MatchString(c.IdentityKeyID) {
		fail("identity_key_id: %q: use the eight hex digits that `holter key id FILE` prints and token_identity logs at its start", c.IdentityKeyID)
	}
	for _, limit := range []struct {
		key   string
		value int
		usual int
	}{
		{"limits::max_tokens", c.Limits.MaxTokens, 1_000_000},
		{"limits::live_tokens", c.Limits.LiveTokens, 32_000},
		{"limits::max_feedback", c.Limits.MaxFeedback, 4_096},
		{"limits::max_watched", c.Limits.MaxWatched, 4_096},
		{"limits::max_tenants", c.Limits.MaxTenants, 256},
		{"limits::max_routes", c.Limits.MaxRoutes, 50},
		{"limits::recent_requests", c.Limits.RecentRequests, 262_144},
		{"limits::max_reordered", c.Limits.MaxReordered, 1_000_000},
		{"limits::max_token_minutes", c.Limits.MaxTokenMinutes, 100_000},
		{"limits::max_traces", c.Limits.MaxTraces, 65_536},
		{"limits::journal_mib", c.Limits.JournalMiB, 32},
		{"limits::max_outbox", c.Limits.MaxOutbox, 10_000},
		{"metrics::max_tokens", c.Metrics.MaxTokens, 10_000},
		{"metrics::max_routes", c.Metrics.MaxRoutes, 50},
		{"metrics::max_origins", c.Metrics.MaxOrigins, 20},
		{"metrics::max_releases", c.Metrics.MaxReleases, 20},
		{"metrics::max_clients", c.Metrics.MaxClients, 20},
		{"metrics::max_service_routes", c.Metrics.MaxServiceRoutes, 1_000},
	} {
		if limit.value < 1 {
			fail("%s: %d: use a number of at least 1 (default %d)", limit.key, limit.value, limit.usual)
		}
	}
	for unit, attribute := range c.Units.Attributes {
		if unit == "" || attribute == "" {
			fail("units::attributes::%s: %q: name a unit and the attribute that counts it, such as {pages: document.pages}", unit, attribute)
		}
	}
	if _, err := compileUnits(c.Units.OTTL, component.TelemetrySettings{Logger: zap.NewNop()}); err != nil {
		errs = append(errs, err)
	}
	if c.Feedback.TTL <= 0 || c.Feedback.TTL > c.Feedback.MaxTTL {
		fail("feedback::ttl: %v: use a duration greater than 0 and at most feedback::max_ttl (%v), such as 720h", c.Feedback.TTL, c.Feedback.MaxTTL)
	}
	if c.Watch.Delay < 0 || c.Watch.Delay > time.Hour {
		fail("watch::delay: %v: use a duration from 0s to 1h", c.Watch.Delay)
	}
	if c.Watch.For <= c.Watch.Delay {
		fail("watch::for: %v: use a duration greater than watch::delay (%v), such as 168h", c.Watch.For, c.Watch.Delay)
	}
	if c.Metrics.FlushInterval < shortestFlush {
		fail("metrics::flush_interval: %v: use a duration of at least %v, such as 15s", c.Metrics.FlushInterval, shortestFlush)
	}
	if err := checkTemporality("metrics::temporality", c.Metrics.Temporality); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.validateOutputs()...)
	for name := range c.Detectors {
		if _, ok := anomaly.RuleOf(anomaly.Detector(name)); !ok {
			fail("detectors::%s: no such detector: use one of %s", name, detectorNames())
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateOutputs() []error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for id, output := range c.Outputs {
		switch plain := (Output{Baselines: output.Baselines}); {
		case id.Signal() == pipeline.SignalLogs && output != plain:
			fail("outputs::%s: a logs pipeline has no other key than baselines: true", id)
		case id.Signal() == pipeline.SignalMetrics && output.Baselines:
			fail("outputs::%s::baselines: baselines are log records: set it for a logs pipeline, such as logs/store", id)
		case id.Signal() != pipeline.SignalMetrics && id.Signal() != pipeline.SignalLogs:
			fail("outputs::%s: neither a metrics nor a logs pipeline: use an id such as metrics, metrics/prometheus or logs/store", id)
		}
		if output.Temporality != "" {
			if err := checkTemporality(fmt.Sprintf("outputs::%s::temporality", id), output.Temporality); err != nil {
				errs = append(errs, err)
			}
		}
		if output.MaxTokens < 0 {
			fail("outputs::%s::max_tokens: %d: use a number of at least 1, or leave it out for metrics::max_tokens", id, output.MaxTokens)
		}
		if output.ByMinute && cmp.Or(output.Temporality, c.Metrics.Temporality) != temporalityDelta {
			fail("outputs::%s::by_minute: only deltas are cut by the minute: set outputs::%s::temporality: delta as well", id, id)
		}
		if output.FlushInterval != 0 && output.FlushInterval < shortestFlush {
			fail("outputs::%s::flush_interval: %v: use a duration of at least %v, or leave it out for metrics::flush_interval",
				id, output.FlushInterval, shortestFlush)
		}
	}
	return errs
}

// period is the time that the budget is for; 0 when it is per token-days.
func (b AlertBudget) period() (time.Duration, error) {
	const day = 24 * time.Hour
	if b.PerTokenDays > 0 {
		if b.Per != "" {
			return 0, errors.New("alert_budget: per and per_token_days exclude each other: " +
				"use {false_alerts: 10, per: week} for the installation, or {false_alerts: 5, per_token_days: 1000}")
		}
		return 0, nil
	}
	switch b.Per {
	case "day":
		return day, nil
	case "week", "":
		return 7 * day, nil
	case "month":
		return 30 * day, nil
	}
	d, err := time.ParseDuration(b.Per)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("alert_budget::per: %q: use day, week, month or a duration such as 72h", b.Per)
	}
	return d, nil
}

func checkTemporality(key, value string) error {
	if value == temporalityCumulative || value == temporalityDelta {
		return nil
	}
	return fmt.Errorf("%s: %q: use %s or %s", key, value, temporalityCumulative, temporalityDelta)
}

func detectorNames() string {
	names := make([]string, len(anomaly.Rules))
	for i, rule := range anomaly.Rules {
		names[i] = string(rule.Detector)
	}
	return strings.Join(names, ", ")
}
