package tokenidentityprocessor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadatatest"
)

// identityProvider is an issuer that signs tokens, and serves its keys when it is up.
type identityProvider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	up  atomic.Bool
}

func newIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p := &identityProvider{key: key}
	p.up.Store(true)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !p.up.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Use: "sig"}}})
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *identityProvider) sign(t *testing.T, key *ecdsa.PrivateKey, subject string, expires time.Time) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(fmt.Sprintf(`{"iss":%q,"azp":"app","sub":%q,"exp":%d}`, p.URL, subject, expires.Unix())))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func (p *identityProvider) config() *Config {
	cfg := testConfig()
	cfg.Attributes = []string{otelattr.TokenVerified}
	cfg.JWT.Verify = []VerifyConfig{{Issuer: p.URL, JWKSURL: p.URL, RefreshInterval: time.Second}}
	return cfg
}

// settledSpan is what is written on a span with the token when its issuer's keys are known.
func settledSpan(t *testing.T, e *engine, token string) map[string]any {
	t.Helper()
	var got map[string]any
	require.Eventually(t, func() bool {
		got = ofSpan(t, e, withHeader("authorization", "Bearer "+token))
		return got[otelattr.TokenProvisional] == nil
	}, 20*time.Second, time.Millisecond)
	return got
}

// spanTime is when the spans of the harness end.
var spanTime = time.Unix(0, 1_795_323_439_000_000_000)

func TestAForgedTokenIsNotWhoItClaimsToBe(t *testing.T) {
	p := newIdentityProvider(t)
	r := startedRig(t, p.config(), newHost())
	later := spanTime.Add(time.Hour)
	genuine := settledSpan(t, r.engine, p.sign(t, p.key, "ada", later))
	assert.Equal(t, true, genuine[otelattr.TokenVerified])
	assert.NotContains(t, genuine, otelattr.TokenViolations)
	unchecked := testConfig()
	assert.Equal(t, bearerID(t, startedEngine(t, unchecked), p.sign(t, p.key, "ada", later)), genuine[otelattr.TokenID], "checking does not change an id")

	thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	forged := settledSpan(t, r.engine, p.sign(t, thief, "ada", later))
	assert.NotEqual(t, genuine[otelattr.TokenID], forged[otelattr.TokenID])
	assert.Equal(t, false, forged[otelattr.TokenVerified])
	assert.Equal(t, []any{"signature"}, forged[otelattr.TokenViolations])
	assert.Equal(t, forged[otelattr.TokenID], settledSpan(t, r.engine, p.sign(t, thief, "ada", later.Add(time.Hour)))[otelattr.TokenID])

	elsewhere := ofSpan(t, r.engine, withHeader("authorization", "Bearer "+unsignedJWT(`{"iss":"https://other.example","sub":"ada"}`)))
	assert.Equal(t, false, elsewhere[otelattr.TokenVerified], "read, and checked by nobody")
	assert.NotContains(t, elsewhere, otelattr.TokenViolations)
}

func TestAForgedTokenHasNoOwner(t *testing.T) {
	p := newIdentityProvider(t)
	path := t.TempDir() + "/owners.yaml"
	edit(t, path, "owners: [{id: acme, name: Acme}]\ntokens: [{id: key_1, owner: acme, claims: {sub: ada}}]\n", time.Hour)
	for _, by := range []string{learnByPrincipal, learnByClient, learnByOwner} {
		cfg := p.config()
		cfg.LearnBy = by
		cfg.Registry = registryConfig(path, false).Registry
		e := startedEngine(t, cfg)
		genuine := settledSpan(t, e, p.sign(t, p.key, "ada", spanTime.Add(time.Hour)))
		assert.Equal(t, "acme", genuine[otelattr.TokenOwnerID])
		thief, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		forged := settledSpan(t, e, p.sign(t, thief, "ada", spanTime.Add(time.Hour)))
		assert.NotContains(t, forged, otelattr.TokenOwnerID)
		assert.NotEqual(t, genuine[otelattr.TokenID], forged[otelattr.TokenID], by)
	}
}

func TestACheckedTokenExpiresAtTheTimeOfTheEvent(t *testing.T) {
	p := newIdentityProvider(t)
	e := startedEngine(t, p.config())
	for after, want := range map[time.Duration]any{-time.Hour: "expired", -2 * time.Second: nil, time.Hour: nil} {
		got := settledSpan(t, e, p.sign(t, p.key, "ada", spanTime.Add(after)))
		assert.Equal(t, want, got[otelattr.TokenStatus], strconv.Itoa(int(after)))
	}
}

func TestUntilTheKeysAreKnownNothingIsLearned(t *testing.T) {
	p := newIdentityProvider(t)
	p.up.Store(false)
	r := startedRig(t, p.config(), newHost())
	require.Eventually(t, func() bool { return len(r.host.statuses()) > 0 }, 20*time.Second, time.Millisecond)
	assert.Equal(t, componentstatus.StatusRecoverableError, r.host.statuses()[0])
	token := p.sign(t, p.key, "ada", spanTime.Add(time.Hour))
	got := ofSpan(t, r.engine, withHeader("authorization", "Bearer "+token))
	assert.Equal(t, true, got[otelattr.TokenProvisional])
	assert.Equal(t, false, got[otelattr.TokenVerified])
	p.up.Store(true)
	after := settledSpan(t, r.engine, token)
	assert.Equal(t, got[otelattr.TokenID], after[otelattr.TokenID])
	assert.Equal(t, true, after[otelattr.TokenVerified])
	require.Eventually(t, func() bool {
		all := r.host.statuses()
		return all[len(all)-1] == componentstatus.StatusOK
	}, 20*time.Second, time.Millisecond)
	metadatatest.AssertEqualTokenIdentityVerdicts(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Attributes: attribute.NewSet(attribute.String("issuer", p.URL), attribute.String("verdict", "pending"))},
		{Attributes: attribute.NewSet(attribute.String("issuer", p.URL), attribute.String("verdict", "genuine"))},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue())
	require.NoError(t, context.Cause(t.Context()))
}
