package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/provider"
	"github.com/holterhq/holter/internal/response/set"
	"github.com/holterhq/holter/internal/response/wire"
	"github.com/holterhq/holter/internal/serving"
)

// SETConfig tells a receiver of Security Event Tokens, in the words of CAEP and RISC.
type SETConfig struct {
	ProviderConfig `mapstructure:",squash"`
	Issuer         string `mapstructure:"issuer"`
	Audience       string `mapstructure:"audience"`
	// PrivateKeyFile signs: RSA, P-256 or Ed25519, in PEM.
	PrivateKeyFile string `mapstructure:"private_key_file"`
	// JWKS serves the public key at /.well-known/jwks.json; without it, show it to the receiver in another way.
	JWKS configoptional.Optional[confighttp.ServerConfig] `mapstructure:"jwks"`
	// Subject says whom events are about.
	Subject SETSubjectConfig `mapstructure:"subject"`
	// CredentialType stands in the events that have one.
	CredentialType string `mapstructure:"credential_type"`
	// Lock, Reauthenticate and Restrict are what is said for each action.
	Lock           set.Kind `mapstructure:"lock"`
	Reauthenticate set.Kind `mapstructure:"reauthenticate"`
	Restrict       set.Kind `mapstructure:"restrict"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SETSubjectConfig is a subject identifier.
type SETSubjectConfig struct {
	// Format is opaque (the token), iss_sub, email or account (its owner).
	Format string `mapstructure:"format"`
	// Issuer of iss_sub, where it is not the token's own.
	Issuer string `mapstructure:"issuer"`
	// Account is what follows acct:, for example {owner}@example.com.
	Account string `mapstructure:"account"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ actConfig = (*SETConfig)(nil)

func (s *SETConfig) dry() *bool { return s.DryRun }

func (s *SETConfig) kinds() map[response.Action]set.Kind {
	return map[response.Action]set.Kind{
		response.Lock: s.Lock, response.Reauthenticate: s.Reauthenticate, response.Restrict: s.Restrict,
	}
}

func (s *SETConfig) actions() []response.Action {
	return []response.Action{response.Restrict, response.Reauthenticate, response.Lock}
}

func (*SETConfig) undoes(action response.Action) bool { return (&set.Push{}).Can(action).Undo }

func (s *SETConfig) words() set.Words {
	return set.Words{
		Issuer: s.Issuer, Audience: s.Audience, CredentialType: s.CredentialType,
		Subject: set.Subject{Format: s.Subject.Format, Issuer: s.Subject.Issuer, Account: s.Subject.Account},
	}
}

func (s *SETConfig) faults() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if s.Timeout <= 0 {
		fault("timeout: %s is not positive", s.Timeout)
	}
	if strings.Contains(s.Endpoint, "{{") {
		fault("endpoint: it is not a template")
	} else if err := provider.CheckEndpoint(s.Endpoint); err != nil {
		faults = append(faults, err)
	}
	if s.Issuer == "" {
		fault("issuer is missing: write the URL that receivers know Holter by, for example https://holter.example.com")
	}
	if s.Audience == "" {
		fault("audience is missing: write what the receiver calls itself")
	}
	if s.PrivateKeyFile == "" {
		fault("private_key_file is missing: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out set.pem makes one")
	}
	for action, kind := range s.kinds() {
		if err := kind.Valid(); err != nil {
			fault("%s: %w", action, err)
		}
	}
	if err := s.words().Subject.Valid(); err != nil {
		fault("subject::%w", err)
	}
	return faults
}

func (s *SETConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	key, err := set.ReadKey(s.PrivateKeyFile)
	if err != nil {
		return fmt.Errorf("private_key_file: %w", err)
	}
	client, err := r.httpClient(ctx, host, s.ClientConfig)
	if err != nil {
		return err
	}
	var hidden []string
	for _, value := range plain(s.Headers) {
		hidden = append(hidden, value)
	}
	t.Timeout, t.DryRun, t.Terms.Kind = s.Timeout, r.dryTarget(t.Name), response.Act
	t.Sender = &set.Push{
		Client: client, Endpoint: s.Endpoint, UserAgent: r.userAgent(), DryRun: t.DryRun, Secrets: wire.NewSecrets(hidden...),
		Key: key, Words: s.words(), Kinds: s.kinds(),
	}
	if !s.JWKS.HasValue() {
		return nil
	}
	return r.serveJWKS(ctx, host, s.JWKS.Get(), key)
}

// jwksPath is where the public keys are.
const jwksPath = "/.well-known/jwks.json"

// serveJWKS serves the public half of a key until the shutdown.
func (r *responder) serveJWKS(ctx context.Context, host component.Host, cfg *confighttp.ServerConfig, key *set.Key) error {
	text, err := key.JWKS()
	if err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+jwksPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(text)
	})
	server, err := cfg.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, mux)
	if err != nil {
		return errors.Join(fmt.Errorf("jwks: %w", err), listener.Close())
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	r.closers = append(r.closers, func(ctx context.Context) error {
		err := serving.End(ctx, server)
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	})
	return nil
}
