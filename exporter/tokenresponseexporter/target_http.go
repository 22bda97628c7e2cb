package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// HTTPConfig makes calls that act on a token: one for whatever a rule asks for, or some for each action. Endpoints, headers and
// bodies are templates over the event.
type HTTPConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// Method is POST unless written.
	Method string `mapstructure:"method"`
	Body   string `mapstructure:"body"`
	// Secrets are what {{ secret "name" }} stands for; they are masked wherever the request is shown.
	Secrets configopaque.MapList `mapstructure:"secrets"`
	// Success says which answers mean that it was done.
	Success SuccessConfig `mapstructure:"success"`
	// Idempotent says that sending twice does no harm. Otherwise an act whose answer was lost is never sent again.
	Idempotent bool `mapstructure:"idempotent"`
	// ReadBack asks whether an act was done whose answer was lost.
	ReadBack configoptional.Optional[ReadBackConfig] `mapstructure:"read_back"`
	// Lock, Reauthenticate and Restrict are the calls of one action each, instead of the one call for all.
	Lock           configoptional.Optional[ActionConfig] `mapstructure:"lock"`
	Reauthenticate configoptional.Optional[ActionConfig] `mapstructure:"reauthenticate"`
	Restrict       configoptional.Optional[ActionConfig] `mapstructure:"restrict"`
	// DryRun overrides the exporter's own setting.
	DryRun *bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ActionConfig is what there is for one action.
type ActionConfig struct {
	// Do performs it.
	Do CallConfig `mapstructure:"do"`
	// Undo takes it back.
	Undo configoptional.Optional[CallConfig] `mapstructure:"undo"`
	// Verify asks whether it holds; without it, read_back is asked.
	Verify configoptional.Optional[ReadBackConfig] `mapstructure:"verify"`
	// ReadBack asks whether it was done after its answer was lost.
	ReadBack configoptional.Optional[ReadBackConfig] `mapstructure:"read_back"`
	// Success says which answers mean that it was done; do and undo can have their own.
	Success SuccessConfig `mapstructure:"success"`
	// Idempotent says that neither doing nor undoing it twice does harm.
	Idempotent bool `mapstructure:"idempotent"`
	// Delay is how long the provider takes until all of it obeys.
	Delay time.Duration `mapstructure:"delay"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// CallConfig is a request with the headers of the target.
type CallConfig struct {
	// Method is POST unless written.
	Method   string        `mapstructure:"method"`
	Endpoint string        `mapstructure:"endpoint"`
	Body     string        `mapstructure:"body"`
	Success  SuccessConfig `mapstructure:"success"`

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
	// Method is GET unless written.
	Method   string        `mapstructure:"method"`
	Endpoint string        `mapstructure:"endpoint"`
	Body     string        `mapstructure:"body"`
	Done     SuccessConfig `mapstructure:"done"`
	NotDone  SuccessConfig `mapstructure:"not_done"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ actConfig = (*HTTPConfig)(nil)

func (h *HTTPConfig) dry() *bool { return h.DryRun }

// perAction are the actions that have calls of their own.
func (h *HTTPConfig) perAction() map[response.Action]*ActionConfig {
	all := make(map[response.Action]*ActionConfig)
	for action, cfg := range map[response.Action]*configoptional.Optional[ActionConfig]{
		response.Lock: &h.Lock, response.Reauthenticate: &h.Reauthenticate, response.Restrict: &h.Restrict,
	} {
		if cfg.HasValue() {
			all[action] = cfg.Get()
		}
	}
	return all
}

func (h *HTTPConfig) actions() []response.Action { return slices.Sorted(maps.Keys(h.perAction())) }

func (h *HTTPConfig) undoes(action response.Action) bool {
	calls := h.perAction()[action]
	return calls != nil && calls.Undo.HasValue()
}

func (h *HTTPConfig) faults() (faults []error) {
	if h.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", h.Timeout))
	}
	if len(h.perAction()) > 0 {
		if h.Endpoint != "" || h.Method != "" || h.Body != "" || len(h.Success.Status) > 0 || h.Idempotent || h.ReadBack.HasValue() {
			faults = append(faults, errors.New("a call for all actions stands beside calls for single ones: move endpoint, method, body, success, idempotent and read_back into lock, reauthenticate or restrict"))
		}
		for _, action := range h.actions() {
			if _, err := h.calls(h.perAction()[action], provider.Channel{}); err != nil {
				faults = append(faults, fmt.Errorf("%s::%w", action, err))
			}
		}
		return faults
	}
	if _, err := h.any(provider.Channel{}); err != nil {
		faults = append(faults, err)
	}
	return faults
}

// any is the one call for whatever a rule asks for.
func (h *HTTPConfig) any(channel provider.Channel) (*provider.Call, error) {
	call, err := h.call(CallConfig{Method: h.Method, Endpoint: h.Endpoint, Body: h.Body, Success: h.Success}, SuccessConfig{}, channel)
	if err != nil {
		return nil, err
	}
	if call.ReadBack, err = h.question(&h.ReadBack); err != nil {
		return nil, fmt.Errorf("read_back%w", err)
	}
	call.Idempotent = h.Idempotent
	return call, nil
}

// calls are those of one action.
func (h *HTTPConfig) calls(a *ActionConfig, channel provider.Channel) (c provider.Calls, err error) {
	if a.Delay < 0 {
		return c, fmt.Errorf("delay: %s is negative", a.Delay)
	}
	c.Delay = a.Delay
	if c.Do, err = h.call(a.Do, a.Success, channel); err != nil {
		return c, fmt.Errorf("do::%w", err)
	}
	c.Do.Idempotent = a.Idempotent
	if a.Undo.HasValue() {
		if c.Undo, err = h.call(*a.Undo.Get(), a.Success, channel); err != nil {
			return c, fmt.Errorf("undo::%w", err)
		}
		c.Undo.Idempotent = a.Idempotent
	}
	if c.Do.ReadBack, err = h.question(&a.ReadBack); err != nil {
		return c, fmt.Errorf("read_back%w", err)
	}
	if c.Verify, err = h.question(&a.Verify); err != nil {
		return c, fmt.Errorf("verify%w", err)
	}
	return c, nil
}

func (h *HTTPConfig) call(c CallConfig, common SuccessConfig, channel provider.Channel) (*provider.Call, error) {
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	request, err := provider.NewRequest(provider.RequestSpec{
		Method: c.Method, Endpoint: c.Endpoint, Body: c.Body, Headers: plain(h.Headers), Secrets: plain(h.Secrets),
	})
	if err != nil {
		return nil, err
	}
	if len(c.Success.Status) == 0 && len(c.Success.Body) == 0 {
		c.Success = common
	}
	success, err := c.Success.predicate()
	if err != nil {
		return nil, fmt.Errorf("success: %w", err)
	}
	return &provider.Call{Channel: channel, Request: request, Success: success}, nil
}

// question is nil where none is configured. The path of an error goes on where the caller's ends.
func (h *HTTPConfig) question(cfg *configoptional.Optional[ReadBackConfig]) (*provider.ReadBack, error) {
	if !cfg.HasValue() {
		return nil, nil
	}
	c := cfg.Get()
	spec := provider.RequestSpec{Method: c.Method, Endpoint: c.Endpoint, Body: c.Body, Headers: plain(h.Headers), Secrets: plain(h.Secrets)}
	if spec.Method == "" {
		spec.Method = http.MethodGet
	}
	request, err := provider.NewRequest(spec)
	if err != nil {
		return nil, fmt.Errorf(": %w", err)
	}
	done, err := c.Done.predicate()
	if err != nil {
		return nil, fmt.Errorf("::done: %w", err)
	}
	notDone, err := c.NotDone.predicate()
	if err != nil {
		return nil, fmt.Errorf("::not_done: %w", err)
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

func (h *HTTPConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	channel, err := r.channel(ctx, host, t, h.ClientConfig)
	if err != nil {
		return err
	}
	channel.Secrets = append(channel.Secrets, wire.NewSecrets(slices.Collect(maps.Values(plain(h.Secrets)))...)...)
	preset := &provider.Preset{Steps: provider.Steps{}}
	for action, cfg := range h.perAction() {
		if preset.Steps[action], err = h.calls(cfg, channel); err != nil {
			return fmt.Errorf("%s::%w", action, err)
		}
	}
	if len(preset.Steps) == 0 {
		call, err := h.any(channel)
		if err != nil {
			return err
		}
		preset.Any = &provider.Calls{Do: call}
	}
	t.Sender = preset
	return nil
}

func plain(list configopaque.MapList) map[string]string {
	m := make(map[string]string, len(list))
	for name, value := range list.Iter {
		m[name] = string(value)
	}
	return m
}
