package tokenstoreextension

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/extension/tokenstoreextension/internal/metadata"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/store/errand"
	"github.com/holterhq/holter/internal/tokenstore"
)

const (
	maintainEvery = time.Minute
	openAgain     = 2 * time.Second // the process before may still hold the folder
	errandsEvery  = 500 * time.Millisecond
)

// storeExtension owns the folder.
type storeExtension struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	troubles  *troubles
	keeper    *keeper

	cancel  context.CancelFunc
	working sync.WaitGroup
}

var (
	_ tokenstore.Eraser                     = (*storeExtension)(nil)
	_ tokenstore.Watched                    = (*storeExtension)(nil)
	_ extensioncapabilities.PipelineWatcher = (*storeExtension)(nil)
)

func newStoreExtension(set extension.Settings, cfg *Config) (*storeExtension, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &storeExtension{cfg: cfg, logger: set.Logger, telemetry: telemetry, troubles: newTroubles(set.Logger)}
	e.keeper = newKeeper(telemetry, e.troubles)
	return e, nil
}

// TokenStore is the shared store.
func (e *storeExtension) TokenStore() store.Store { return e.keeper }

// Start opens the store. A folder that cannot be opened does not stop the Collector: it is tried again, and what is for the store waits.
func (e *storeExtension) Start(_ context.Context, host component.Host) error {
	e.troubles.join(host)
	if err := e.gauges(); err != nil {
		return err
	}
	for _, pattern := range e.cfg.EventFiles {
		e.keeper.memories.join(&memory{name: pattern, forget: lines{pattern, buffered}.forget})
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	open := e.open()
	e.working.Go(func() { e.work(ctx, open) })
	return nil
}

// open says whether the store is.
func (e *storeExtension) open() bool {
	backend, err := embedded.Open(embedded.Options{Folder: e.cfg.Directory, Retention: e.cfg.Retention.times()})
	if err != nil {
		err = fmt.Errorf("directory: %w", err)
		e.keeper.failed("open")
		e.keeper.wait(err)
		e.troubles.trouble(troubleOpening, err)
		return false
	}
	e.keeper.begin(backend)
	e.troubles.well(troubleOpening)
	return true
}

// work opens the store if it is not yet, and looks after it.
func (e *storeExtension) work(ctx context.Context, open bool) {
	for !open {
		select {
		case <-ctx.Done():
			return
		case <-time.After(openAgain):
			open = e.open()
		}
	}
	maintain := time.NewTicker(maintainEvery)
	defer maintain.Stop()
	errands := time.NewTicker(errandsEvery)
	defer errands.Stop()
	_ = e.keeper.Maintain(ctx, time.Now()) // it is said
	e.tell(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-maintain.C:
			_ = e.keeper.Maintain(ctx, time.Now())
			e.tell(ctx)
		case <-e.keeper.memories.news:
			e.tell(ctx)
		case <-errands.C:
			if err := errand.Do(ctx, e.cfg.Directory, e.keeper, time.Now()); err != nil && ctx.Err() == nil {
				e.logger.Warn("what holter store has asked for cannot be answered", zap.Error(err))
			}
		}
	}
}

// tell has components forget whom somebody has erased while they could not be told.
func (e *storeExtension) tell(ctx context.Context) {
	_, missed, err := e.keeper.tell(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		e.logger.Warn("components cannot be told of erasures: it is tried again", zap.Error(err))
	case len(missed) > 0:
		e.logger.Warn("not everybody has forgotten whom somebody erased: it is tried again", zap.Strings("missed", missed))
	}
}

// gauges are asked for what is kept, and whether it is well.
func (e *storeExtension) gauges() error {
	last := time.Time{}
	var status store.Status
	var mu sync.Mutex
	of := func(value func(*store.Status) int64) metric.Int64Callback {
		return func(ctx context.Context, o metric.Int64Observer) error {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(last) > time.Second { // all gauges are asked at once
				var err error
				if status, err = e.keeper.stands(ctx); err != nil {
					return err
				}
				last = time.Now()
			}
			o.Observe(value(&status))
			return nil
		}
	}
	return errors.Join(
		e.telemetry.RegisterTokenStoreSizeCallback(of(func(s *store.Status) int64 { return s.Bytes })),
		e.telemetry.RegisterTokenStoreMinuteFactsCallback(of(func(s *store.Status) int64 { return s.Facts })),
		e.telemetry.RegisterTokenStoreTokensCallback(of(func(s *store.Status) int64 { return int64(s.Tokens) })),
		e.telemetry.RegisterTokenStoreErasedLateCallback(of(func(s *store.Status) int64 { return s.Late })),
		e.telemetry.RegisterTokenStoreFailingCallback(of(func(s *store.Status) int64 {
			if s.Full || s.Trouble != "" || e.troubles.failing() {
				return 1
			}
			return 0
		})),
	)
}

// Shutdown closes the store.
func (e *storeExtension) Shutdown(context.Context) error {
	if e.cancel != nil {
		e.cancel()
		e.working.Wait()
	}
	err := e.keeper.end()
	e.telemetry.Shutdown()
	return err
}

// OnErase has a component told of erasures, until stop.
func (e *storeExtension) OnErase(name string, forget tokenstore.Forget) (stop func()) {
	return e.keeper.memories.join(&memory{name: name, forget: forget})
}

// AfterErase has a component told of each erasure when all others have been.
func (e *storeExtension) AfterErase(name string, forget tokenstore.Forget) (stop func()) {
	return e.keeper.memories.join(&memory{name: name, forget: forget, last: true})
}

// Trouble notes what is off on the way to the store.
func (e *storeExtension) Trouble(what string, err error) {
	if err != nil {
		e.troubles.trouble(what, err)
	} else {
		e.troubles.well(what)
	}
}

// Ready says that all components have started: who was there to be told of erasures is known.
func (e *storeExtension) Ready() error {
	e.keeper.memories.whole()
	return nil
}

// NotReady says that components are about to be shut down.
func (e *storeExtension) NotReady() error { return nil }
