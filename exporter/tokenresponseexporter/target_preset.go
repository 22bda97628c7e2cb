package tokenresponseexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// ProviderConfig is what every kind of target has whose calls are known.
type ProviderConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// DryRun overrides the exporter's own setting.
	DryRun *bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (p *ProviderConfig) common() *ProviderConfig { return p }

// presetConfig is the configuration of a provider whose calls are known.
type presetConfig interface {
	common() *ProviderConfig
	// secrets must not be shown.
	secrets() []string
	// preset makes the calls. Without a responder only what is written is looked at: no file is read, nobody is asked.
	preset(ctx context.Context, r *responder, way provider.Channel) (*provider.Preset, error)
}

// known is a kind of target whose calls are known.
type known struct{ presetConfig }

var _ actConfig = known{}

func (k known) dry() *bool { return k.common().DryRun }

func (k known) actions() []response.Action {
	preset, err := k.preset(context.Background(), nil, provider.Channel{})
	if err != nil {
		return nil
	}
	return preset.Actions()
}

func (k known) undoes(action response.Action) bool {
	preset, err := k.preset(context.Background(), nil, provider.Channel{})
	return err == nil && preset.Can(action).Undo
}

func (k known) faults() (faults []error) {
	if k.common().Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", k.common().Timeout))
	}
	if _, err := k.preset(context.Background(), nil, provider.Channel{}); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (k known) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	cfg := k.common()
	client, err := r.httpClient(ctx, host, cfg.ClientConfig)
	if err != nil {
		return err
	}
	t.Timeout, t.DryRun, t.Terms.Kind = cfg.Timeout, r.dryTarget(t.Name), response.Act
	hidden := k.secrets()
	for _, value := range plain(cfg.Headers) {
		hidden = append(hidden, value)
	}
	preset, err := k.preset(ctx, r, provider.Channel{
		Client: client, UserAgent: r.userAgent(), DryRun: t.DryRun, Secrets: wire.NewSecrets(hidden...),
	})
	if err != nil {
		return err
	}
	t.Sender = preset
	return nil
}
