package tokenidentityprocessor

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// edit writes a registry file as it was so long ago.
func edit(t *testing.T, path, text string, ago time.Duration) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	when := time.Now().Add(-ago)
	require.NoError(t, os.Chtimes(path, when, when))
}

func registered(raw, more string) string {
	return fmt.Sprintf("owners: [{id: acme, name: Acme, type: customer, team: payments}]\ntokens: [{id: key_1, owner: acme, sha256: %x%s}]\n", sha256.Sum256([]byte(raw)), more)
}

func registryConfig(path string, optional bool) *Config {
	cfg := testConfig()
	cfg.Registry = tokenregistry.RegistryConfig{File: path, Optional: optional, ReloadInterval: time.Hour} // tests look at the file themselves
	return cfg
}

func TestOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key := secretKey(10)
	edit(t, path, registered(key, ", tags: {plan: gold}, scopes: [orders:read]"), time.Hour)
	cfg := registryConfig(path, false)
	r := startedRig(t, cfg, newHost())
	got := ofSpan(t, r.engine, withHeader("x-api-key", key))
	assert.Equal(t, "acme", got[otelattr.TokenOwnerID])
	assert.Equal(t, "payments", got[otelattr.TokenOwnerTeam])
	for _, absent := range []string{otelattr.TokenStatus, otelattr.TokenViolations, otelattr.TokenOwnerName, otelattr.TokenRegistryID} {
		assert.NotContains(t, got, absent)
	}

	got = ofSpan(t, r.engine, withHeader("x-api-key", secretKey(11)))
	assert.Equal(t, "unknown", got[otelattr.TokenStatus])
	assert.NotContains(t, got, otelattr.TokenOwnerID)

	cfg = registryConfig(path, false)
	cfg.Attributes = []string{otelattr.TokenOwnerName, otelattr.TokenOwnerType, otelattr.TokenRegistryID, otelattr.TokenScopes, otelattr.TokenStatus, otelattr.TokenTagsPrefix + "*"}
	got = ofSpan(t, startedRig(t, cfg, newHost()).engine, withHeader("x-api-key", key))
	assert.Equal(t, "Acme", got[otelattr.TokenOwnerName])
	assert.Equal(t, "customer", got[otelattr.TokenOwnerType])
	assert.Equal(t, "key_1", got[otelattr.TokenRegistryID])
	assert.Equal(t, []any{"orders:read"}, got[otelattr.TokenScopes])
	assert.Equal(t, "active", got[otelattr.TokenStatus])
	assert.Equal(t, "gold", got[otelattr.TokenTagsPrefix+"plan"])
}

func TestViolations(t *testing.T) {
	for more, want := range map[string]string{
		", expires_at: 2026-01-01T00:00:00Z": "expired", // the span is of November
		", status: revoked":                  "revoked",
		", status: decoy":                    "decoy",
	} {
		path := filepath.Join(t.TempDir(), "owners.yaml")
		key := secretKey(12)
		edit(t, path, registered(key, more), time.Hour)
		got := ofSpan(t, startedRig(t, registryConfig(path, false), newHost()).engine, withHeader("x-api-key", key))
		assert.Equal(t, want, got[otelattr.TokenStatus])
		assert.Equal(t, []any{want}, got[otelattr.TokenViolations])
	}
}

func TestAnIDDoesNotChangeWhenTheRegistryLearnsOfIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key := secretKey(13)
	r := startedRig(t, registryConfig(path, true), newHost())
	before := ofSpan(t, r.engine, withHeader("x-api-key", key))
	assert.NotContains(t, before, otelattr.TokenStatus, "no registry, no status")
	edit(t, path, registered(key, ""), time.Hour)
	require.NoError(t, r.registry.Check(t.Context()))
	after := ofSpan(t, r.engine, withHeader("x-api-key", key))
	assert.Equal(t, "acme", after[otelattr.TokenOwnerID])
	assert.Equal(t, before[otelattr.TokenID], after[otelattr.TokenID])
}

func TestABadRegistryKeepsTheLastGoodOneAndSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key := secretKey(14)
	edit(t, path, registered(key, ""), 5*time.Hour)
	r := startedRig(t, registryConfig(path, false), newHost())
	owner := func() any { return ofSpan(t, r.engine, withHeader("x-api-key", key))[otelattr.TokenOwnerID] }
	assert.Equal(t, "acme", owner())

	edit(t, path, "tokens: [{id: a, expires_at: soon, user: u}]", 4*time.Hour)
	require.ErrorContains(t, r.registry.Check(t.Context()), `tokens[0].expires_at: "soon" is no time`)
	require.Error(t, r.registry.Check(t.Context()))
	assert.Equal(t, "acme", owner(), "the last good one is in force")
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, r.registry.Check(t.Context()), os.ErrNotExist)
	assert.Equal(t, "acme", owner())
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError}, r.host.statuses())
	assert.Len(t, r.logs.FilterLevelExact(zap.ErrorLevel).All(), 2, "the same error is said once")

	edit(t, path, registered(key, ", status: revoked"), 3*time.Hour)
	require.NoError(t, r.registry.Check(t.Context()))
	assert.Equal(t, "revoked", ofSpan(t, r.engine, withHeader("x-api-key", key))[otelattr.TokenStatus])
	assert.Equal(t, componentstatus.StatusOK, r.host.statuses()[2])
	for name, want := range map[string]int64{"source_errors": 3, "source_reloads": 2, "tokens": 1} {
		assert.Equal(t, want, valueOf(t, r.telemetry, "otelcol_token_registry_"+name), name)
	}
}

func TestTheFileIsWatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	key := secretKey(15)
	cfg := registryConfig(path, true)
	cfg.Registry.ReloadInterval = time.Millisecond
	r := startedRig(t, cfg, newHost())
	next := path + ".next"
	edit(t, next, registered(key, ""), time.Hour)
	require.NoError(t, os.Rename(next, path))
	require.Eventually(t, func() bool { return r.registry.Tokens() == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, os.Remove(path))
	require.Eventually(t, func() bool { return len(r.host.statuses()) == 1 }, 10*time.Second, time.Millisecond)
}

func TestARegistryThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	r := newRig(t, registryConfig(path, false), newHost())
	require.ErrorContains(t, r.start(t.Context(), r.host), "registry::file: stat "+path)
	require.NoError(t, r.shutdown(t.Context()))

	r = startedRig(t, registryConfig(path, true), newHost())
	assert.Empty(t, r.host.statuses(), "an optional one may be missing")

	edit(t, path, "tokens: 3", time.Hour)
	r = startedRig(t, registryConfig(path, true), newHost())
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, r.host.statuses(), "a bad one is told")
}

// valueOf is the one value of a metric of whole numbers.
func valueOf(t *testing.T, telemetry *componenttest.Telemetry, name string) int64 {
	t.Helper()
	got, err := telemetry.GetMetric(name)
	require.NoError(t, err)
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		require.Len(t, data.DataPoints, 1)
		return data.DataPoints[0].Value
	case metricdata.Gauge[int64]:
		require.Len(t, data.DataPoints, 1)
		return data.DataPoints[0].Value
	}
	require.Failf(t, "not whole numbers", "%s: %T", name, got.Data)
	return 0
}
