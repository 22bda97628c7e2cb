package tokenresponseexporter

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/provider"
)

// TargetConfig is one place that events can go to: a webhook or an HTTP call.
type TargetConfig struct {
	Webhook configoptional.Optional[WebhookConfig] `mapstructure:"webhook"`
	HTTP    configoptional.Optional[HTTPConfig]    `mapstructure:"http"`
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

// WebhookConfig sends signed messages by the rules of Standard Webhooks 1.0.0.
type WebhookConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// Secret signs: whsec_ and the base64 of 24 to 64 bytes.
	Secret configopaque.String `mapstructure:"secret"`
	// Secrets sign as well, each on its own, so that a secret can be changed without a gap.
	Secrets []configopaque.String `mapstructure:"secrets"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HTTPConfig makes a call that acts on a token. Endpoint, headers and body are templates over the event.
type HTTPConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	Method                  string `mapstructure:"method"`
	Body                    string `mapstructure:"body"`
	// Secrets are what {{ secret "name" }} stands for; they are masked wherever the request is shown.
	Secrets configopaque.MapList `mapstructure:"secrets"`
	// Success says which answers mean that it was done.
	Success SuccessConfig `mapstructure:"success"`
	// Idempotent says that sending twice does no harm. Otherwise an act whose answer was lost is never sent again.
	Idempotent bool `mapstructure:"idempotent"`
	// ReadBack asks whether an act was done whose answer was lost.
	ReadBack configoptional.Optional[ReadBackConfig] `mapstructure:"read_back"`
	// DryRun overrides the exporter's own setting.
	DryRun *bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SuccessConfig is satisfied by one of the statuses and all the checks of the body.
type SuccessConfig struct {
	Status []int         `mapstructure:"status"`
	Body   []CheckConfig `mapstructure:"body"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// CheckConfig looks at an answer's body: with a path at one value of a JSON document, else at the whole text.
type CheckConfig struct {
	Path     string `mapstructure:"path"`
	Exists   *bool  `mapstructure:"exists"`
	Equals   any    `mapstructure:"equals"`
	Contains string `mapstructure:"contains"`
	Matches  string `mapstructure:"matches"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ReadBackConfig is a request with the headers of the call, and what its answers mean.
type ReadBackConfig struct {
	Method   string        `mapstructure:"method"`
	Endpoint string        `mapstructure:"endpoint"`
	Done     SuccessConfig `mapstructure:"done"`
	NotDone  SuccessConfig `mapstructure:"not_done"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const defaultTimeout = 15 * time.Second

func defaultTarget() TargetConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = defaultTimeout
	schedule := response.StandardSchedule()
	return TargetConfig{
		Webhook:    configoptional.Default(WebhookConfig{ClientConfig: client}),
		HTTP:       configoptional.Default(HTTPConfig{ClientConfig: client, Method: http.MethodPost}),
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
	return conf.Unmarshal(t)
}

// Validate says what is wrong with a target.
func (t *TargetConfig) Validate() error {
	if t.Webhook.HasValue() == t.HTTP.HasValue() {
		return errors.New("write either webhook: or http: into a target")
	}
	var faults []error
	if t.MaxPending <= 0 {
		faults = append(faults, fmt.Errorf("max_pending: %d is not positive", t.MaxPending))
	}
	if t.Parallel <= 0 {
		faults = append(faults, fmt.Errorf("parallel: %d is not positive", t.Parallel))
	}
	faults = append(faults, t.Retry.faults()...)
	if t.Webhook.HasValue() {
		faults = append(faults, below("webhook", t.Webhook.Get().faults())...)
	}
	if t.HTTP.HasValue() {
		faults = append(faults, below("http", t.HTTP.Get().faults())...)
	}
	return oneLine(faults)
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

func (w *WebhookConfig) faults() (faults []error) {
	if strings.Contains(w.Endpoint, "{{") {
		faults = append(faults, errors.New("endpoint: a webhook's endpoint is not a template"))
	} else if err := provider.CheckEndpoint(w.Endpoint); err != nil {
		faults = append(faults, err)
	}
	if w.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", w.Timeout))
	}
	if _, err := w.keys(); err != nil {
		faults = append(faults, err)
	}
	for name := range w.Headers.Iter {
		if strings.HasPrefix(strings.ToLower(name), "webhook-") {
			faults = append(faults, fmt.Errorf("headers: %s is set by the signature", name))
		}
	}
	return faults
}

// keys are those of all secrets, the main one first.
func (w *WebhookConfig) keys() ([]message.Key, error) {
	if w.Secret == "" && len(w.Secrets) == 0 {
		return nil, errors.New(`secret is missing: make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	var keys []message.Key
	add := func(path string, secret configopaque.String) error {
		key, err := message.ParseKey(string(secret))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, key)
		return nil
	}
	if w.Secret != "" {
		if err := add("secret", w.Secret); err != nil {
			return nil, err
		}
	}
	for i, secret := range w.Secrets {
		if err := add(fmt.Sprintf("secrets[%d]", i), secret); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (h *HTTPConfig) faults() (faults []error) {
	if h.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", h.Timeout))
	}
	if _, err := h.request(); err != nil {
		faults = append(faults, err)
	}
	if _, err := h.Success.predicate(); err != nil {
		faults = append(faults, fmt.Errorf("success: %w", err))
	}
	if _, err := h.readBack(); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (h *HTTPConfig) request() (*provider.Request, error) {
	return provider.NewRequest(provider.RequestSpec{
		Method: h.Method, Endpoint: h.Endpoint, Body: h.Body, Headers: plain(h.Headers), Secrets: plain(h.Secrets),
	})
}

func (h *HTTPConfig) readBack() (*provider.ReadBack, error) {
	if !h.ReadBack.HasValue() {
		return nil, nil
	}
	c := h.ReadBack.Get()
	spec := provider.RequestSpec{Method: c.Method, Endpoint: c.Endpoint, Headers: plain(h.Headers), Secrets: plain(h.Secrets)}
	if spec.Method == "" {
		spec.Method = http.MethodGet
	}
	request, err := provider.NewRequest(spec)
	if err != nil {
		return nil, fmt.Errorf("read_back: %w", err)
	}
	done, err := c.Done.predicate()
	if err != nil {
		return nil, fmt.Errorf("read_back::done: %w", err)
	}
	notDone, err := c.NotDone.predicate()
	if err != nil {
		return nil, fmt.Errorf("read_back::not_done: %w", err)
	}
	return &provider.ReadBack{Request: request, Done: done, NotDone: notDone}, nil
}

func (s SuccessConfig) predicate() (provider.Success, error) {
	p := provider.Success{Status: s.Status}
	for i, c := range s.Body {
		check := provider.Check{Path: c.Path, Exists: c.Exists, Equals: c.Equals, Contains: c.Contains}
		if c.Matches != "" {
			pattern, err := regexp.Compile(c.Matches)
			if err != nil {
				return p, fmt.Errorf("body[%d]: matches: %w", i, err)
			}
			check.Matches = pattern
		}
		p.Body = append(p.Body, check)
	}
	return p, p.Valid()
}

func plain(list configopaque.MapList) map[string]string {
	m := make(map[string]string, len(list))
	for name, value := range list.Iter {
		m[name] = string(value)
	}
	return m
}
