package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/wire"
)

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

func (w *WebhookConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	client, err := r.httpClient(ctx, host, w.ClientConfig)
	if err != nil {
		return err
	}
	keys, err := w.keys()
	if err != nil {
		return err
	}
	secrets := []string{string(w.Secret)}
	for _, secret := range w.Secrets {
		secrets = append(secrets, string(secret))
	}
	t.Timeout = w.Timeout
	t.Terms.Kind = response.Message
	t.Sender = &message.Webhook{
		Client: client, Endpoint: w.Endpoint, Keys: keys, UserAgent: r.userAgent(),
		Secrets: wire.NewSecrets(append(secrets, slices.Collect(maps.Values(plain(w.Headers)))...)...),
	}
	return nil
}
