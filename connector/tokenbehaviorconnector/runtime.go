package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/journal"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/price"
	"github.com/holterhq/holter/internal/tokenstore"
)

// runtime is what the nodes of one token_behavior share: it starts with the first of them and ends with the last.
type runtime struct {
	id        component.ID
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    *health

	nodes int // guarded by shared

	mu      sync.Mutex
	taken   map[pipeline.Signal]bool // input signals that a node takes in
	live    map[pipeline.Signal]int  // nodes of an output signal
	running bool

	worker  *worker
	metrics *metricsOutput
	events  *eventsOutput

	client     *tokenstore.Client // nil: none
	unremember func()             // no erasure is told from then on
}

func newRuntime(set connector.Settings, config *Config) (*runtime, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r := &runtime{
		id:        set.ID,
		config:    config,
		logger:    set.Logger,
		telemetry: telemetry,
		health:    newHealth(set.Logger),
		taken:     make(map[pipeline.Signal]bool),
		live:      make(map[pipeline.Signal]int),
	}
	r.metrics = newMetricsOutput(config, set.BuildInfo, telemetry, r.health)
	r.events = newEventsOutput(config, set.BuildInfo, telemetry, r.health, set.Logger)
	prices := new(price.List)
	if config.Units.Prices != "" {
		if prices, err = price.Read(config.Units.Prices); err != nil {
			return nil, fmt.Errorf("connectors::%s::units::prices: %w", set.ID, err)
		}
	}
	r.worker = newWorker(config, set.Logger, telemetry, r.health, r.metrics, r.events, prices)
	if r.worker.unitValues, err = compileUnits(config.Units.OTTL, set.TelemetrySettings); err != nil {
		return nil, fmt.Errorf("connectors::%s::%w", set.ID, err)
	}
	return r, nil
}

func (r *runtime) toMetrics(next consumer.Metrics) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.metrics.connect(next); err != nil {
		return fmt.Errorf("connectors::%s::%w", r.id, err)
	}
	return nil
}

func (r *runtime) toLogs(next consumer.Logs) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.events.connect(next); err != nil {
		return fmt.Errorf("connectors::%s::%w", r.id, err)
	}
	return nil
}

// join counts a node in. Of the nodes of an input signal, all of which get the same data, the first one takes it in.
func (r *runtime) join(n *node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[n.output]++
	n.takesIn = !r.taken[n.input]
	r.taken[n.input] = true
}

func (r *runtime) start(ctx context.Context, n *node, host component.Host) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.health.attach(n, host)
	if !r.running {
		client, err := r.storage(ctx, host)
		if err != nil {
			return err
		}
		r.worker.start(ctx, client)
		r.unremember = tokenstore.OnErase(host, r.id.String(), r.forget)
		r.running = true
	}
	if n.output == pipeline.SignalMetrics {
		r.metrics.start()
	} else {
		r.events.start()
	}
	return nil
}

// shutdown takes a node away. When the first output signal loses its last node, all input has stopped: each input signal
// has a node for each output signal.
func (r *runtime) shutdown(ctx context.Context, n *node) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.health.detach(n)
	if r.unremember != nil {
		r.unremember()
		r.unremember = nil
	}
	if r.live[n.output]--; r.live[n.output] == 0 && r.running {
		r.worker.finish(ctx)
		if n.output == pipeline.SignalMetrics {
			r.metrics.stop(ctx)
		} else {
			r.events.stop(ctx)
		}
	}
	if !r.leave() {
		return nil
	}
	defer r.telemetry.Shutdown()
	if !r.running {
		return nil
	}
	return r.worker.stop(ctx)
}

// storage returns a client of the storage extension; nil where none is configured or it cannot be opened now.
func (r *runtime) storage(ctx context.Context, host component.Host) (storage.Client, error) {
	if r.config.Storage == nil {
		r.logger.Info("no storage is configured: baselines are kept in memory and begin anew after a restart")
		return nil, nil
	}
	found, ok := host.GetExtensions()[*r.config.Storage]
	if !ok {
		return nil, fmt.Errorf("connectors::%s::storage: there is no extension %s in service::extensions: use one of %s",
			r.id, r.config.Storage, storages(host))
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("connectors::%s::storage: extension %s is no storage: use one of %s", r.id, r.config.Storage, storages(host))
	}
	client, err := tokenstore.OpenClient(ctx, func(ctx context.Context) (client storage.Client, err error) {
		err = journal.Guard(func() (err error) {
			client, err = extension.GetClient(ctx, component.KindConnector, r.id, "state")
			return err
		})
		return client, err
	})
	if err != nil {
		r.worker.stateLost("open", err)
		return nil, nil
	}
	r.client = client
	return client, nil
}

// storages names the storage extensions of a host.
func storages(host component.Host) string {
	var names []string
	for id, extension := range host.GetExtensions() {
		if _, ok := extension.(storage.Extension); ok {
			names = append(names, id.String())
		}
	}
	if len(names) == 0 {
		return "the storage extensions, such as file_storage, once it is defined"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// now is the clock. It stamps what is emitted and never decides what is learned.
func now() int64 { return time.Now().UnixNano() }
