package tokenconsoleextension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/holterhq/holter/extension/tokenconsoleextension/internal/metadata"
	"github.com/holterhq/holter/internal/console"
	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/serving"
	"github.com/holterhq/holter/internal/tokenregistry"
	"github.com/holterhq/holter/internal/tokenstore"
)

// consoleExtension serves a console over the store that another extension shares.
type consoleExtension struct {
	set       extension.Settings
	cfg       *Config
	telemetry *metadata.TelemetryBuilder

	console *console.Console
	server  *http.Server
	address net.Addr
	serving sync.WaitGroup
	otlp    atomic.Pointer[receivers]
}

// receivers are the addresses of the Collector's OTLP receivers.
type receivers struct{ grpc, http string }

var (
	_ extensioncapabilities.Dependent     = (*consoleExtension)(nil)
	_ extensioncapabilities.ConfigWatcher = (*consoleExtension)(nil)
)

// Dependencies has the store started first.
func (e *consoleExtension) Dependencies() []component.ID {
	ids := []component.ID{e.cfg.Store}
	if e.cfg.TokenRegistry != nil {
		ids = append(ids, *e.cfg.TokenRegistry)
	}
	if auth := e.cfg.Auth.Get(); auth != nil {
		ids = append(ids, auth.AuthenticatorID)
	}
	return ids
}

// NotifyConfig learns where this Collector takes telemetry, which is what the page tells people to send it to.
func (e *consoleExtension) NotifyConfig(_ context.Context, conf *confmap.Conf) error {
	grpc, http := otlp(conf)
	e.otlp.Store(&receivers{grpc, http})
	return nil
}

// Start begins to serve.
func (e *consoleExtension) Start(ctx context.Context, host component.Host) error {
	if err := e.start(ctx, host); err != nil {
		return fmt.Errorf("extensions::%s::%w", e.set.ID, err) // the Collector does not say which extension it is
	}
	return nil
}

func (e *consoleExtension) start(ctx context.Context, host component.Host) error {
	held, err := tokenstore.FromHost(host, e.cfg.Store)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	limits := e.cfg.Limits
	settings := console.Settings{
		Store: held, Gate: e.gate(), Assets: assets(), Version: e.set.BuildInfo.Version, Deprecated: e.cfg.DeprecatedRoutes,
		Limits: console.Limits{
			MaxRange: limits.MaxRange, Timeout: limits.Timeout, Streams: limits.Streams, Export: limits.ExportRows, Entries: limits.JournalEntries,
			Requests: &access.Rates{Each: rate.Limit(limits.RequestsPerSecond), Burst: limits.Burst, Keys: mostAddresses},
		},
		OTLP:    e.receivers,
		Count:   e.count,
		Trouble: func(doing string, err error) { e.set.Logger.Error("The console could not "+doing, zap.Error(err)) },
	}
	if e.cfg.TokenRegistry != nil {
		registry, err := tokenregistry.FromHost(host, *e.cfg.TokenRegistry)
		if err != nil {
			return err
		}
		settings.Registered = registered(registry)
	}
	if e.cfg.Demo.Enabled {
		settings.Demo = &player{endpoint: e.demoEndpoint, now: time.Now}
	}
	for _, l := range e.cfg.TraceLinks {
		settings.Links = append(settings.Links, console.Link{Name: l.Name, URL: l.URL})
	}
	if e.console, err = console.New(settings); err != nil {
		return err
	}
	if e.server, err = e.cfg.ToServer(ctx, host.GetExtensions(), e.set.TelemetrySettings, e.console); err != nil {
		return err
	}
	listener, err := e.cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	e.address = listener.Addr()
	e.console.Run()
	e.serving.Go(func() {
		if err := e.server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			e.set.Logger.Error("The console has stopped: telemetry flows as before", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
		}
	})
	e.set.Logger.Info("The console is at " + e.url())
	return nil
}

// mostAddresses is how many are told apart by the limits of requests and logins.
const mostAddresses = 10_000

// url is where people find the console.
func (e *consoleExtension) url() string {
	if e.address.Network() == "unix" {
		return "unix:" + e.address.String()
	}
	scheme := "http"
	if e.cfg.TLS.HasValue() {
		scheme = "https"
	}
	return scheme + "://" + reachable(e.address.String())
}

// gate says who may look.
func (e *consoleExtension) gate() *access.Gate {
	gate := &access.Gate{
		Login: e.cfg.login(), Others: e.cfg.Others.who(""),
		Sessions: &access.Sessions{Lifetime: e.cfg.Sessions.Lifetime, Most: e.cfg.Sessions.Max, Evicted: func() { e.count("session") }},
		Attempts: &access.Rates{Each: rate.Limit(e.cfg.Limits.LoginsPerMinute / 60), Burst: max(int(e.cfg.Limits.LoginsPerMinute), 1), Keys: mostAddresses},
		Vouched:  vouched,
	}
	for _, u := range e.cfg.Users {
		gate.Users = append(gate.Users, access.User{Who: u.who(u.Name), Password: access.Password(u.Password)})
	}
	if o := e.cfg.OIDC.Get(); o != nil {
		gate.Provider = o.provider()
	}
	return gate.Open()
}

// provider is where people log in.
func (o *OIDCConfig) provider() *access.Provider {
	p := &access.Provider{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: string(o.ClientSecret), Redirect: o.RedirectURL, Scopes: o.Scopes,
		NameClaim: o.NameClaim, RolesClaim: o.RolesClaim, TenantsClaim: o.TenantsClaim, TeamsClaim: o.TeamsClaim,
	}
	for value, roles := range o.Roles {
		if p.Roles == nil {
			p.Roles = map[string][]access.Role{}
		}
		for _, r := range roles {
			p.Roles[value] = append(p.Roles[value], access.Role(r))
		}
	}
	return p
}

// vouched is whom the auth extension has let through. Extensions call the name of somebody differently, and some have none.
func vouched(ctx context.Context) (string, bool) {
	auth := client.FromContext(ctx).Auth
	if auth == nil {
		return "somebody", true // confighttp lets nobody through whom the extension refuses
	}
	for _, key := range []string{"username", "subject", "name"} {
		if name, ok := auth.GetAttribute(key).(string); ok && name != "" {
			return name, true
		}
	}
	return "somebody", true
}

func (e *consoleExtension) receivers() (grpc, http string) {
	if r := e.otlp.Load(); r != nil {
		return r.grpc, r.http
	}
	return "", ""
}

// demoEndpoint is where the demo is played to.
func (e *consoleExtension) demoEndpoint() string {
	if e.cfg.Demo.Endpoint != "" {
		return e.cfg.Demo.Endpoint
	}
	grpc, _ := e.receivers()
	return grpc
}

func (e *consoleExtension) count(what string) {
	e.telemetry.TokenConsoleRefused.Add(context.Background(), 1, metric.WithAttributes(attribute.String("reason", what)))
}

// Shutdown ends the streams, and the demo.
func (e *consoleExtension) Shutdown(ctx context.Context) error {
	defer e.telemetry.Shutdown()
	if e.server == nil {
		return nil
	}
	e.console.Close()
	err := serving.End(ctx, e.server)
	e.serving.Wait()
	return err
}
