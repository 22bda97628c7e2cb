package tokenresponseexporter

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/seal"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// registryOf is a token_registry as the extension shares it.
type registryOf struct {
	component.Component
	registry *tokenregistry.Registry
}

func (r registryOf) TokenRegistry() *tokenregistry.Registry { return r.registry }

type silent struct{}

func (silent) Trouble(error) {}
func (silent) Well()         {}

// sealing is a registry that seals, the private half of its key in a file, and a host that has it.
func sealing(t *testing.T) (*tokenregistry.Registry, string, *host) {
	t.Helper()
	key, err := seal.NewKey()
	require.NoError(t, err)
	private, err := key.Text()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "seal.key")
	require.NoError(t, os.WriteFile(file, []byte(private), 0o600))
	cfg := tokenregistry.DefaultConfig()
	cfg.Seal.PublicKey = configopaque.String(key.Public().Text())
	id := component.MustNewID("token_registry")
	registry, err := tokenregistry.New(tokenregistry.Settings{
		ID: id, Kind: component.KindExtension, Telemetry: componenttest.NewNopTelemetrySettings(), Health: silent{},
	}, cfg)
	require.NoError(t, err)
	require.NoError(t, registry.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, registry.Shutdown(context.Background())) })
	return registry, file, &host{
		Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{id: registryOf{registry: registry}},
	}
}

const sealedToken = "an-opaque-token-of-the-tests-0123456789"

func TestASealedCredentialIsOpenedForOneRequest(t *testing.T) {
	registry, file, h := sealing(t)
	idp := receive(t)
	idp.says(http.StatusOK)
	r := run(t, h, fmt.Sprintf(`
dry_run: false
registry: token_registry
seal: {private_key_file: %s}
targets:
  idp: {oauth_revocation: {endpoint: "%s/revoke", client_id: billing, client_secret: s3cr3t-of-client}, retry: {delays: [0s, 20ms, 20ms], jitter: 0}}
rules: [{name: lock, action: lock, approval: never, targets: [idp]}]
`, file, idp.URL))
	c := credential.Credential{Raw: sealedToken, Kind: credential.APIKey, Claims: &credential.Claims{ClientID: "billing", Issuer: "https://id.example.com"}}
	found := registry.Resolve(tokenregistry.Query{Credential: c})
	require.True(t, registry.Seal("tok_a", "", c))
	fingerprint := registry.Fingerprint("", c)
	r.eventually("the sealed copy", func() bool { _, ok := registry.Sealed(fingerprint); return ok })

	r.sends(raised("a-1", func(l plog.LogRecord) {
		l.Attributes().PutStr("api_token.id", found.ID)
		l.Attributes().PutStr("anomaly.detector", "leaked_credential") // a rule: what cannot be taken back needs one
	}))
	r.eventually("the revocation", func() bool { return idp.count() == 1 })
	assert.Equal(t, "token="+sealedToken+"&token_type_hint=access_token", idp.all()[0].body)
	r.eventually("its end", func() bool { return r.delivered() == 1 })
	assert.Len(t, r.said("a sealed credential was opened for one request"), 1)
	for _, entry := range r.logs.All() {
		text := fmt.Sprint(entry.Message, entry.ContextMap())
		assert.NotContains(t, text, sealedToken)
		assert.NotContains(t, text, "s3cr3t-of-client")
	}
}

// Whoever can send telemetry can seal: what somebody has put under the fingerprint of another credential is not used.
func TestOnlyTheCredentialThatWasFlaggedIsOpened(t *testing.T) {
	registry, file, h := sealing(t)
	private, err := seal.ReadPrivateKey(file)
	require.NoError(t, err)
	id := component.MustNewID("token_registry")
	r := &responder{cfg: &Config{Registry: &id, Seal: SealConfig{PrivateKeyFile: file}}}
	require.NoError(t, r.openRegistry(h))
	c := credential.Credential{Raw: sealedToken, Kind: credential.APIKey}
	fingerprint := registry.Fingerprint("", c)

	_, outcome, err := r.unseal(fingerprint)
	assert.Equal(t, "not_sealed", outcome)
	assert.ErrorIs(t, err, errNotSealed)

	forged, err := private.Public().Seal(fingerprint, seal.Secret{Kind: string(credential.APIKey), Raw: "the-thiefs-own-token"})
	require.NoError(t, err)
	registry.TakeSealed(forged)
	raw, outcome, err := r.unseal(fingerprint)
	assert.Empty(t, raw)
	assert.Equal(t, "foreign", outcome)
	assert.ErrorIs(t, err, errForeign)

	genuine, err := private.Public().Seal(fingerprint, seal.Secret{Kind: string(credential.APIKey), Raw: sealedToken})
	require.NoError(t, err)
	registry.TakeSealed(genuine)
	raw, outcome, err = r.unseal(fingerprint)
	require.NoError(t, err)
	assert.Equal(t, sealedToken+" opened", raw+" "+outcome)

	other, err := seal.NewKey()
	require.NoError(t, err)
	r.private = other
	_, outcome, err = r.unseal(fingerprint)
	assert.Equal(t, "damaged", outcome)
	assert.ErrorContains(t, err, "sealed for key ")
}

func TestTheRegistryCompletesWhatEventsSay(t *testing.T) {
	registry, _, h := sealing(t)
	people := receive(t)
	r := run(t, h, fmt.Sprintf(`
registry: token_registry
targets: {people: {webhook: {endpoint: %q, secret: %s}, per: anomaly}}
rules: [{name: tell, targets: [people]}]
`, people.URL, testSecret))
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := credential.Credential{Raw: sealedToken, Kind: credential.APIKey, Format: "acme_key", Claims: &credential.Claims{
		ClientID: "billing", Issuer: "https://id.example.com", Scopes: []string{"a", "b"}, ExpiresAt: expires,
	}}
	found := registry.Resolve(tokenregistry.Query{Credential: c})
	r.sends(raised("a-1", func(l plog.LogRecord) {
		l.Attributes().PutStr("api_token.id", found.ID)
		l.Attributes().PutStr("api_token.issuer", "https://telemetry.says.so")
	}))
	r.eventually("the message", func() bool { return people.count() == 1 })
	token := people.all()[0].envelope.Data.Token
	assert.Equal(t, registry.Fingerprint("", c), token.Fingerprint)
	assert.Equal(t, "billing", token.ClientID)
	assert.Equal(t, "acme_key", token.Format)
	assert.Equal(t, "2030-01-02T03:04:05Z", token.ExpiresAt)
	assert.Equal(t, "https://telemetry.says.so", token.Issuer, "what the event says stays")
	assert.Equal(t, []string{"orders:read"}, token.Scopes)
	assert.Equal(t, map[string]string{"plan": "gold"}, token.Tags)
}

func TestARegistryThatIsNotThere(t *testing.T) {
	id := component.MustNewID("token_registry")
	r := &responder{cfg: &Config{Registry: &id}}
	assert.ErrorContains(t, r.openRegistry(&host{Host: componenttest.NewNopHost()}), `registry: token_registry: extension "token_registry" is not there`)
	_, _, h := sealing(t)
	r.cfg.Seal.PrivateKeyFile = "/nowhere/key"
	assert.ErrorContains(t, r.openRegistry(h), "seal::private_key_file: read key")
	_, err := (*responder)(nil).opener()("fp")
	assert.ErrorIs(t, err, errNotSealed)
}
