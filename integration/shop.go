package integration

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Shop is the instrumented API of node/orders.cjs, the gateway before it, and the uninstrumented API of another company
// behind it.
type Shop struct {
	Orders, Edge *NodeApp
	Secrets      map[string]string // every credential that was in a request, by name

	t testing.TB
}

// visitor is the address that the tests' callers come from, as their proxy says.
const visitor = inGermany

// openShop starts the apps; their spans go to the OTLP/HTTP endpoint.
func openShop(t testing.TB, endpoint string) *Shop {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(upstream.Close)
	orders := startInstrumented(t, endpoint, "orders-api", map[string]string{
		"API_KEYS":     strings.Join([]string{secretKey, secretGitHub, secretQuery, secretCookie}, ","),
		"JWT_SECRET":   secretSigning,
		"UPSTREAM_URL": upstream.URL,
	}, "orders.cjs", "--upstream-key="+secretUpstream)
	edge := startInstrumented(t, endpoint, "edge", map[string]string{"ORDERS_URL": orders.URL()}, "edge.cjs")
	return &Shop{Orders: orders, Edge: edge, t: t, Secrets: map[string]string{
		"key": secretKey, "github": secretGitHub, "query": secretQuery, "cookie": secretCookie, "upstream": secretUpstream,
		"client": secretClient,
	}}
}

// Close stops the apps; the SDKs send what they still hold.
func (s *Shop) Close() {
	s.Edge.Stop()
	s.Orders.Stop()
}

// credential puts one into a request.
type credential func(*http.Request)

func apiKey(key string) credential { return func(r *http.Request) { r.Header.Set("X-API-Key", key) } }

func bearer(token string) credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func inQuery(key string) credential {
	return func(r *http.Request) { r.URL.RawQuery = url.Values{"api_key": {key}}.Encode() }
}

func inCookie(token string) credential {
	return func(r *http.Request) { r.Header.Set("Cookie", "theme=dark; access_token="+token) }
}

// Get calls the API through the gateway or directly and checks the answer.
func (s *Shop) Get(app *NodeApp, path string, who credential, status int) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, app.URL()+path, nil)
	require.NoError(s.t, err)
	who(request)
	s.do(request, status)
}

// Login mints an access token as a client does, with its password.
func (s *Shop) Login(client, jti string, lifetime time.Duration) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"jti": jti, "expires_in": int(lifetime.Seconds())})
	require.NoError(s.t, err)
	request, err := http.NewRequest(http.MethodPost, s.Orders.URL()+"/oauth/token", strings.NewReader(string(body)))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(client, secretClient)
	var answer struct {
		Token string `json:"access_token"`
	}
	require.NoError(s.t, json.Unmarshal(s.do(request, http.StatusOK), &answer))
	s.Secrets["jwt "+jti] = answer.Token
	return answer.Token
}

func (s *Shop) do(request *http.Request, status int) []byte {
	s.t.Helper()
	request.Header.Set("User-Agent", "acme-sync/4.2 (linux)")
	request.Header.Set("X-Forwarded-For", visitor)
	client := http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, response.StatusCode, "%s %s: %s", request.Method, request.URL.Path, body)
	return body
}
