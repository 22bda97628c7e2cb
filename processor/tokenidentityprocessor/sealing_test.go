package tokenidentityprocessor

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/seal"
	"github.com/holterhq/holter/internal/tokenregistry"
)

func sealingConfig(t *testing.T, key *seal.PrivateKey, to string) *Config {
	t.Helper()
	cfg := testConfig()
	cfg.Attributes = []string{otelattr.TokenFingerprint}
	cfg.Seal.PublicKey, cfg.Seal.To = configopaque.String(key.Public().Text()), to
	return cfg
}

func newSealKey(t *testing.T) *seal.PrivateKey {
	t.Helper()
	key, err := seal.NewKey()
	require.NoError(t, err)
	return key
}

// sealedSpan sends spans with a key through an agent until one of them carries something sealed.
func sealedSpan(t *testing.T, agent *engine, secret string) (ptrace.Traces, ptrace.Span) {
	t.Helper()
	var td ptrace.Traces
	var span ptrace.Span
	require.Eventually(t, func() bool {
		td, span = serverSpan(withHeader("x-api-key", secret))
		_, err := agent.processTraces(t.Context(), td)
		require.NoError(t, err)
		_, ok := span.Attributes().Get(otelattr.TokenSealed)
		return ok
	}, 20*time.Second, time.Millisecond)
	return td, span
}

// An agent seals, a gateway that does not seal itself takes off and keeps, and only the private key opens.
func TestFromAgentToGateway(t *testing.T) {
	key, secret := newSealKey(t), secretKey(1)
	agent := startedRig(t, sealingConfig(t, key, tokenregistry.SealToAttribute), newHost())
	gateway := startedRig(t, testConfig(), newHost())
	require.NotEmpty(t, agent.logs.FilterMessageSnippet("the next hop must be a gateway with token_identity").All())

	td, span := sealedSpan(t, agent.engine, secret)
	value, _ := span.Attributes().Get(otelattr.TokenSealed)
	sealed := string(value.Bytes().AsRaw())
	assert.NotContains(t, sealed, secret)
	named, _ := span.Attributes().Get(otelattr.TokenFingerprint)
	fingerprint := named.Str()
	for range 200 {
		_, ok := ofSpan(t, agent.engine, withHeader("x-api-key", secret))[otelattr.TokenSealed]
		require.False(t, ok, "once in an interval")
	}

	_, err := gateway.processTraces(t.Context(), td)
	require.NoError(t, err)
	out, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	assert.NotContains(t, string(out), sealed)
	assert.NotContains(t, string(out), otelattr.TokenSealed)
	kept, ok := gateway.registry.Sealed(fingerprint)
	require.True(t, ok)
	_, opened, err := key.Open(kept)
	require.NoError(t, err)
	assert.Equal(t, secret, opened.Raw)
	assert.True(t, gateway.registry.Matches(fingerprint, opened))
	opened.Raw = "another"
	assert.False(t, gateway.registry.Matches(fingerprint, opened))
}

func TestSealedCredentialsStayInTheRegistry(t *testing.T) {
	key, secret := newSealKey(t), secretKey(1)
	host, store := newHost(), newStorage()
	host.extensions[storageID] = store
	cfg := sealingConfig(t, key, tokenregistry.SealToRegistry)
	cfg.Storage, cfg.Keys.Fingerprint = &storageID, configKey('1')
	r := newRig(t, cfg, host)
	require.NoError(t, r.start(t.Context(), host))
	var fingerprint string
	require.Eventually(t, func() bool {
		got := ofSpan(t, r.engine, withHeader("x-api-key", secret))
		require.NotContains(t, got, otelattr.TokenSealed)
		fingerprint = got[otelattr.TokenFingerprint].(string)
		_, ok := r.registry.Sealed(fingerprint)
		return ok
	}, 20*time.Second, time.Millisecond)
	require.NoError(t, r.shutdown(t.Context()))
	for name, value := range store.values {
		assert.NotContains(t, string(value), secret, name)
	}

	// After a restart under a new fingerprint key it is found as before, and under its new fingerprint as soon as it is used again.
	cfg = sealingConfig(t, key, tokenregistry.SealToRegistry)
	cfg.Storage, cfg.Keys.Fingerprints = &storageID, fingerprints('2', '1')
	r = startedRig(t, cfg, host)
	_, ok := r.registry.Sealed(fingerprint)
	require.True(t, ok)
	rotated := ofSpan(t, r.engine, withHeader("x-api-key", secret))[otelattr.TokenFingerprint].(string)
	require.NotEqual(t, fingerprint, rotated)
	require.Eventually(t, func() bool { _, ok := r.registry.Sealed(rotated); return ok }, 20*time.Second, time.Millisecond)
	byFormer, ok := r.registry.Sealed(fingerprint)
	require.True(t, ok)
	byPresent, _ := r.registry.Sealed(rotated)
	assert.Equal(t, byPresent, byFormer)
}

// Whatever an agent, or somebody who pretends to be one, puts wherever: nothing sealed leaves a gateway.
func TestNothingSealedLeavesAGateway(t *testing.T) {
	key := newSealKey(t)
	other := newSealKey(t)
	for name, cfg := range map[string]*Config{"off": testConfig(), "on": sealingConfig(t, key, tokenregistry.SealToRegistry)} {
		t.Run(name, func(t *testing.T) {
			gateway := startedEngine(t, cfg)
			draw := rand.New(rand.NewPCG(1, 2))
			for n := range 2000 {
				sealed := []byte(letters(draw, 40+draw.IntN(400)))
				if n%3 > 0 {
					var err error
					sealed, err = []*seal.PrivateKey{key, other}[n%2].Public().Seal("fp_"+letters(draw, 26), seal.Secret{Kind: "api_key", Raw: secretKey(uint64(n))})
					require.NoError(t, err)
				}
				put := func(attrs pcommon.Map) {
					if draw.IntN(2) == 0 {
						otelattr.PutSealed(attrs, sealed)
					} else {
						attrs.PutStr(otelattr.TokenSealed, string(sealed))
					}
				}
				td, span := serverSpan(map[string]any{"http.route": "/"})
				ld := plog.NewLogs()
				logs := ld.ResourceLogs().AppendEmpty()
				log := logs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
				resource := td.ResourceSpans().At(0)
				switch draw.IntN(4) {
				case 0:
					put(span.Attributes())
					put(log.Attributes())
				case 1:
					put(resource.Resource().Attributes())
					put(logs.Resource().Attributes())
				case 2:
					put(resource.ScopeSpans().At(0).Scope().Attributes())
					put(logs.ScopeLogs().At(0).Scope().Attributes())
				case 3:
					put(span.Events().AppendEmpty().Attributes())
					put(log.Body().SetEmptyMap())
				}
				_, err := gateway.processTraces(t.Context(), td)
				require.NoError(t, err)
				_, err = gateway.processLogs(t.Context(), ld)
				require.NoError(t, err)
				spans, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
				require.NoError(t, err)
				require.NotContains(t, string(spans), string(sealed))
				records, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
				require.NoError(t, err)
				require.NotContains(t, string(records), string(sealed))
			}
		})
	}
}

func TestSealingIsOffWithoutAKey(t *testing.T) {
	e := startedEngine(t, testConfig())
	assert.Zero(t, e.seals)
	got := ofSpan(t, e, withHeader("x-api-key", secretKey(1)))
	assert.NotContains(t, got, otelattr.TokenSealed)
}
