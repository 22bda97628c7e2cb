package tokenresponseexporter

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// AlertmanagerConfig posts alerts to Prometheus' Alertmanager. The endpoint is its base URL.
type AlertmanagerConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// Labels are added to those of every alert.
	Labels map[string]string `mapstructure:"labels"`
	// Hold is how long after the last message about it an incident stays an alert if nobody resolves it.
	Hold time.Duration `mapstructure:"hold"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (a *AlertmanagerConfig) faults() []error {
	faults := fixedEndpoint(a.ClientConfig, "alertmanager target")
	if strings.Contains(a.Endpoint, "/api/v2") {
		faults = append(faults, fmt.Errorf("endpoint: write the base URL, as http://alertmanager:9093: /api/v2/alerts is added"))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		if !labelName.MatchString(name) {
			faults = append(faults, fmt.Errorf("labels: Alertmanager refuses the name %q: write letters, digits and underscores", name))
		}
		if name == "alertname" || name == "severity" {
			faults = append(faults, fmt.Errorf("labels: %s is set by the incident", name))
		}
	}
	if a.Hold <= 0 {
		faults = append(faults, fmt.Errorf("hold: %s is not positive", a.Hold))
	}
	return faults
}

func (a *AlertmanagerConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	client := a.ClientConfig
	client.Endpoint = strings.TrimRight(client.Endpoint, "/")
	way, err := r.way(ctx, host, t, client, nil)
	if err != nil {
		return err
	}
	t.Sender = &message.Alertmanager{Way: way, Labels: a.Labels, Hold: a.Hold}
	return nil
}
