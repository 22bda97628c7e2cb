package tokenidentityprocessor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/tokenregistry"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// engine is what all nodes of one component share.
type engine struct {
	id        component.ID
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    health

	choice   otelattr.Choice
	claims   *credential.ClaimPaths // nil: the usual ones
	verifies *jwks.Verifier         // nil: no issuer
	origins  origins
	coverage *coverage
	cache    *identity.Cache[*token]
	workers  sync.Pool

	expressions *expressions

	registry *tokenregistry.Registry
	shared   bool          // the registry is an extension's
	seals    time.Duration // how often a credential in use is sealed; 0: never

	// fault is called with every record, in tests that want one to fail.
	fault func()
}

func newEngine(set processor.Settings, cfg *Config) (*engine, error) {
	proxies, err := geo.ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	choice, err := otelattr.Choose(cfg.added())
	if err != nil {
		return nil, fmt.Errorf("attributes%w", err)
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &engine{
		id:        set.ID,
		cfg:       cfg,
		logger:    set.Logger,
		telemetry: telemetry,
		choice:    choice,
		claims:    cfg.JWT.Claims.paths(),
		origins:   origins{proxies: proxies},
		cache:     identity.NewCache[*token](cfg.Cache.MaxTokens),
		coverage:  newCoverage(telemetry, cfg.Cache.MaxServices),
	}
	e.verifies = e.verifier()
	if e.expressions, err = newExpressions(&cfg.Sources.OTTL, set.TelemetrySettings); err != nil {
		return nil, fmt.Errorf("sources::ottl::%w", err)
	}
	sources := cfg.Sources.sources(cfg.Erase.Off)
	e.workers.New = func() any { return newWorker(e, sources) }
	if cfg.TokenRegistry == nil {
		e.registry, err = tokenregistry.New(tokenregistry.Settings{
			ID: set.ID, Kind: component.KindProcessor, Telemetry: set.TelemetrySettings, Health: e.health.about("registry"),
		}, cfg.own())
	}
	return e, err
}

func (e *engine) start(ctx context.Context, host component.Host) error {
	if err := e.startRegistry(ctx, host); err != nil {
		return err
	}
	e.seals = e.registry.SealsEvery()
	e.warnOfPlainHTTP()
	e.warnOfKeptAttributes()
	e.verifies.Start()
	return e.startOrigins(ctx)
}

func (e *engine) startRegistry(ctx context.Context, host component.Host) (err error) {
	if e.registry != nil {
		return e.registry.Start(ctx, host)
	}
	e.shared = true
	e.registry, err = tokenregistry.FromHost(host, *e.cfg.TokenRegistry)
	return err
}

func (e *engine) shutdown(ctx context.Context) error {
	e.verifies.Shutdown()
	e.origins.shutdown()
	var err error
	if e.registry != nil && !e.shared {
		err = e.registry.Shutdown(ctx)
	}
	e.telemetry.Shutdown()
	return err
}
