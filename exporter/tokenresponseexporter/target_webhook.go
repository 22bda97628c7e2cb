package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// WebhookConfig sends signed messages by the rules of Standard Webhooks 1.0.0.
type WebhookConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	OwnersConfig            `mapstructure:",squash"`
	// Secret signs: whsec_ and the base64 of 24 to 64 bytes.
	Secret configopaque.String `mapstructure:"secret"`
	// Secrets sign as well, each on its own, so that a secret can be changed without a gap.
	Secrets []configopaque.String `mapstructure:"secrets"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (w *WebhookConfig) faults() []error {
	faults := append(fixedEndpoint(w.ClientConfig, "webhook"), w.OwnersConfig.faults()...)
	if _, err := w.keys(); err != nil {
		faults = append(faults, err)
	}
	return append(faults, signatureHeaders(w.Headers)...)
}

// signatureHeaders are those that only a signature sets.
func signatureHeaders(headers configopaque.MapList) (faults []error) {
	for name := range headers.Iter {
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
	return signingKeys(w.Secret, w.Secrets)
}

func (w *WebhookConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	way, err := r.way(ctx, host, t, w.ClientConfig, &w.OwnersConfig, opened(append(w.Secrets, w.Secret)...)...)
	if err != nil {
		return err
	}
	keys, err := w.keys()
	if err != nil {
		return err
	}
	t.Sender = &message.Webhook{Way: way, Keys: keys}
	return nil
}
