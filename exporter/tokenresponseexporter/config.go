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
	"github.com/holterhq/holter/internal/response/desk"
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
	// Store is the token_store extension whose journal keeps what was decided, and that knows what an act would break.
	Store *component.ID `mapstructure:"store"`
	// Targets are the places that events can go to, by name.
	Targets map[string]TargetConfig `mapstructure:"targets"`
	// Rules say which event goes where, in this order.
	Rules []RuleConfig `mapstructure:"rules"`
	// Incidents say how the anomalies of a token are told together.
	Incidents IncidentsConfig `mapstructure:"incidents"`
	// Page are the targets that hear of what cannot wait: an unknown act, an open circuit, an act that does not hold. None:
	// those that hear of the incident.
	Page []string `mapstructure:"page"`
	// Caps bound what is done without anybody's consent.
	Caps CapsConfig `mapstructure:"caps"`
	// Protected is never acted on.
	Protected ProtectedConfig `mapstructure:"protected"`
	// StopFile stops all acts for as long as it exists.
	StopFile string `mapstructure:"stop_file"`
	// Approvals say how somebody's consent is asked for, and where acts can be stopped and taken back without the page.
	Approvals ApprovalsConfig `mapstructure:"approvals"`
	// ConsoleURL is the address of the page, for links.
	ConsoleURL string `mapstructure:"console_url"`
	// TraceURL is the address of a trace, with {trace_id} and {span_id}.
	TraceURL string `mapstructure:"trace_url"`
	// Outbox bounds what is kept.
	Outbox OutboxConfig `mapstructure:"outbox"`
	// DenyList is about the tokens that gateways refuse.
	DenyList DenyListConfig `mapstructure:"deny_list"`
	// UnhealthyAfter is how long a target may fail before the component's health says so.
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// IncidentsConfig says how the anomalies of a token are told together.
type IncidentsConfig struct {
	// UpdateEvery is how often more of the same is told. What has become more severe is told at once.
	UpdateEvery time.Duration `mapstructure:"update_every"`
	// ResolveAfter is how long a token has to be calm until its incident is over.
	ResolveAfter time.Duration `mapstructure:"resolve_after"`
	// Keep is how long what is over is remembered, for its acts and cool-downs.
	Keep time.Duration `mapstructure:"keep"`
	// MaxCount bounds the incidents that are kept; beyond it one that is over is forgotten, the oldest first.
	MaxCount int `mapstructure:"max_count"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// CapsConfig bounds what is done without anybody's consent. A cap that is reached opens a circuit: nothing more is done.
type CapsConfig struct {
	// PerHour and PerOwner are acts within an hour, of all tokens and of one owner's; 0: no limit.
	PerHour  int `mapstructure:"per_hour"`
	PerOwner int `mapstructure:"per_owner"`
	// CloseAfter is when a circuit closes by itself; 0: somebody has to.
	CloseAfter time.Duration `mapstructure:"close_after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ProtectedConfig says what is never acted on.
type ProtectedConfig struct {
	// Tokens are ids, or those of the registry.
	Tokens []string `mapstructure:"tokens"`
	// Owners are ids.
	Owners []string `mapstructure:"owners"`
	// Tags are key:value.
	Tags []string `mapstructure:"tags"`

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
		Incidents:      IncidentsConfig{UpdateEvery: 15 * time.Minute, ResolveAfter: 24 * time.Hour, Keep: 30 * 24 * time.Hour, MaxCount: 10_000},
		Caps:           CapsConfig{PerHour: 20, PerOwner: 5, CloseAfter: time.Hour},
		Approvals:      defaultApprovals(),
		UnhealthyAfter: 5 * time.Minute,
	}
}

var _ confmap.Validator = (*Config)(nil)

// Validate checks what a field alone cannot know. It names every fault, each by its path.
func (c *Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	faults = append(faults, c.bounds()...)
	faults = append(faults, c.routeFaults()...)
	faults = append(faults, below("approvals", c.Approvals.faults())...)
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
		for _, err := range append(r.faults(targets), c.acting(r)...) {
			fault("rules[%d]::%w", i, err)
		}
		if _, err := conditions.parse(r.Condition); err != nil {
			fault("rules[%d]::condition: %w", i, err)
		}
	}
	for i, name := range c.Page {
		if !slices.Contains(targets, name) {
			faults = append(faults, unknown(fmt.Sprintf("page[%d]", i), "target", name, targets))
		} else if target := c.Targets[name]; target.isActor() {
			fault("page[%d]: %s acts on tokens: name a target that tells people", i, name)
		}
	}
	for i, tag := range c.Protected.Tags {
		if key, value, ok := strings.Cut(tag, ":"); !ok || key == "" || value == "" {
			fault("protected::tags[%d]: %q: write key:value", i, tag)
		}
	}
	if _, taken := c.Targets[desk.JournalTarget]; taken {
		fault("targets::%s: the name is taken by the journal of token_store: choose another", desk.JournalTarget)
	}
	return errors.Join(faults...)
}

// bounds are the numbers that are out of range.
func (c *Config) bounds() (faults []error) {
	for _, bound := range []struct {
		path  string
		value int
	}{
		{"outbox::max_memory_mib", c.Outbox.MaxMemoryMiB},
		{"outbox::max_dead_letters", c.Outbox.MaxDeadLetters},
		{"outbox::max_acts", c.Outbox.MaxActs},
		{"outbox::remember::max_count", c.Outbox.Remember.MaxCount},
		{"incidents::max_count", c.Incidents.MaxCount},
	} {
		if bound.value <= 0 {
			faults = append(faults, fmt.Errorf("%s: %d is not positive", bound.path, bound.value))
		}
	}
	for _, bound := range []struct {
		path  string
		value time.Duration
	}{
		{"outbox::remember::for", c.Outbox.Remember.For},
		{"incidents::update_every", c.Incidents.UpdateEvery},
		{"incidents::resolve_after", c.Incidents.ResolveAfter},
		{"incidents::keep", c.Incidents.Keep},
		{"unhealthy_after", c.UnhealthyAfter},
	} {
		if bound.value <= 0 {
			faults = append(faults, fmt.Errorf("%s: %s is not positive", bound.path, bound.value))
		}
	}
	for _, bound := range []struct {
		path string
		good bool
	}{
		{"caps::per_hour", c.Caps.PerHour >= 0}, {"caps::per_owner", c.Caps.PerOwner >= 0}, {"caps::close_after", c.Caps.CloseAfter >= 0},
	} {
		if !bound.good {
			faults = append(faults, fmt.Errorf("%s is negative: write 0 for no limit", bound.path))
		}
	}
	return faults
}

// acting says what is wrong with what a rule does about tokens.
func (c *Config) acting(r *RuleConfig) (faults []error) {
	able := 0
	for i, name := range r.Targets {
		target, ok := c.Targets[name]
		if !ok {
			continue // told already
		}
		acts, isActor := target.acts()
		if !isActor {
			continue
		}
		able++
		offers := acts.actions()
		switch {
		case r.Action == response.Notify:
			faults = append(faults, fmt.Errorf("targets[%d]: %s acts on tokens, and the rule only tells people: write action: lock, restrict or reauthenticate", i, name))
		case len(offers) > 0 && !slices.Contains(offers, r.Action):
			faults = append(faults, fmt.Errorf("targets[%d]: %s cannot %s: it can %s", i, name, r.Action, list(offers)))
		case r.TTL > 0 && !acts.undoes(r.Action):
			faults = append(faults, fmt.Errorf("ttl: %s cannot take %s back: leave ttl out, or choose a target that can", name, r.Action))
		}
	}
	if r.Action != response.Notify && able == 0 && len(r.Targets) > 0 {
		faults = append(faults, fmt.Errorf("action: %s needs a target that acts on tokens, and %s only tell people", r.Action, strings.Join(r.Targets, ", ")))
	}
	for i, name := range r.Escalate.Targets {
		if target, ok := c.Targets[name]; !ok {
			faults = append(faults, unknown(fmt.Sprintf("escalate::targets[%d]", i), "target", name, slices.Sorted(maps.Keys(c.Targets))))
		} else if target.isActor() {
			faults = append(faults, fmt.Errorf("escalate::targets[%d]: %s acts on tokens: name a target that tells people", i, name))
		}
	}
	return faults
}

func list[T fmt.Stringer](all []T) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.String()
	}
	return strings.Join(names, ", ")
}

// unused are the targets that no rule sends to.
func (c *Config) unused() []string {
	used := make(map[string]bool)
	for _, r := range c.Rules {
		for _, target := range append(slices.Clone(r.Targets), r.Escalate.Targets...) {
			used[target] = true
		}
	}
	for _, target := range append(slices.Clone(c.Page), c.led()...) {
		used[target] = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		if !used[name] {
			names = append(names, name)
		}
	}
	return names
}

// RuleConfig says what is done about events, and who is told.
type RuleConfig struct {
	// Name stands in messages and metrics. By default the rule's place in the list: rules[0].
	Name string `mapstructure:"name"`
	// Detectors are the names of the detectors whose events match; none means all.
	Detectors []string `mapstructure:"detectors"`
	// MinSeverity is warn, error or fatal.
	MinSeverity response.Severity `mapstructure:"min_severity"`
	// Condition is an OTTL condition over the event's log record.
	Condition string `mapstructure:"condition"`
	// Action is notify, restrict, reauthenticate or lock.
	Action response.Action `mapstructure:"action"`
	// Targets are told of matching events, or do the action.
	Targets []string `mapstructure:"targets"`
	// CoolDown is for how long the rule leaves a token alone that it has matched.
	CoolDown time.Duration `mapstructure:"cool_down"`
	// Approval is never, always or when_irreversible: whether its acts wait for somebody's consent.
	Approval response.Approval `mapstructure:"approval"`
	// TTL is after how long its acts are undone; 0: never.
	TTL time.Duration `mapstructure:"ttl"`
	// Escalate says who is told when nobody has acknowledged in time.
	Escalate EscalateConfig `mapstructure:"escalate"`
	// Stop keeps later rules from seeing an event that matches this one.
	Stop bool `mapstructure:"stop"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// EscalateConfig says who is told when nobody has acknowledged an incident in time.
type EscalateConfig struct {
	After   time.Duration `mapstructure:"after"`
	Targets []string      `mapstructure:"targets"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (e EscalateConfig) faults() (faults []error) {
	switch {
	case e.After < 0:
		faults = append(faults, fmt.Errorf("escalate::after: %s is negative", e.After))
	case e.After > 0 && len(e.Targets) == 0:
		faults = append(faults, errors.New("escalate::targets: none: name who is to be told"))
	case e.After == 0 && len(e.Targets) > 0:
		faults = append(faults, errors.New("escalate::after: write how long to wait for somebody, for example 30m"))
	}
	return faults
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
	if r.CoolDown < 0 {
		faults = append(faults, fmt.Errorf("cool_down: %s is negative", r.CoolDown))
	}
	if r.TTL < 0 {
		faults = append(faults, fmt.Errorf("ttl: %s is negative", r.TTL))
	}
	if r.TTL > 0 && r.Action == response.Notify {
		faults = append(faults, errors.New("ttl: the rule only tells people: there is nothing to undo"))
	}
	faults = append(faults, r.Escalate.faults()...)
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
