package tokenresponseexporter

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// targets builds what the configuration describes.
func (r *responder) targets(ctx context.Context, host component.Host) ([]courier.Target, error) {
	var all []courier.Target
	for _, name := range slices.Sorted(maps.Keys(r.cfg.Targets)) {
		cfg := r.cfg.Targets[name]
		if cfg.Route.HasValue() {
			continue
		}
		t := courier.Target{
			Name:       name,
			MaxPending: cfg.MaxPending,
			Parallel:   cfg.Parallel,
			Terms:      response.Terms{Schedule: response.Schedule{Delays: cfg.Retry.Delays, Jitter: cfg.Retry.Jitter}},
		}
		kind, err := cfg.kind()
		if err != nil {
			return nil, fmt.Errorf("targets::%s: %w", name, err)
		}
		if err := kind.cfg.build(ctx, r, host, &t); err != nil {
			return nil, fmt.Errorf("targets::%s: %s: %w", name, kind.name, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func (r *responder) httpClient(ctx context.Context, host component.Host, cfg confighttp.ClientConfig) (*http.Client, error) {
	client, err := cfg.ToClient(ctx, host.GetExtensions(), r.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return wire.Client(client), nil
}

func (r *responder) userAgent() string {
	return "Holter/" + r.set.BuildInfo.Version
}

// channel is the way to a provider, whose headers are written with each request: they are templates.
func (r *responder) channel(ctx context.Context, host component.Host, t *courier.Target, cfg confighttp.ClientConfig) (provider.Channel, error) {
	headers := plain(cfg.Headers)
	cfg.Headers = nil
	client, err := r.httpClient(ctx, host, cfg)
	if err != nil {
		return provider.Channel{}, err
	}
	t.Timeout, t.DryRun, t.Terms.Kind = cfg.Timeout, r.dryTarget(t.Name), response.Act
	return provider.Channel{
		Client: client, UserAgent: r.userAgent(), DryRun: t.DryRun,
		Secrets: wire.NewSecrets(slices.Collect(maps.Values(headers))...),
	}, nil
}
