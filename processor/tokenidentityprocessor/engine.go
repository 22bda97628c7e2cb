package tokenidentityprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// storageName is the name of the component's client of the storage extension.
const storageName = "state"

// engine is what all nodes of one component share.
type engine struct {
	id        component.ID
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    health

	choice   otelattr.Choice
	proxies  geo.Proxies
	country  *geo.Database // nil: not looked up
	coverage *coverage
	namer    *identity.Namer
	cache    *identity.Cache[*token]
	registry *registry.File // nil: there is none
	workers  sync.Pool

	client storage.Client
	stop   context.CancelFunc
	done   sync.WaitGroup
	watch  watch

	// fault is called with every record, in tests that want one to fail.
	fault func()
}

func newEngine(set processor.Settings, cfg *Config) (*engine, error) {
	proxies, err := cfg.proxies()
	if err != nil {
		return nil, err
	}
	choice, err := otelattr.Choose(cfg.Attributes)
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
		proxies:   proxies,
		cache:     identity.NewCache[*token](cfg.Cache.MaxTokens),
		coverage:  newCoverage(telemetry, cfg.Cache.MaxServices),
		stop:      func() {},
	}
	sources := cfg.Sources.sources()
	e.workers.New = func() any { return newWorker(sources, cfg.Erase.Placeholder) }
	if cfg.Registry.File != "" {
		e.registry = registry.NewFile(cfg.Registry.File, cfg.Registry.Optional)
	}
	return e, nil
}

func (e *engine) start(ctx context.Context, host component.Host) error {
	if err := e.startKeys(ctx, host); err != nil {
		return err
	}
	if e.cfg.Geo.Enabled {
		database, err := geo.Embedded()
		if err != nil {
			return err
		}
		e.country = database
	}
	if e.registry == nil {
		return nil
	}
	if err := e.checkRegistry(ctx); err != nil && !e.cfg.Registry.Optional {
		return fmt.Errorf("registry::file: %w", err)
	}
	watching, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.done.Go(func() { e.watchRegistry(watching) })
	return nil
}

func (e *engine) shutdown(ctx context.Context) error {
	e.stop()
	e.done.Wait()
	var err error
	if e.client != nil {
		err = e.client.Close(ctx)
		e.client = nil
	}
	e.telemetry.Shutdown()
	return err
}

// startKeys takes the keys from the configuration, from files, or from storage.
func (e *engine) startKeys(ctx context.Context, host component.Host) error {
	if e.cfg.Storage != nil {
		client, err := storageClient(ctx, host, *e.cfg.Storage, e.id)
		if err != nil {
			return err
		}
		e.client = client
	}
	keys, err := e.configuredKeys()
	if err != nil {
		return err
	}
	if keys.Identity == nil {
		keys.Identity = e.generatedKey(ctx)
	}
	if keys.Fingerprint == nil {
		keys.Fingerprint = identity.FingerprintKey(keys.Identity)
	}
	e.namer = identity.NewNamer(keys)
	e.logger.Info("Tokens are named under an identity key; instances that show the same check share it",
		zap.String("identity_key_check", keys.Check()))
	return nil
}

// configuredKeys are those that are given; what is not given is nil.
func (e *engine) configuredKeys() (identity.Keys, error) {
	var keys identity.Keys
	for _, key := range [...]struct {
		name, value, file string
		into              *[]byte
	}{
		{"identity", string(e.cfg.Keys.Identity), e.cfg.Keys.IdentityFile, &keys.Identity},
		{"fingerprint", string(e.cfg.Keys.Fingerprint), e.cfg.Keys.FingerprintFile, &keys.Fingerprint},
	} {
		var err error
		switch {
		case key.value != "":
			*key.into, err = identity.ParseKey(key.value)
		case key.file != "":
			*key.into, err = identity.ReadKey(key.file)
			key.name += "_file"
		}
		if err != nil {
			return keys, fmt.Errorf("keys::%s: %w", key.name, err)
		}
	}
	return keys, nil
}

// generatedKey is the identity key of this instance: kept in storage where there is one, else of this process. A storage that
// fails costs the ids, never the telemetry.
func (e *engine) generatedKey(ctx context.Context) []byte {
	if e.client == nil {
		e.logger.Warn("No identity key and no storage are configured: token ids change with every restart, and nothing that is learned about a token outlives it; set keys::identity, or storage")
		return identity.NewKey()
	}
	key, made, err := identity.StoredKey(ctx, e.client)
	switch {
	case err != nil:
		e.logger.Error("The identity key cannot be kept: token ids change with every restart until storage works again", zap.Error(err))
		e.health.trouble(fmt.Errorf("token ids are of this process only: %w", err))
		return identity.NewKey()
	case made:
		e.logger.Warn("No identity key is configured: one was generated and kept in storage; token ids hold on this instance only; set keys::identity to the same key on every instance before there is a second one")
	default:
		e.logger.Warn("No identity key is configured: the generated one from storage is used; token ids hold on this instance only")
	}
	return key
}

func storageClient(ctx context.Context, host component.Host, id, owner component.ID) (storage.Client, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not there: define it under extensions and name it under service::extensions", id)
	}
	provider, ok := extension.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q keeps nothing: use a storage extension such as file_storage", id)
	}
	client, err := provider.GetClient(ctx, component.KindProcessor, owner, storageName)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if client == nil {
		return nil, errors.New("storage: the extension gave no client")
	}
	return client, nil
}
