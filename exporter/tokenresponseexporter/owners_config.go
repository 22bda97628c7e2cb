package tokenresponseexporter

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
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

// OwnersConfig lets events name the endpoint of their messages: a receiver of whoever owns the token. Events that name none, or a
// forbidden one, go to the target's own endpoint.
type OwnersConfig struct {
	// EndpointFrom is the field of the event that holds the address, such as token.tags.webhook.
	EndpointFrom string `mapstructure:"endpoint_from"`
	// AllowPrivate are networks that such addresses may lie in although they are not public.
	AllowPrivate []string `mapstructure:"allow_private"`
	// AllowHTTP lets such addresses begin with http://.
	AllowHTTP bool `mapstructure:"allow_http"`
	// AllowPorts are the ports that such addresses may have; 443 unless written.
	AllowPorts []uint16 `mapstructure:"allow_ports"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// strangers says whether others than the operator say where messages go.
func (o *OwnersConfig) strangers() bool { return o.EndpointFrom != "" }

func (o *OwnersConfig) faults() (faults []error) {
	if o.EndpointFrom != "" {
		if err := response.CheckField(o.EndpointFrom); err != nil {
			faults = append(faults, fmt.Errorf("endpoint_from: %w", err))
		}
	} else if len(o.AllowPrivate) > 0 || o.AllowHTTP || len(o.AllowPorts) > 0 {
		faults = append(faults, fmt.Errorf("endpoint_from is missing: allow_private, allow_http and allow_ports are about addresses that events name"))
	}
	if _, err := o.guard(); err != nil {
		faults = append(faults, err)
	}
	for _, port := range o.AllowPorts {
		if port == 0 {
			faults = append(faults, fmt.Errorf("allow_ports: 0 is no port"))
		}
	}
	return faults
}

func (o *OwnersConfig) guard() (*wire.Guard, error) {
	g := &wire.Guard{PlainHTTP: o.AllowHTTP, Ports: o.AllowPorts}
	for _, text := range o.AllowPrivate {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("allow_private: %q is no network: write for example 10.20.0.0/16", text)
		}
		g.Allow = append(g.Allow, network.Masked())
	}
	return g, nil
}

// owners is nil where events name no endpoint.
func (o *OwnersConfig) owners(ctx context.Context, client confighttp.ClientConfig) (*message.Owners, error) {
	if o.EndpointFrom == "" {
		return nil, nil
	}
	guard, err := o.guard()
	if err != nil {
		return nil, err
	}
	// Authorities are trusted there as well; certificates of our own, and leave to trust anybody, are for the operator's endpoint.
	own := client.TLS
	own.CertFile, own.KeyFile, own.CertPem, own.KeyPem, own.ServerName, own.InsecureSkipVerify, own.Insecure = "", "", "", "", "", false, false
	secure, err := own.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return &message.Owners{Field: o.EndpointFrom, Guard: guard, Client: guard.Client(secure)}, nil
}

// fixedEndpoint says what is wrong with the settings of a client whose endpoint is no template.
func fixedEndpoint(client confighttp.ClientConfig, kind string) (faults []error) {
	if strings.Contains(client.Endpoint, "{{") {
		faults = append(faults, fmt.Errorf("endpoint: a %s's endpoint is not a template", kind))
	} else if err := provider.CheckEndpoint(client.Endpoint); err != nil {
		faults = append(faults, err)
	}
	if client.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("timeout: %s is not positive", client.Timeout))
	}
	return faults
}

// way is how a target's messages go out. secrets are not shown.
func (r *responder) way(
	ctx context.Context, host component.Host, t *courier.Target, client confighttp.ClientConfig, owners *OwnersConfig, secrets ...string,
) (message.Way, error) {
	own, err := r.httpClient(ctx, host, client)
	if err != nil {
		return message.Way{}, err
	}
	t.Timeout, t.Terms.Kind = client.Timeout, response.Message
	w := message.Way{Client: own, Endpoint: client.Endpoint, UserAgent: r.userAgent(), Forgot: func() { r.tell.endForgotten(t.Name) }}
	if owners != nil {
		if w.Owners, err = owners.owners(ctx, client); err != nil {
			return message.Way{}, err
		}
	}
	secrets = append(secrets, wire.URLSecrets(client.Endpoint)...)
	w.Secrets = wire.NewSecrets(append(secrets, slices.Collect(maps.Values(plain(client.Headers)))...)...)
	return w, nil
}

// signingKeys are those of all secrets, the main one first.
func signingKeys(main configopaque.String, more []configopaque.String) (keys []message.Key, err error) {
	add := func(path string, secret configopaque.String) error {
		key, err := message.ParseKey(string(secret))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, key)
		return nil
	}
	if main != "" {
		if err := add("secret", main); err != nil {
			return nil, err
		}
	}
	for i, secret := range more {
		if err := add(fmt.Sprintf("secrets[%d]", i), secret); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func opened(secrets ...configopaque.String) []string {
	all := make([]string, len(secrets))
	for i, secret := range secrets {
		all[i] = string(secret)
	}
	return all
}
