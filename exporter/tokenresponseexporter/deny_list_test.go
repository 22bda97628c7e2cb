package tokenresponseexporter

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/exporter/tokenresponseexporter/internal/metadatatest"
	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/denylist"
	"github.com/holterhq/holter/internal/tokenregistry"
)

const (
	denyKey    = "aWRlbnRpdHkga2V5IG9mIHRoZSBkZW55IGxpc3QgdGVzdHMhISE="
	stolenKey  = "corp_4f9Kq2LmX8vR7tBz1WcY6nHs3JdGpA0e"
	blameless  = "corp_Zp81sLq0VbN5xTgR2mKc7YdW4hFjE9aU"
	denyConfig = `
storage: file_storage
deny_list:
  http: {endpoint: "localhost:0"}
  grpc: {endpoint: "localhost:0"}
  keys: {identity: ` + denyKey + `}
  trusted_proxies: [10.0.0.0/8]
  routes: [{match: POST /v1/payments/*, fail: closed}]
`
)

func denyNamer(t testing.TB) *identity.Namer {
	t.Helper()
	key, err := identity.ParseKey(denyKey)
	require.NoError(t, err)
	return identity.NewNamer(identity.Keys{Identity: key, Fingerprint: identity.FingerprintKey(key)})
}

// denying is a deny list that is served.
type denying struct {
	*responder
	t         testing.TB
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	stop      func()
}

func startDenying(t testing.TB, h *host, text string) *denying {
	t.Helper()
	tel := componenttest.NewTelemetry()
	set := metadatatest.NewSettings(tel)
	core, logs := observer.New(zap.DebugLevel)
	set.Logger = zap.New(core)
	r, err := newResponder(set, configure(t, text))
	require.NoError(t, err)
	require.NoError(t, r.start(context.Background(), h))
	stopped := false
	d := &denying{responder: r, t: t, telemetry: tel, logs: logs}
	d.stop = func() {
		if !stopped {
			stopped = true
			assert.NoError(t, r.shutdown(context.Background()))
			_ = tel.Shutdown(context.Background())
		}
	}
	t.Cleanup(d.stop)
	return d
}

func idOf(t testing.TB, secret string) string {
	return denyNamer(t).ID("", credential.Parse(credential.Plain, secret))
}

func (d *denying) act(action response.Action, step response.Step, token, more string) response.Answer {
	d.t.Helper()
	target := &denylist.Target{List: d.deny.list, Keep: d.deny.keep}
	body := fmt.Sprintf(`{"data":{"detector":"decoy_use","token":{"id":%q},"incident":{"id":"inc_1","act":{"id":"act_1"}%s}}}`, token, more)
	return target.Send(context.Background(), &response.Delivery{ID: "act_1", Action: action, Step: step, Body: []byte(body)}, time.Now())
}

func (d *denying) lock(secret string) {
	d.t.Helper()
	require.Equal(d.t, response.Done, d.act(response.Lock, response.Do, idOf(d.t, secret), "").Verdict)
}

// heard is what a gateway was told.
type heard struct {
	StatusCode int
	Header     http.Header
}

func (d *denying) ask(method, path string, headers ...string) (heard, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+d.deny.addresses["http"].String()+path, http.NoBody)
	require.NoError(d.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(d.t, err)
	return heard{answer.StatusCode, answer.Header}, string(body)
}

func TestEachGatewayIsToldInItsOwnWay(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig)
	d.lock(stolenKey)
	for _, c := range []struct {
		name, path string
		headers    []string
		pass       int
	}{
		{"nginx", "/check/nginx", []string{"X-Original-URI", "/v1/orders", "X-Original-Method", "GET"}, 204},
		{"traefik", "/check/traefik", []string{"X-Forwarded-Uri", "/v1/orders"}, 204},
		{"caddy", "/check/caddy", []string{"X-Forwarded-Uri", "/v1/orders"}, 204},
		{"envoy", "/check/envoy/v1//orders?a=b", nil, 200},
	} {
		answer, body := d.ask("GET", c.path, append(c.headers, "Authorization", "Bearer "+blameless)...)
		assert.Equal(t, c.pass, answer.StatusCode, c.name)
		assert.Empty(t, body)
		answer, body = d.ask("GET", c.path, append(c.headers, "Authorization", "Bearer "+stolenKey)...)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode, c.name)
		assert.Equal(t, "locked", answer.Header.Get("X-Holter-Reason"))
		assert.Equal(t, "inc_1", answer.Header.Get("X-Holter-Incident"))
		assert.JSONEq(t, `{"error":"token_locked","message":"this API token is locked","incident":"inc_1"}`, body)
		answer, _ = d.ask("GET", c.path, c.headers...)
		assert.Equal(t, c.pass, answer.StatusCode, c.name)
	}
	for path, headers := range map[string][]string{
		"/check/nginx":                             {"X-Original-URI", "/v1?api_key=" + stolenKey},
		"/check/traefik":                           {"X-Forwarded-Uri", "/v1?api_key=" + stolenKey},
		"/check/envoy/v1?api_key=" + stolenKey:     nil,
		"/check/caddy":                             {"Cookie", "session=" + stolenKey},
		"/check/caddy?":                            {"X-Api-Key", blameless, "Authorization", "Bearer " + stolenKey},
		"/check/nginx/whatever/nginx/was/asked?x=": {"X-Api-Key", stolenKey},
	} {
		answer, _ := d.ask("GET", path, headers...)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode, path)
	}
	for _, path := range []string{"/", "/check/kong", "/check/"} {
		answer, _ := d.ask("GET", path)
		assert.Equal(t, http.StatusNotFound, answer.StatusCode)
	}
	require.Equal(t, response.Done, d.act(response.Lock, response.Undo, idOf(t, stolenKey), "").Verdict)
	answer, _ := d.ask("GET", "/check/nginx", "Authorization", "Bearer "+stolenKey)
	assert.Equal(t, 204, answer.StatusCode)
	for _, entry := range d.logs.All() {
		assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), stolenKey)
	}
	checks, err := d.telemetry.GetMetric("otelcol_token_response_deny_list_checks")
	require.NoError(t, err)
	sum := 0
	for _, p := range checks.Data.(metricdata.Sum[int64]).DataPoints {
		sum += int(p.Value)
	}
	assert.Equal(t, 4*3+6+1, sum)
	metadatatest.AssertEqualTokenResponseDenyListEntries(t, d.telemetry, entries(map[string]int64{"lock": 0, "reauthenticate": 0, "restrict": 0}),
		metricdatatest.IgnoreTimestamp())
}

func TestOtherAnswers(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig)
	token := idOf(t, stolenKey)
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	require.Equal(t, response.Done, d.act(response.Reauthenticate, response.Do, token, "").Verdict)
	answer, body := d.ask("GET", "/check/nginx", "X-Api-Key", stolenKey)
	assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	assert.Contains(t, answer.Header.Get("WWW-Authenticate"), `error="invalid_token"`)
	assert.Contains(t, body, "log in again")
	require.Equal(t, response.Done, d.act(response.Reauthenticate, response.Undo, token, "").Verdict)

	body2 := fmt.Sprintf(`{"data":{"token":{"id":%q},"incident":{"act":{"id":"ttl","expires":%q}}}}`, token, until)
	target := &denylist.Target{List: d.deny.list, Keep: d.deny.keep}
	require.Equal(t, response.Done, target.Send(t.Context(), &response.Delivery{Action: response.Lock, Body: []byte(body2)}, time.Now()).Verdict)
	answer, _ = d.ask("GET", "/check/nginx", "X-Api-Key", stolenKey)
	assert.Regexp(t, "^3[56]..$", answer.Header.Get("Retry-After"))
	require.True(t, d.deny.list.Remove(token, "ttl"))

	grant := `,"grant":{"scopes":["orders.read"],"routes":["GET /v1/orders/{id}"],"networks":["192.0.2.0/24"]}`
	require.Equal(t, response.Done, d.act(response.Restrict, response.Do, token, grant).Verdict)
	for _, c := range []struct {
		path    string
		headers []string
		status  int
	}{
		{"/check/nginx", []string{"X-Original-URI", "/v1/orders/7", "X-Original-Method", "GET", "X-Real-IP", "192.0.2.7"}, 204},
		{"/check/nginx", []string{"X-Original-URI", "/v1/exports", "X-Original-Method", "GET", "X-Real-IP", "192.0.2.7"}, 403},
		{"/check/nginx", []string{"X-Original-URI", "/v1/orders/7", "X-Original-Method", "DELETE", "X-Real-IP", "192.0.2.7"}, 403},
		{"/check/nginx", []string{"X-Original-URI", "/v1/orders/7", "X-Forwarded-For", "192.0.2.7", "X-Real-IP", "198.51.100.1"}, 403},
		{"/check/traefik", []string{"X-Forwarded-Uri", "/v1/orders/7", "X-Original-URI", "/v1/exports", "X-Forwarded-For", "192.0.2.7"}, 204},
		{"/check/caddy", []string{"X-Forwarded-Uri", "/v1/orders/7", "X-Forwarded-Method", "GET", "X-Forwarded-For", "1.2.3.4, 192.0.2.7, 10.1.1.1"}, 204},
		{"/check/caddy", []string{"X-Forwarded-Uri", "/v1/orders/7", "X-Forwarded-Method", "GET", "X-Forwarded-For", "192.0.2.7, 1.2.3.4, 10.1.1.1"}, 403},
		{"/check/envoy/v1/orders/7?x=y", []string{"X-Forwarded-For", "192.0.2.7"}, 200},
		{"/check/envoy/v1/exports", []string{"X-Forwarded-For", "192.0.2.7"}, 403},
	} {
		answer, _ := d.ask("GET", c.path, append(c.headers, "X-Api-Key", stolenKey)...)
		assert.Equal(t, c.status, answer.StatusCode, "%s %v", c.path, c.headers)
		if c.status < 300 {
			assert.Equal(t, "orders.read", answer.Header.Get("X-Holter-Allowed-Scopes"))
		}
	}
}

func entries(counts map[string]int64) []metricdata.DataPoint[int64] {
	var points []metricdata.DataPoint[int64]
	for _, action := range []string{"restrict", "reauthenticate", "lock"} {
		points = append(points, metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String("action", action)), Value: counts[action]})
	}
	return points
}

func TestTheListIsThereAfterARestart(t *testing.T) {
	h := storageHost(t, t.TempDir())
	d := startDenying(t, h, denyConfig)
	d.lock(stolenKey)
	answer, before := d.ask("GET", "/list.jsonl")
	tag := answer.Header.Get("Etag")
	d.stop()
	d = startDenying(t, h, denyConfig)
	answer, _ = d.ask("GET", "/check/nginx", "X-Api-Key", stolenKey)
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	answer, after := d.ask("GET", "/list.jsonl")
	assert.Equal(t, tag, answer.Header.Get("Etag"))
	assert.Equal(t, before, after)
}

func TestGatewaysThatPoll(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig)
	answer, body := d.ask("GET", "/list.txt")
	assert.Equal(t, 200, answer.StatusCode)
	assert.Empty(t, body)
	assert.Equal(t, "private, max-age=5", answer.Header.Get("Cache-Control"))
	empty := answer.Header.Get("Etag")
	answer, _ = d.ask("GET", "/list.txt", "If-None-Match", empty)
	assert.Equal(t, http.StatusNotModified, answer.StatusCode)
	answer, _ = d.ask("GET", "/list.txt?wait=1ms", "If-None-Match", "W/"+empty)
	assert.Equal(t, http.StatusNotModified, answer.StatusCode, "nothing happened in the meantime")

	woken := make(chan string)
	go func() {
		_, body := d.ask("GET", "/list.txt?wait=1m", "If-None-Match", empty)
		woken <- body
	}()
	d.lock(stolenKey)
	assert.Equal(t, idOf(t, stolenKey)+"\n", <-woken)
	answer, body = d.ask("GET", "/list.jsonl")
	assert.Equal(t, "application/jsonl", answer.Header.Get("Content-Type"))
	assert.Regexp(t, `^{"id":"`+idOf(t, stolenKey)+`","act":"act_1","action":"lock","reason":"decoy_use","incident":"inc_1","since":"[^"]+"}\n$`, body)
	answer, body = d.ask("HEAD", "/list.jsonl")
	assert.Equal(t, 200, answer.StatusCode)
	assert.Empty(t, body)
	answer, _ = d.ask("POST", "/list.jsonl")
	assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
	answer, _ = d.ask("GET", "/list.jsonl?wait=ever")
	assert.Equal(t, http.StatusBadRequest, answer.StatusCode)

	waiting := make(chan int)
	answer, _ = d.ask("HEAD", "/list.txt")
	go func() {
		answer, _ := d.ask("GET", "/list.txt?wait=1m", "If-None-Match", answer.Header.Get("Etag"))
		waiting <- answer.StatusCode
	}()
	d.eventually("somebody waits", func() bool { return d.deny.waiting.Load() == 1 })
	go d.stop()
	assert.Equal(t, http.StatusNotModified, <-waiting, "a shutdown does not wait for them")
}

func (d *denying) eventually(what string, ok func() bool) {
	d.t.Helper()
	require.Eventually(d.t, ok, 10*time.Second, time.Millisecond, what)
}

func TestWhileItIsNotKnownWhomToRefuse(t *testing.T) {
	d := startDenying(t, brokenHost(), denyConfig)
	ask := func(gateway, uri string) int {
		answer, _ := d.ask("POST", "/check/"+gateway, "X-Api-Key", stolenKey, "X-Original-URI", uri, "X-Forwarded-Uri", uri,
			"X-Original-Method", "POST", "X-Forwarded-Method", "POST")
		return answer.StatusCode
	}
	assert.Equal(t, 204, ask("nginx", "/v1/orders"))
	assert.Equal(t, 403, ask("nginx", "/v1/payments/7"), "which takes anything else for an error")
	assert.Equal(t, 503, ask("traefik", "/v1/payments/7"))
	answer, _ := d.ask("GET", "/list.txt")
	assert.Equal(t, 503, answer.StatusCode, "an empty list would be believed")
	assert.Len(t, d.logs.FilterMessageSnippet("without knowing whom to refuse").All(), 1)
	metadatatest.AssertEqualTokenResponseDenyListErrors(t, d.telemetry, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
}

// brokenHost has a storage that gives nobody a client.
func brokenHost() *host {
	return &host{Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{component.MustNewID("file_storage"): brokenStorage{}}}
}

type brokenStorage struct{ component.Component }

func (brokenStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return nil, errors.New("disk on fire")
}

func TestWhatIsNewIsInForceWithoutStorage(t *testing.T) {
	d := startDenying(t, brokenHost(), denyConfig)
	require.Error(t, d.deny.list.Trouble())
	answer, _ := d.ask("GET", "/check/envoy/v1/orders", "X-Api-Key", stolenKey)
	assert.Equal(t, 200, answer.StatusCode)
	d.lock(stolenKey)
	answer, _ = d.ask("GET", "/check/envoy/v1/orders", "X-Api-Key", stolenKey)
	assert.Equal(t, 403, answer.StatusCode)
}

// What token_identity makes of a span, the deny list makes of the request: the same id, wherever the credential stands.
func TestTheDenyListNamesTokensAsTokenIdentityDoes(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig)
	enc := base64.RawURLEncoding.EncodeToString
	jwt := enc([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + enc([]byte(`{"iss":"https://id.example","sub":"u1","azp":"app"}`)) + "." + strings.Repeat("a1B2", 21)
	refreshed := enc([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + enc([]byte(`{"iss":"https://id.example","sub":"u1","azp":"app","jti":"2"}`)) + "." + strings.Repeat("b3C4", 21)
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	aws := "AWS4-HMAC-SHA256 Credential=AKIAQ3EGRDF5XVLEM2YZ/20260325/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=" + strings.Repeat("0af1", 16)
	for _, c := range []struct{ name, header, value, uri string }{
		{"a bearer", "authorization", "Bearer " + stolenKey, "/v1"},
		{"a known format", "authorization", "token ghp_" + strings.Repeat("aB3", 12), "/v1"},
		{"a key", "x-api-key", stolenKey, "/v1"},
		{"a JWT", "authorization", "Bearer " + jwt, "/v1"},
		{"its successor", "authorization", "Bearer " + refreshed, "/v1"},
		{"basic", "authorization", basic("alice:correct horse battery"), "/v1"},
		{"another password", "authorization", basic("alice:and another one"), "/v1"},
		{"a key in Basic's clothes", "authorization", basic(stolenKey + ":"), "/v1"},
		{"AWS", "authorization", aws, "/v1"},
		{"a cookie", "cookie", "theme=dark; sessionid=" + stolenKey, "/v1"},
		{"a parameter", "accept", "*/*", "/v1/orders?page=2&access_token=" + stolenKey},
		{"an encoded one", "accept", "*/*", "/v1/orders?api_key=%63orp" + stolenKey[4:]},
		{"a path", "accept", "*/*", "/hooks/ghp_" + strings.Repeat("aB3", 12)},
	} {
		t.Run(c.name, func(t *testing.T) {
			usual := credential.UsualSources()
			cleaner := otelattr.NewCleaner(otelattr.NewSources(otelattr.Names{
				Headers: usual.Headers, Metadata: usual.Metadata, Parameters: usual.Parameters, Cookies: usual.Cookies,
			}), otelattr.Erasing{Placeholder: "REDACTED"})
			span := ptrace.NewSpan()
			path, query, _ := strings.Cut(c.uri, "?")
			span.Attributes().PutEmptySlice("http.request.header." + c.header).AppendEmpty().SetStr(c.value)
			span.Attributes().PutStr("url.path", path)
			if query != "" {
				span.Attributes().PutStr("url.query", query)
			}
			var sight otelattr.Sight
			cleaner.Span(span, &sight)
			require.NotEmpty(t, sight.Secret)
			token := denyNamer(t).ID("", credential.Parse(sight.Scheme, sight.Secret))

			check := func() int {
				answer, _ := d.ask("GET", "/check/nginx", c.header, c.value, "X-Original-URI", c.uri)
				return answer.StatusCode
			}
			assert.Equal(t, 204, check())
			require.Equal(t, response.Done, d.act(response.Lock, response.Do, token, "").Verdict)
			assert.Equal(t, 403, check())
			require.Equal(t, response.Done, d.act(response.Lock, response.Undo, token, "").Verdict)
		})
	}
}

// registryHolder shares a registry, as the token_registry extension does.
type registryHolder struct {
	component.Component
	registry *tokenregistry.Registry
}

func (r registryHolder) TokenRegistry() *tokenregistry.Registry { return r.registry }

// A token that is rotated stays the token that was locked.
func TestASuccessorIsRefusedToo(t *testing.T) {
	h := storageHost(t, t.TempDir())
	tel := componenttest.NewTelemetry()
	cfg := tokenregistry.DefaultConfig()
	cfg.Keys.Identity = denyKey
	cfg.Registry.File = filepath.Join(t.TempDir(), "owners.yaml")
	owners := fmt.Sprintf("owners: [{id: acme, name: Acme}]\ntokens:\n- {id: first, owner: acme, sha256: %x}\n- {id: second, owner: acme, sha256: %x, replaces: first}\n",
		sha256.Sum256([]byte(stolenKey)), sha256.Sum256([]byte(blameless)))
	require.NoError(t, os.WriteFile(cfg.Registry.File, []byte(owners), 0o600))
	registry, err := tokenregistry.New(tokenregistry.Settings{
		ID: component.MustNewID("token_registry"), Kind: component.KindExtension, Telemetry: tel.NewTelemetrySettings(),
	}, cfg)
	require.NoError(t, err)
	require.NoError(t, registry.Start(t.Context(), h))
	t.Cleanup(func() { assert.NoError(t, registry.Shutdown(context.Background())) })
	h.extensions[component.MustNewID("token_registry")] = registryHolder{registry: registry}

	d := startDenying(t, h, "deny_list: {http: {endpoint: \"localhost:0\"}, token_registry: token_registry}")
	first := registry.Resolve(tokenregistry.Query{Credential: credential.Parse(credential.Plain, stolenKey)}).ID
	require.Equal(t, response.Done, d.act(response.Lock, response.Do, first, "").Verdict)
	const announced = "corp_Jw72mNc5VtQ8xKz3LbRf6YdHs1GpA9eU"
	registry.Announce("", credential.Parse(credential.Plain, blameless), credential.Parse(credential.Plain, announced))
	for _, key := range []string{stolenKey, blameless, announced} {
		answer, _ := d.ask("GET", "/check/traefik", "Authorization", "Bearer "+key)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	}
	answer, _ := d.ask("GET", "/check/traefik", "Authorization", "Bearer corp_another2mNc5VtQ8xKz3LbRf6YdHs1Gp")
	assert.Equal(t, 204, answer.StatusCode)
}
