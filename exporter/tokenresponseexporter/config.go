package tokenresponseexporter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/hint"
	"github.com/holterhq/holter/internal/response"
)

// Config of token_response.
type Config struct {
	// Storage is the extension that holds the outbox. Without it the outbox lives in memory and is lost with the process.
	Storage *component.ID `mapstructure:"storage"`
	// DryRun holds acts back and says exactly what would have been sent. Messages are sent, and say so. True by default.
	DryRun bool `mapstructure:"dry_run"`
	// Registry is the token_registry that completes what events say of a token: fingerprint, client, issuer, scopes and tags.
	Registry *component.ID `mapstructure:"registry"`
	// Seal opens sealed credentials.
	Seal SealConfig `mapstructure:"seal"`
	// Targets are the places that events can go to, by name.
	Targets map[string]TargetConfig `mapstructure:"targets"`
	// Rules say which event goes where, in this order.
	Rules []RuleConfig `mapstructure:"rules"`
	// Outbox bounds what is kept.
	Outbox OutboxConfig `mapstructure:"outbox"`
	// DenyList is about the tokens that gateways refuse.
	DenyList DenyListConfig `mapstructure:"deny_list"`
	// UnhealthyAfter is how long a target may fail before the component's health says so.
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// OutboxConfig bounds what is kept.
type OutboxConfig struct {
	// MaxMemoryMiB bounds what is kept in memory: all of it without storage, else what the storage refuses to write.
	MaxMemoryMiB int `mapstructure:"max_memory_mib"`
	// MaxDeadLetters bounds the failed deliveries that are kept.
	MaxDeadLetters int `mapstructure:"max_dead_letters"`
	// MaxActs bounds the answers to acts that are kept.
	MaxActs int `mapstructure:"max_acts"`
	// Remember says for how long, and how many, accepted anomalies are known, so that none is delivered twice.
	Remember RememberConfig `mapstructure:"remember"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RememberConfig bounds the memory of accepted anomalies.
type RememberConfig struct {
	For      time.Duration `mapstructure:"for"`
	MaxCount int           `mapstructure:"max_count"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		DryRun: true,
		Outbox: OutboxConfig{
			MaxMemoryMiB:   32,
			MaxDeadLetters: 1000,
			MaxActs:        1000,
			Remember:       RememberConfig{For: 7 * 24 * time.Hour, MaxCount: 100_000},
		},
		DenyList:       defaultDenyList(),
		UnhealthyAfter: 5 * time.Minute,
	}
}

var _ confmap.Validator = (*Config)(nil)

// Validate checks what a field alone cannot know. It names every fault, each by its path.
func (c *Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, bound := range []struct {
		path  string
		value int
	}{
		{"outbox::max_memory_mib", c.Outbox.MaxMemoryMiB},
		{"outbox::max_dead_letters", c.Outbox.MaxDeadLetters},
		{"outbox::max_acts", c.Outbox.MaxActs},
		{"outbox::remember::max_count", c.Outbox.Remember.MaxCount},
	} {
		if bound.value <= 0 {
			fault("%s: %d is not positive", bound.path, bound.value)
		}
	}
	if c.Outbox.Remember.For <= 0 {
		fault("outbox::remember::for: %s is not positive", c.Outbox.Remember.For)
	}
	if c.UnhealthyAfter <= 0 {
		fault("unhealthy_after: %s is not positive", c.UnhealthyAfter)
	}
	for _, err := range c.DenyList.faults() {
		fault("deny_list::%w", err)
	}
	targets := slices.Sorted(maps.Keys(c.Targets))
	if c.Seal.PrivateKeyFile != "" && c.Registry == nil {
		fault("registry is missing: sealed credentials are kept by a token_registry, write registry: token_registry")
	}
	for _, name := range targets {
		target := c.Targets[name]
		if target.DenyList.HasValue() && !c.DenyList.served() {
			fault("targets::%s::deny_list: nobody could ask whom to refuse: write deny_list::http or deny_list::grpc beside targets", name)
		}
		if target.opens() && c.Seal.PrivateKeyFile == "" {
			fault("seal::private_key_file is missing: target %s takes the credential itself, which only its holder can open: write seal: {private_key_file: …}", name)
		}
	}
	conditions, err := newConditionParser(nopSettings())
	if err != nil {
		return err
	}
	names := make(map[string]int, len(c.Rules))
	for i := range c.Rules {
		r := &c.Rules[i]
		if first, ok := names[r.name(i)]; ok {
			fault("rules[%d]::name: %q is the name of rules[%d] already", i, r.name(i), first)
		}
		names[r.name(i)] = i
		for _, err := range r.faults(targets) {
			fault("rules[%d]::%w", i, err)
		}
		if _, err := conditions.parse(r.Condition); err != nil {
			fault("rules[%d]::condition: %w", i, err)
		}
	}
	return errors.Join(faults...)
}

// unused are the targets that no rule sends to.
func (c *Config) unused() []string {
	used := make(map[string]bool)
	for _, r := range c.Rules {
		for _, target := range r.Targets {
			used[target] = true
		}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		if !used[name] {
			names = append(names, name)
		}
	}
	return names
}

// RuleConfig sends events to targets.
type RuleConfig struct {
	// Name stands in messages and metrics. By default the rule's place in the list: rules[0].
	Name string `mapstructure:"name"`
	// Detectors are the names of the detectors whose events match; none means all.
	Detectors []string `mapstructure:"detectors"`
	// MinSeverity is warn, error or fatal.
	MinSeverity response.Severity `mapstructure:"min_severity"`
	// Condition is an OTTL condition over the event's log record.
	Condition string `mapstructure:"condition"`
	// Targets are where matching events go.
	Targets []string `mapstructure:"targets"`
	// Stop keeps later rules from seeing an event that matches this one.
	Stop bool `mapstructure:"stop"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (r *RuleConfig) name(i int) string {
	if r.Name != "" {
		return r.Name
	}
	return fmt.Sprintf("rules[%d]", i)
}

func (r *RuleConfig) faults(targets []string) (faults []error) {
	for _, name := range r.Detectors {
		if !slices.Contains(response.Detectors, name) {
			faults = append(faults, unknown("detectors", "detector", name, response.Detectors))
		}
	}
	for _, name := range r.Targets {
		if !slices.Contains(targets, name) {
			faults = append(faults, unknown("targets", "target", name, targets))
		}
	}
	if len(r.Targets) == 0 && !r.Stop {
		faults = append(faults, errors.New("targets: none, so that the rule does nothing: name some, or write stop: true to keep matching events from later rules"))
	}
	return faults
}

// unknown is an error that names what was probably meant, or else what there is.
func unknown(field, kind, name string, known []string) error {
	if near := hint.Nearest(name, known); near != "" {
		return fmt.Errorf("%s: unknown %s %q: did you mean %s?", field, kind, name, near)
	}
	if len(known) == 0 {
		return fmt.Errorf("%s: unknown %s %q: none is configured", field, kind, name)
	}
	return fmt.Errorf("%s: unknown %s %q: it is one of %s", field, kind, name, strings.Join(known, ", "))
}
