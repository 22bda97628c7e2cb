package tokenconsoleextension

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/extension/tokenconsoleextension/internal/metadatatest"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/tokenstore"
)

// shared is an extension that shares a store, as token_store does.
type shared struct {
	component.StartFunc
	component.ShutdownFunc
	held store.Store
}

func (s *shared) TokenStore() store.Store { return s.held }

// house is a host with extensions.
type house struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h *house) GetExtensions() map[component.ID]component.Component { return h.extensions }

func newHouse(t *testing.T) *house {
	t.Helper()
	held, err := embedded.Open(embedded.Options{Folder: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, held.Close()) })
	return &house{componenttest.NewNopHost(), map[component.ID]component.Component{tokenstore.DefaultID: &shared{held: held}}}
}

// started is a console that runs, what it says, and what it counts.
func started(t *testing.T, h *house, settings map[string]any) (*consoleExtension, *observer.ObservedLogs, *componenttest.Telemetry) {
	t.Helper()
	cfg := configOf(t, settings)
	if _, ok := settings["endpoint"]; !ok {
		cfg.NetAddr.Endpoint = "127.0.0.1:0"
	}
	core, logs := observer.New(zap.InfoLevel)
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	set := extensiontest.NewNopSettings(NewFactory().Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	e, err := NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e.(*consoleExtension), logs, telemetry
}

func ask(t *testing.T, url string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for _, c := range change {
		c(r)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestItSaysWhereItIs(t *testing.T) {
	e, logs, _ := started(t, newHouse(t), nil)
	require.NoError(t, e.NotifyConfig(t.Context(), confmap.NewFromStringMap(map[string]any{
		"receivers": map[string]any{"otlp": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "127.0.0.1:14317"}}}},
	})))
	said := logs.FilterMessageSnippet("The console is at ").All()
	require.Len(t, said, 1)
	url := strings.TrimPrefix(said[0].Message, "The console is at ")
	status, body := ask(t, url)
	assert.Equal(t, 200, status)
	assert.Contains(t, body, `id="first"`)
	assert.Contains(t, body, `"login":"none"`)
	status, body = ask(t, url+"/api/v1/status")
	assert.Equal(t, 200, status)
	assert.Contains(t, body, `"otlp":{"grpc":"127.0.0.1:14317","http":""}`)
	assert.Contains(t, body, `"empty":true`)
	status, _ = ask(t, url+"/assets/app.js")
	assert.Equal(t, 200, status)
	for _, id := range []component.ID{tokenstore.DefaultID} {
		assert.Contains(t, e.Dependencies(), id)
	}
}

func TestHalfARequestDoesNotKeepTheProcessFromEnding(t *testing.T) {
	began := time.Now()
	t.Run("it ends", func(inner *testing.T) {
		e, _, _ := started(inner, newHouse(inner), nil)
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.address.String())
		require.NoError(inner, err)
		time.AfterFunc(20*time.Second, func() { _ = conn.Close() }) // lest the test hangs
		_, err = conn.Write([]byte("POST /api/v1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"))
		require.NoError(inner, err)
		time.Sleep(100 * time.Millisecond) // until it is read
	})
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestWithoutAStoreItDoesNotStart(t *testing.T) {
	set := extensiontest.NewNopSettings(NewFactory().Type())
	e, err := NewFactory().Create(t.Context(), set, configOf(t, map[string]any{"endpoint": "127.0.0.1:0", "store": "token_store/other"}))
	require.NoError(t, err)
	err = e.Start(t.Context(), newHouse(t))
	require.ErrorContains(t, err, "extensions::"+set.ID.String()+"::store: ")
	require.ErrorContains(t, err, `extension "token_store/other" is not there`)
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestAnAuthExtensionDecidesWhoComesIn(t *testing.T) {
	h := newHouse(t)
	factory := basicauthextension.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"htpasswd": map[string]any{"inline": "ana:open sesame\nben:open sesame"}}).Unmarshal(cfg))
	auth, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, auth.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, auth.Shutdown(context.WithoutCancel(t.Context()))) })
	h.extensions[component.NewID(factory.Type())] = auth

	e, _, _ := started(t, h, map[string]any{
		"endpoint": "0.0.0.0:0", "auth": map[string]any{"authenticator": "basicauth"},
		"users":  []any{map[string]any{"name": "ana", "roles": []any{"respond"}, "tenants": []any{"acme"}}},
		"others": map[string]any{"roles": []any{"read"}, "teams": []any{"web"}},
	})
	assert.Len(t, e.Dependencies(), 2)
	status, _ := ask(t, e.url()+"/")
	assert.Equal(t, 401, status)
	for name, want := range map[string]string{
		"ana": `"user":"ana","roles":["read","respond"],"tenants":["acme"],"teams":[]`,
		"ben": `"user":"ben","roles":["read"],"tenants":[],"teams":["web"]`,
	} {
		status, body := ask(t, e.url()+"/api/v1/me", func(r *http.Request) { r.SetBasicAuth(name, "open sesame") })
		assert.Equal(t, 200, status)
		assert.Contains(t, body, want)
	}
}

func TestWhatIsRefusedIsCounted(t *testing.T) {
	e, _, telemetry := started(t, newHouse(t), map[string]any{"limits": map[string]any{"requests_per_second": .001, "burst": 1}})
	status, _ := ask(t, e.url()+"/api/v1/me")
	assert.Equal(t, 200, status)
	status, _ = ask(t, e.url()+"/api/v1/me")
	assert.Equal(t, 429, status)
	metadatatest.AssertEqualTokenConsoleRefused(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: attribute.NewSet(attribute.String("reason", "rate"))},
	}, metricdatatest.IgnoreTimestamp())
}

func TestTheLastUseIsSeenAtOnce(t *testing.T) {
	h := newHouse(t)
	e, _, _ := started(t, h, nil)
	at := time.Now().UTC().Truncate(time.Second)
	held := h.extensions[tokenstore.DefaultID].(*shared).held
	require.NoError(t, held.Write(t.Context(), store.Batch{Sightings: []store.Sighting{{Token: store.Token{ID: "tok_a", LastUse: store.Use{At: at, Country: "DE"}}}}}))
	_, body := ask(t, e.url()+"/api/v1/tokens/tok_a")
	var detail struct {
		Token store.Token `json:"token"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &detail))
	assert.Equal(t, []any{at, "DE"}, []any{detail.Token.LastUse.At, detail.Token.LastUse.Country})
}
