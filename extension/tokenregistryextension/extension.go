package tokenregistryextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"

	"github.com/holterhq/holter/internal/serving"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// registryExtension shares one Registry among all components.
type registryExtension struct {
	id       component.ID
	cfg      *Config
	registry *tokenregistry.Registry
	health   health

	telemetry component.TelemetrySettings
	server    *http.Server // nil: nobody may ask
	serving   sync.WaitGroup
}

var (
	_ tokenregistry.Holder            = (*registryExtension)(nil)
	_ extensioncapabilities.Dependent = (*registryExtension)(nil)
)

// TokenRegistry is the shared Registry.
func (e *registryExtension) TokenRegistry() *tokenregistry.Registry { return e.registry }

// Dependencies has the storage started first.
func (e *registryExtension) Dependencies() []component.ID {
	if e.cfg.Storage == nil {
		return nil
	}
	return []component.ID{*e.cfg.Storage}
}

// Start reads keys and sources, and answers questions if it is to.
func (e *registryExtension) Start(ctx context.Context, host component.Host) error {
	e.health.join(host)
	err := e.registry.Start(ctx, host)
	if err == nil {
		err = e.serve(ctx, host)
	}
	if err != nil {
		return fmt.Errorf("extensions::%s::%w", e.id, err) // the Collector does not say which extension it is
	}
	return nil
}

// Shutdown ends the watching of sources.
func (e *registryExtension) Shutdown(ctx context.Context) error {
	var err error
	if e.server != nil {
		err = serving.End(ctx, e.server)
		e.serving.Wait()
	}
	return errors.Join(err, e.registry.Shutdown(ctx))
}

// health tells the host how the registry is.
type health struct {
	mu   sync.Mutex
	host component.Host
}

func (h *health) join(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.host = host
}

// Trouble says that something is off while telemetry flows on.
func (h *health) Trouble(err error) { h.report(componentstatus.NewRecoverableErrorEvent(err)) }

// Well says that what was off is over.
func (h *health) Well() { h.report(componentstatus.NewEvent(componentstatus.StatusOK)) }

func (h *health) report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.host != nil {
		componentstatus.ReportStatus(h.host, event)
	}
}
