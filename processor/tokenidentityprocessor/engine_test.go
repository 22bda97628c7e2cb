package tokenidentityprocessor

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
)

func TestPipelinesShareOneEngine(t *testing.T) {
	host, store := newHost(), newStorage()
	host.extensions[storageID] = store
	cfg := createDefaultConfig().(*Config)
	cfg.Storage = &storageID
	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) }()
	set, _ := observed(telemetry)

	f := NewFactory()
	traces, logs := new(consumertest.TracesSink), new(consumertest.LogsSink)
	first, err := f.CreateTraces(t.Context(), set, cfg, traces)
	require.NoError(t, err)
	second, err := f.CreateTraces(t.Context(), set, cfg, traces)
	require.NoError(t, err)
	third, err := f.CreateLogs(t.Context(), set, cfg, logs)
	require.NoError(t, err)
	for _, node := range []component.Component{first, second, third} {
		require.NoError(t, node.Start(t.Context(), host))
	}
	assert.Equal(t, 1, store.opened, "one storage client")

	key := secretKey(1)
	td, _ := serverSpan(withHeader("x-api-key", key))
	require.NoError(t, first.ConsumeTraces(t.Context(), td))
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().PutStr("X-Api-Key", key)
	require.NoError(t, third.ConsumeLogs(t.Context(), ld))
	spanID, _ := traces.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get(otelattr.TokenID)
	logID, _ := logs.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(otelattr.TokenID)
	assert.Equal(t, spanID.Str(), logID.Str(), "one id")

	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, first.Shutdown(t.Context()), "twice")
	require.NoError(t, second.Shutdown(t.Context()))
	assert.Len(t, store.open, 1, "the last node closes")
	require.NoError(t, third.Shutdown(t.Context()))
	assert.Empty(t, store.open)

	again, err := f.CreateTraces(t.Context(), set, cfg, traces)
	require.NoError(t, err)
	require.NoError(t, again.Start(t.Context(), host), "a component may be built again")
	require.NoError(t, again.Shutdown(t.Context()))
	assert.Equal(t, 2, store.opened)
}

func TestEveryNodeHearsOfAFailedStart(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Storage = &storageID
	set, _ := observed(componenttest.NewTelemetry())
	f := NewFactory()
	traces, err := f.CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	logs, err := f.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	const want = `storage: extension "test_storage" is not there: define it under extensions and name it under service::extensions`
	require.EqualError(t, traces.Start(t.Context(), newHost()), want)
	require.EqualError(t, logs.Start(t.Context(), newHost()), want)
	require.NoError(t, traces.Shutdown(t.Context()))
	require.NoError(t, logs.Shutdown(t.Context()))
}

func TestAnExtensionThatKeepsNothingIsRefused(t *testing.T) {
	host := newHost()
	host.extensions[storageID] = struct {
		component.StartFunc
		component.ShutdownFunc
	}{}
	cfg := createDefaultConfig().(*Config)
	cfg.Storage = &storageID
	r := newRig(t, cfg, host)
	require.EqualError(t, r.start(t.Context(), host), `storage: extension "test_storage" keeps nothing: use a storage extension such as file_storage`)
	require.NoError(t, r.shutdown(t.Context()))
}

// TestGeneratedKeyOutlivesARestart uses the real file_storage.
func TestGeneratedKeyOutlivesARestart(t *testing.T) {
	directory := t.TempDir()
	attributes := withHeader("x-api-key", secretKey(2))
	ids := make(map[any]bool)
	for run, want := range []string{"one was generated and kept in storage", "the generated one from storage is used"} {
		f := filestorage.NewFactory()
		cfg := f.CreateDefaultConfig().(*filestorage.Config)
		cfg.Directory = directory
		files, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
		require.NoError(t, err)
		host := newHost()
		require.NoError(t, files.Start(t.Context(), host))
		host.extensions[storageID] = files

		own := createDefaultConfig().(*Config)
		own.Storage = &storageID
		r := newRig(t, own, host)
		require.NoError(t, r.start(t.Context(), host))
		ids[ofSpan(t, r.engine, attributes)[otelattr.TokenID]] = true
		warned := r.logs.FilterLevelExact(zap.WarnLevel).All()
		require.Len(t, warned, 1, "run %d", run)
		assert.Contains(t, warned[0].Message, want)
		assert.Contains(t, warned[0].Message, "on this instance only")
		require.NoError(t, r.shutdown(t.Context()))
		require.NoError(t, files.Shutdown(t.Context()))
	}
	assert.Len(t, ids, 1)
}

func TestWithoutStorageTheWarningIsStronger(t *testing.T) {
	r := startedRig(t, createDefaultConfig().(*Config), newHost())
	warned := r.logs.FilterLevelExact(zap.WarnLevel).All()
	require.Len(t, warned, 1)
	assert.Contains(t, warned[0].Message, "token ids change with every restart")
}

func TestConfiguredKeysWarnOfNothing(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	assert.Empty(t, r.logs.FilterLevelExact(zap.WarnLevel).All())
}

func TestABrokenStorageCostsTheIDsNotTheTelemetry(t *testing.T) {
	host, store := newHost(), newStorage()
	host.extensions[storageID] = store
	store.err = errors.New("disk is full")
	cfg := createDefaultConfig().(*Config)
	cfg.Storage = &storageID
	r := startedRig(t, cfg, host)
	assert.Contains(t, ofSpan(t, r.engine, withHeader("x-api-key", secretKey(3))), otelattr.TokenID)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError}, host.statuses(), "the key, and what is sealed")
	require.ErrorContains(t, host.events[1].Err(), "sealed credentials are kept in memory only")
	require.ErrorContains(t, host.events[1].Err(), "token ids are of this process only")
	assert.Len(t, r.logs.FilterLevelExact(zap.ErrorLevel).All(), 1)
	assert.Empty(t, store.values)
}

func TestBadKeyFilesStopTheStart(t *testing.T) {
	cfg := testConfig()
	cfg.Keys.FingerprintFile = filepath.Join(t.TempDir(), "missing")
	r := newRig(t, cfg, newHost())
	require.ErrorContains(t, r.start(t.Context(), r.host), "keys::fingerprint_file: read key: open ")
	require.NoError(t, r.shutdown(t.Context()))
}

func TestShutdownWithoutStart(t *testing.T) {
	r := newRig(t, testConfig(), newHost())
	require.NoError(t, r.shutdown(t.Context()))
}

func TestNothingThatIsSaidHoldsASecret(t *testing.T) {
	cfg := testConfig()
	r := startedRig(t, cfg, newHost())
	key := secretKey(4)
	r.fault = func() { panic("cannot read " + key) }
	ofSpan(t, r.engine, withHeader("x-api-key", key))
	for _, entry := range r.logs.All() {
		for name, value := range entry.ContextMap() {
			assert.NotContains(t, name, key)
			if text, ok := value.(string); ok {
				assert.False(t, strings.Contains(text, key) || strings.Contains(text, string(cfg.Keys.Identity)), entry.Message)
			}
		}
		assert.NotContains(t, entry.Message, key)
	}
}
