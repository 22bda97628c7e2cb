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
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

// targets builds what the configuration describes.
func (r *responder) targets(ctx context.Context, host component.Host) ([]courier.Target, error) {
	var all []courier.Target
	for _, name := range slices.Sorted(maps.Keys(r.cfg.Targets)) {
		cfg := r.cfg.Targets[name]
		t := courier.Target{
			Name:       name,
			MaxPending: cfg.MaxPending,
			Parallel:   cfg.Parallel,
			Terms:      response.Terms{Schedule: response.Schedule{Delays: cfg.Retry.Delays, Jitter: cfg.Retry.Jitter}},
		}
		var err error
		if cfg.Webhook.HasValue() {
			err = r.webhook(ctx, host, &t, cfg.Webhook.Get())
		} else {
			err = r.call(ctx, host, &t, cfg.HTTP.Get())
		}
		if err != nil {
			return nil, fmt.Errorf("targets::%s: %w", name, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func (r *responder) webhook(ctx context.Context, host component.Host, t *courier.Target, cfg *WebhookConfig) error {
	client, err := r.httpClient(ctx, host, cfg.ClientConfig)
	if err != nil {
		return err
	}
	keys, err := cfg.keys()
	if err != nil {
		return err
	}
	secrets := []string{string(cfg.Secret)}
	for _, secret := range cfg.Secrets {
		secrets = append(secrets, string(secret))
	}
	t.Timeout = cfg.Timeout
	t.Terms.Kind = response.Message
	t.Sender = &message.Webhook{
		Client: client, Endpoint: cfg.Endpoint, Keys: keys, UserAgent: r.userAgent(),
		Secrets: wire.NewSecrets(append(secrets, slices.Collect(maps.Values(plain(cfg.Headers)))...)...),
	}
	return nil
}

func (r *responder) call(ctx context.Context, host component.Host, t *courier.Target, cfg *HTTPConfig) error {
	own := cfg.ClientConfig
	own.Headers = nil // they are templates, and written with the request
	client, err := r.httpClient(ctx, host, own)
	if err != nil {
		return err
	}
	request, err := cfg.request()
	if err != nil {
		return err
	}
	success, err := cfg.Success.predicate()
	if err != nil {
		return fmt.Errorf("success: %w", err)
	}
	readBack, err := cfg.readBack()
	if err != nil {
		return err
	}
	t.Timeout = cfg.Timeout
	t.DryRun = r.dryTarget(t.Name)
	t.Terms.Kind, t.Terms.Idempotent, t.Terms.ReadBack = response.Act, cfg.Idempotent, readBack != nil
	t.Sender = &provider.Call{
		Client: client, Request: request, Success: success, ReadBack: readBack, Idempotent: cfg.Idempotent, DryRun: t.DryRun,
		UserAgent: r.userAgent(),
		Secrets: wire.NewSecrets(append(
			slices.Collect(maps.Values(plain(cfg.Headers))), slices.Collect(maps.Values(plain(cfg.Secrets)))...)...),
	}
	return nil
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
