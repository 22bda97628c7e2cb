package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/set"
)

// TargetConfig is one place that events can go to; it has exactly one kind.
type TargetConfig struct {
	Webhook      configoptional.Optional[WebhookConfig]      `mapstructure:"webhook"`
	CloudEvents  configoptional.Optional[CloudEventsConfig]  `mapstructure:"cloudevents"`
	Slack        configoptional.Optional[SlackConfig]        `mapstructure:"slack"`
	Teams        configoptional.Optional[TeamsConfig]        `mapstructure:"teams"`
	PagerDuty    configoptional.Optional[PagerDutyConfig]    `mapstructure:"pagerduty"`
	Alertmanager configoptional.Optional[AlertmanagerConfig] `mapstructure:"alertmanager"`
	Template     configoptional.Optional[TemplateConfig]     `mapstructure:"template"`
	Route        configoptional.Optional[RouteConfig]        `mapstructure:"route"`

	HTTP configoptional.Optional[HTTPConfig] `mapstructure:"http"`
	// DenyList is the list of this Collector that gateways ask: see deny_list beside targets.
	DenyList   configoptional.Optional[DenyListTargetConfig] `mapstructure:"deny_list"`
	Kong       configoptional.Optional[KongConfig]           `mapstructure:"kong"`
	Unkey      configoptional.Optional[UnkeyConfig]          `mapstructure:"unkey"`
	Keycloak   configoptional.Optional[KeycloakConfig]       `mapstructure:"keycloak"`
	Vault      configoptional.Optional[VaultConfig]          `mapstructure:"vault"`
	GitHub     configoptional.Optional[GitHubConfig]         `mapstructure:"github"`
	AWS        configoptional.Optional[AWSConfig]            `mapstructure:"aws"`
	Revocation configoptional.Optional[RevocationConfig]     `mapstructure:"oauth_revocation"`
	SET        configoptional.Optional[SETConfig]            `mapstructure:"security_event_token"`
	// Per is incident or anomaly: what a target that tells people hears of.
	Per string `mapstructure:"per"`
	// Retry says when a failed delivery is tried again.
	Retry RetryConfig `mapstructure:"retry"`
	// MaxPending bounds the deliveries that wait; beyond it the oldest becomes a dead letter.
	MaxPending int `mapstructure:"max_pending"`
	// Parallel is how many requests are made at the same time.
	Parallel int `mapstructure:"parallel"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RetryConfig says when a failed delivery is tried again.
type RetryConfig struct {
	// Delays before the first attempt, the second …; there are as many attempts as delays.
	Delays []time.Duration `mapstructure:"delays"`
	// Jitter stretches or shrinks each delay by up to this part of itself.
	Jitter float64 `mapstructure:"jitter"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const defaultTimeout = 15 * time.Second

func defaultTarget() TargetConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = defaultTimeout
	pager := client
	pager.Endpoint = pagerDutyEvents
	schedule := response.StandardSchedule()
	common := ProviderConfig{ClientConfig: client}
	at := func(endpoint string) ProviderConfig {
		own := common
		own.Endpoint = endpoint
		return own
	}
	return TargetConfig{
		Webhook:      configoptional.Default(WebhookConfig{ClientConfig: client}),
		CloudEvents:  configoptional.Default(CloudEventsConfig{ClientConfig: client, Mode: structured, Source: "/holter"}),
		Slack:        configoptional.Default(SlackConfig{ClientConfig: client}),
		Teams:        configoptional.Default(TeamsConfig{ClientConfig: client}),
		PagerDuty:    configoptional.Default(PagerDutyConfig{ClientConfig: pager, Source: "holter"}),
		Alertmanager: configoptional.Default(AlertmanagerConfig{ClientConfig: client, Hold: 7 * 24 * time.Hour}),
		Template:     configoptional.Default(TemplateConfig{ClientConfig: client, Method: http.MethodPost}),
		Route:        configoptional.Default(RouteConfig{}),
		HTTP:         configoptional.Default(HTTPConfig{ClientConfig: client}),
		DenyList:     configoptional.Default(DenyListTargetConfig{}),
		Kong: configoptional.Default(KongConfig{
			ProviderConfig: common, Lock: provider.KongTerminate, Consumer: "token.owner.id", Key: "token.registry_id", ACL: "token.tags.kong.acl",
		}),
		Unkey:    configoptional.Default(UnkeyConfig{ProviderConfig: at("https://api.unkey.com"), Key: "token.registry_id"}),
		Keycloak: configoptional.Default(KeycloakConfig{ProviderConfig: common, Client: "token.client_id", User: "token.owner.id"}),
		Vault: configoptional.Default(VaultConfig{
			ProviderConfig: common, Lock: provider.VaultAccessor, Accessor: "token.registry_id", Entity: "token.tags.vault.entity",
		}),
		GitHub: configoptional.Default(GitHubConfig{ProviderConfig: at("https://api.github.com")}),
		AWS: configoptional.Default(AWSConfig{
			ProviderConfig: common, Service: awsIAM, User: "token.owner.id", AccessKeyID: "token.registry_id", Key: "token.registry_id",
		}),
		Revocation: configoptional.Default(RevocationConfig{ProviderConfig: common, TokenTypeHint: provider.HintAccessToken}),
		SET: configoptional.Default(SETConfig{
			ProviderConfig: common, Subject: SETSubjectConfig{Format: set.FormatOpaque}, CredentialType: "api_key",
			JWKS: configoptional.Default(confighttp.NewDefaultServerConfig()),
			Lock: set.CredentialCompromise, Reauthenticate: set.SessionRevoked, Restrict: set.RiskLevelChange,
		}),
		Retry:      RetryConfig{Delays: schedule.Delays, Jitter: schedule.Jitter},
		MaxPending: 10_000,
		Parallel:   4,
	}
}

var (
	_ confmap.Unmarshaler = (*TargetConfig)(nil)
	_ confmap.Validator   = (*TargetConfig)(nil)
)

// Unmarshal gives a target its defaults, which a map's values do not have.
func (t *TargetConfig) Unmarshal(conf *confmap.Conf) error {
	*t = defaultTarget()
	if conf.IsSet("retry::delays") {
		t.Retry.Delays = nil
	}
	if conf.IsSet("pagerduty") || conf.IsSet("alertmanager") {
		t.Parallel = 1 // what they are told is a state: the end of an incident after its beginning
	}
	return conf.Unmarshal(t)
}

// Validate says what is wrong with a target.
func (t *TargetConfig) Validate() error {
	kind, err := t.kind()
	if err != nil {
		return err
	}
	var faults []error
	switch {
	case t.Per != "" && t.Per != perIncident && t.Per != perAnomaly:
		faults = append(faults, fmt.Errorf("per: %q: write incident or anomaly", t.Per))
	case t.Per != "" && t.isActor():
		faults = append(faults, errors.New("per: acts are done once for an incident: leave it out"))
	}
	if t.MaxPending <= 0 {
		faults = append(faults, fmt.Errorf("max_pending: %d is not positive", t.MaxPending))
	}
	if t.Parallel <= 0 {
		faults = append(faults, fmt.Errorf("parallel: %d is not positive", t.Parallel))
	}
	faults = append(faults, t.Retry.faults()...)
	faults = append(faults, below(kind.name, kind.cfg.faults())...)
	return oneLine(faults)
}

// kind is one way to reach a target.
type kind struct {
	name string
	set  bool
	cfg  kindConfig
}

// kindConfig is the configuration of a kind of target.
type kindConfig interface {
	faults() []error
	build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error
}

// actConfig is the configuration of a kind that acts on tokens.
type actConfig interface {
	kindConfig
	// dry is the target's own setting of dry_run, nil if it has none.
	dry() *bool
	// actions are what it can do; none: whatever a rule asks for.
	actions() []response.Action
	// undoes says whether it can take an action back.
	undoes(action response.Action) bool
}

// kinds are all that there are.
func (t *TargetConfig) kinds() []kind {
	return []kind{
		{"webhook", t.Webhook.HasValue(), t.Webhook.Get()},
		{"cloudevents", t.CloudEvents.HasValue(), t.CloudEvents.Get()},
		{"slack", t.Slack.HasValue(), t.Slack.Get()},
		{"teams", t.Teams.HasValue(), t.Teams.Get()},
		{"pagerduty", t.PagerDuty.HasValue(), t.PagerDuty.Get()},
		{"alertmanager", t.Alertmanager.HasValue(), t.Alertmanager.Get()},
		{"template", t.Template.HasValue(), t.Template.Get()},
		{"route", t.Route.HasValue(), t.Route.Get()},
		{"http", t.HTTP.HasValue(), t.HTTP.Get()},
		{"deny_list", t.DenyList.HasValue(), t.DenyList.Get()},
		{"kong", t.Kong.HasValue(), known{t.Kong.Get()}},
		{"unkey", t.Unkey.HasValue(), known{t.Unkey.Get()}},
		{"keycloak", t.Keycloak.HasValue(), known{t.Keycloak.Get()}},
		{"vault", t.Vault.HasValue(), known{t.Vault.Get()}},
		{"github", t.GitHub.HasValue(), known{t.GitHub.Get()}},
		{"aws", t.AWS.HasValue(), known{t.AWS.Get()}},
		{"oauth_revocation", t.Revocation.HasValue(), known{t.Revocation.Get()}},
		{"security_event_token", t.SET.HasValue(), t.SET.Get()},
	}
}

// kind is the one that is written.
func (t *TargetConfig) kind() (kind, error) {
	var names, written []string
	var found kind
	for _, k := range t.kinds() {
		names = append(names, k.name)
		if k.set {
			written, found = append(written, k.name), k
		}
	}
	switch len(written) {
	case 1:
		return found, nil
	case 0:
		return kind{}, fmt.Errorf("a target needs its kind: write one of %s", strings.Join(names, ", "))
	}
	return kind{}, fmt.Errorf("a target has one kind, this one has %s: keep one of them", strings.Join(written, " and "))
}

// opens says whether the target needs the credential itself.
func (t *TargetConfig) opens() bool {
	k, err := t.kind()
	if err != nil {
		return false
	}
	preset, ok := k.cfg.(known)
	if !ok {
		return false
	}
	opener, ok := preset.presetConfig.(interface{ opens() bool })
	return ok && opener.opens()
}

// acts is the configuration of a target that acts on tokens; false: it tells people.
func (t *TargetConfig) acts() (actConfig, bool) {
	k, err := t.kind()
	if err != nil {
		return nil, false
	}
	acts, ok := k.cfg.(actConfig)
	return acts, ok
}

// What a target hears of.
const (
	perIncident = "incident"
	perAnomaly  = "anomaly"
)

func (t *TargetConfig) isActor() bool {
	_, acts := t.acts()
	return acts
}

// strangers says whether others than the operator say where the target's messages go.
func (t *TargetConfig) strangers() bool {
	k, err := t.kind()
	if err != nil {
		return false
	}
	open, ok := k.cfg.(interface{ strangers() bool })
	return ok && open.strangers()
}

// below completes the paths of the keys that are at fault.
func below(key string, faults []error) []error {
	for i, fault := range faults {
		faults[i] = fmt.Errorf("%s::%w", key, fault)
	}
	return faults
}

// oneLine joins errors behind the one path that they share.
func oneLine(faults []error) error {
	if len(faults) < 2 {
		return errors.Join(faults...)
	}
	texts := make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

func (r RetryConfig) faults() (faults []error) {
	if len(r.Delays) == 0 {
		faults = append(faults, errors.New("retry::delays: none: write one for each attempt, for example [0s, 5s, 5m]"))
	}
	for _, delay := range r.Delays {
		if delay < 0 {
			faults = append(faults, fmt.Errorf("retry::delays: %s is negative", delay))
		}
	}
	if r.Jitter < 0 || r.Jitter >= 1 {
		faults = append(faults, fmt.Errorf("retry::jitter: %g is not between 0 and 1", r.Jitter))
	}
	return faults
}
