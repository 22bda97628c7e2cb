package tokenidentityprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/otelattr"
)

// keyOf is the id of a key of configKey.
func keyOf(t *testing.T, b byte) string {
	t.Helper()
	key, err := identity.ParseKey(string(configKey(b)))
	require.NoError(t, err)
	return identity.KeyID(key)
}

// addResource adds a resource with one server span for each attribute map.
func addResource(t *testing.T, td ptrace.Traces, service string, spans ...map[string]any) ptrace.ResourceSpans {
	t.Helper()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	scope := rs.ScopeSpans().AppendEmpty()
	for _, attributes := range spans {
		span := scope.Spans().AppendEmpty()
		span.SetKind(ptrace.SpanKindServer)
		require.NoError(t, span.Attributes().FromRaw(attributes))
	}
	return rs
}

func TestEachResourceWithTokensSaysTheKeyOnce(t *testing.T) {
	e := startedEngine(t, testConfig())
	td := ptrace.NewTraces()
	with := addResource(t, td, "a", withHeader("x-api-key", secretKey(1)), map[string]any{"http.route": "/"}, withHeader("x-api-key", secretKey(2)))
	without := addResource(t, td, "b", map[string]any{"http.route": "/"})
	third := addResource(t, td, "c", withHeader("x-api-key", secretKey(1)))
	_, err := e.processTraces(t.Context(), td)
	require.NoError(t, err)
	own := keyOf(t, 'i')
	assert.Equal(t, map[string]any{"service.name": "a", otelattr.TokenKeyID: own}, with.Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"service.name": "b"}, without.Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"service.name": "c", otelattr.TokenKeyID: own}, third.Resource().Attributes().AsRaw())
	for _, span := range with.ScopeSpans().At(0).Spans().All() {
		assert.NotContains(t, span.Attributes().AsRaw(), otelattr.TokenKeyID)
	}

	ld := plog.NewLogs()
	logs := ld.ResourceLogs().AppendEmpty()
	require.NoError(t, logs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().FromRaw(map[string]any{"authorization": "Bearer " + secretKey(1)}))
	_, err = e.processLogs(t.Context(), ld)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{otelattr.TokenKeyID: own}, logs.Resource().Attributes().AsRaw())
}

// An edge has named some tokens of a resource under its own key, the gateway finds another one: each says its own key.
func TestWhereTwoKeysNameTokensOfOneResource(t *testing.T) {
	edge, gateway := testConfig(), testConfig()
	edge.Keys.Identity = configKey('e')
	td := ptrace.NewTraces()
	rs := addResource(t, td, "a", withHeader("x-api-key", secretKey(1)))
	_, err := startedEngine(t, edge).processTraces(t.Context(), td)
	require.NoError(t, err)
	missed := rs.ScopeSpans().At(0).Spans().AppendEmpty()
	require.NoError(t, missed.Attributes().FromRaw(withHeader("x-api-key", secretKey(2))))
	_, err = startedEngine(t, gateway).processTraces(t.Context(), td)
	require.NoError(t, err)

	said, _ := rs.Resource().Attributes().Get(otelattr.TokenKeyID)
	assert.Equal(t, keyOf(t, 'e'), said.Str())
	spans := rs.ScopeSpans().At(0).Spans()
	_, ok := spans.At(0).Attributes().Get(otelattr.TokenKeyID)
	assert.False(t, ok)
	said, ok = spans.At(1).Attributes().Get(otelattr.TokenKeyID)
	require.True(t, ok)
	assert.Equal(t, keyOf(t, 'i'), said.Str())
}

// A fingerprint key is rotated: the id stays, the fingerprint is another one, and both are of the same credential.
func TestARotatedFingerprintKeyKeepsTheID(t *testing.T) {
	before, after := testConfig(), testConfig()
	before.Keys.Fingerprint = configKey('1')
	after.Keys.Fingerprints = fingerprints('2', '1')
	before.Attributes, after.Attributes = []string{otelattr.TokenFingerprint}, []string{otelattr.TokenFingerprint}
	old := ofSpan(t, startedEngine(t, before), withHeader("x-api-key", secretKey(1)))
	rotated := ofSpan(t, startedEngine(t, after), withHeader("x-api-key", secretKey(1)))
	assert.Equal(t, old[otelattr.TokenID], rotated[otelattr.TokenID])
	assert.NotEqual(t, old[otelattr.TokenFingerprint], rotated[otelattr.TokenFingerprint])
}
