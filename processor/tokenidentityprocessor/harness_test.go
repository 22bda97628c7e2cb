package tokenidentityprocessor

import (
	"context"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/internal/tokenregistry"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// testConfig names tokens under a key of its own, so that ids are the same in every run.
func testConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Keys.Identity = configKey('i')
	return cfg
}

func configKey(b byte) configopaque.String {
	return configopaque.String(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(b), 32))))
}

// rig is an engine with everything that it says in sight.
type rig struct {
	*engine
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	host      *testHost
}

func newRig(t *testing.T, cfg *Config, host *testHost) *rig {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	set, logs := observed(telemetry)
	e, err := newEngine(set, cfg)
	require.NoError(t, err)
	e.health.join(host)
	return &rig{engine: e, logs: logs, telemetry: telemetry, host: host}
}

func startedRig(t *testing.T, cfg *Config, host *testHost) *rig {
	t.Helper()
	r := newRig(t, cfg, host)
	require.NoError(t, r.start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, r.shutdown(context.WithoutCancel(t.Context()))) })
	return r
}

func observed(telemetry *componenttest.Telemetry) (processor.Settings, *observer.ObservedLogs) {
	core, logs := observer.New(zap.DebugLevel)
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	return set, logs
}

// testHost hands out extensions and remembers what it is told.
type testHost struct {
	extensions map[component.ID]component.Component

	mu     sync.Mutex
	events []*componentstatus.Event
}

func newHost() *testHost { return &testHost{extensions: make(map[component.ID]component.Component)} }

func (h *testHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *testHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

// statuses are those that were reported, in order.
func (h *testHost) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []componentstatus.Status
	for _, event := range h.events {
		all = append(all, event.Status())
	}
	return all
}

// testStorage keeps values in memory, counts its clients, and refuses a second one of the same name as file_storage does.
type testStorage struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	values map[string][]byte
	open   map[string]bool
	opened int
	err    error
}

func newStorage() *testStorage {
	return &testStorage{values: make(map[string][]byte), open: make(map[string]bool)}
}

var storageID = component.MustNewID("test_storage")

func (s *testStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := kind.String() + id.String() + name
	if s.open[key] {
		return nil, context.DeadlineExceeded
	}
	s.open[key] = true
	s.opened++
	return &testClient{storage: s, key: key}, nil
}

type testClient struct {
	storage *testStorage
	key     string
}

func (c *testClient) Get(_ context.Context, key string) ([]byte, error) {
	return c.storage.values[key], c.storage.err
}

func (c *testClient) Set(_ context.Context, key string, value []byte) error {
	if c.storage.err == nil {
		c.storage.values[key] = value
	}
	return c.storage.err
}

func (c *testClient) Delete(context.Context, string) error               { return nil }
func (c *testClient) Batch(context.Context, ...*storage.Operation) error { return nil }

func (c *testClient) Close(context.Context) error {
	c.storage.mu.Lock()
	defer c.storage.mu.Unlock()
	delete(c.storage.open, c.key)
	return nil
}

// secretKey is a home-grown key that looks drawn by lot, different for each seed.
func secretKey(seed uint64) string {
	return "corp_" + letters(rand.New(rand.NewPCG(seed, 99)), 32)
}

// serverSpan is one server span with the attributes.
func serverSpan(attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "orders")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetKind(ptrace.SpanKindServer)
	span.SetName("GET /v1/orders/:id")
	span.SetEndTimestamp(pcommon.Timestamp(1_795_323_439_000_000_000))
	if err := span.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return td, span
}

func withHeader(name, value string) map[string]any {
	return map[string]any{"http.request.header." + name: []any{value}}
}

// ofSpan is what the engine writes on a server span with the attributes.
func ofSpan(t *testing.T, e *engine, attributes map[string]any) map[string]any {
	t.Helper()
	td, span := serverSpan(attributes)
	_, err := e.processTraces(t.Context(), td)
	require.NoError(t, err)
	return span.Attributes().AsRaw()
}

// ofLog is what the engine writes on a log record with the attributes and the body.
func ofLog(t *testing.T, e *engine, attributes map[string]any, body any) (map[string]any, any) {
	t.Helper()
	ld := plog.NewLogs()
	log := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, log.Attributes().FromRaw(attributes))
	require.NoError(t, log.Body().FromRaw(body))
	_, err := e.processLogs(t.Context(), ld)
	require.NoError(t, err)
	return log.Attributes().AsRaw(), log.Body().AsRaw()
}

// fingerprints are keys of configKey, the one that signs first.
func fingerprints(keys ...byte) []tokenregistry.FingerprintKey {
	var all []tokenregistry.FingerprintKey
	for _, key := range keys {
		all = append(all, tokenregistry.FingerprintKey{Key: configKey(key)})
	}
	return all
}
