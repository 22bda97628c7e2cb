package message

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

// The reference vector of the Standard Webhooks libraries.
func TestSignReferenceVector(t *testing.T) {
	key, err := ParseKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	at := time.Unix(1614265330, 0)
	body := []byte(`{"test": 2432232314}`)
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	assert.Equal(t, want, Sign([]Key{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body))

	other := Key(strings.Repeat("k", 32))
	both := Sign([]Key{other, key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
	first, second, ok := strings.Cut(both, " ")
	require.True(t, ok, "a signature for every secret")
	assert.NotEqual(t, want, first)
	assert.Equal(t, want, second)
}

func TestParseKey(t *testing.T) {
	secret := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n)))
	}
	for _, good := range []int{24, 32, 64} {
		key, err := ParseKey(secret(good))
		require.NoError(t, err)
		assert.Len(t, key, good)
	}
	for text, want := range map[string]string{
		"hunter2-hunter2": `does not start with "whsec_"`,
		"whsec_hunter2!":  "is not base64",
		secret(23):        "the secret holds 23 bytes: Standard Webhooks asks for 24 to 64",
		secret(65):        "the secret holds 65 bytes",
		"whsec_":          "the secret holds 0 bytes",
		" " + secret(24):  `does not start with "whsec_"`,
	} {
		_, err := ParseKey(text)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hunter2", "a secret is not repeated")
	}
}

func f(x float64) *float64 { return &x }

func stolen() response.Event {
	return response.Event{
		ID: "0f0b4a3e-54b0-5d63-9f0c-8a3a6d1a2b3c", Time: "2026-03-25T03:12:00Z", Detector: "identity_shift", Severity: "error",
		Sentence: "The key sk_live_…9f3a of Acme is used from NL <never before> & at night.",
		Score:    f(31.5), Threshold: f(17.25), SuggestedAction: "lock", Rule: "tell people", DryRun: true,
		TraceID: "0102030405060708090a0b0c0d0e0f10", SpanID: "0102030405060708",
		Token: response.Token{
			ID: "tok_abc", Hint: "sk_live_…9f3a", RegistryID: "key_123", Type: "api_key", Direction: "inbound", Status: "active",
			Scopes: []string{"orders:read"}, Owner: &response.Owner{ID: "acme", Name: "Acme", Team: "payments"},
			Tags: map[string]string{"plan": "gold", "kong_id": "7b1"},
		},
		Trigger: response.Trigger{Service: "shop", Version: "1.4.2", Method: "GET", Route: "/v1/exports", StatusCode: 200, Country: "NL", Client: "curl"},
		Evidence: []response.Evidence{
			{Facet: "country", Observed: "NL", Expected: "DE", Nats: f(9.5), Samples: 12000, BaselineAge: 1814400},
			{Facet: "hour", Observed: "3", Expected: "8-18", Nats: f(4)},
		},
		SecurityRule: &response.SecurityRule{Name: "API token used by somebody else", Category: "identity"}, Technique: "T1550.001",
		Attributes: map[string]any{"zone": "b", "cluster": "eu"},
	}
}

func TestBodyGolden(t *testing.T) {
	for name, event := range map[string]response.Event{
		"stolen":  stolen(),
		"minimal": {ID: "i", Detector: "expired_use", Severity: "warn"},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := Body(event)
			require.NoError(t, err)
			again, err := Body(event)
			require.NoError(t, err)
			require.Equal(t, body, again, "the same event, the same bytes")
			path := filepath.Join("testdata", name+".json")
			if *update {
				require.NoError(t, os.WriteFile(path, append(body, '\n'), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSuffix(string(want), "\n"), string(body))
		})
	}
}

func TestBodyStaysSmall(t *testing.T) {
	decode := func(t *testing.T, e response.Event) Envelope {
		body, err := Body(e)
		require.NoError(t, err)
		assert.Less(t, len(body), MaxBody)
		var envelope Envelope
		require.NoError(t, json.Unmarshal(body, &envelope))
		return envelope
	}
	t.Run("attributes go first", func(t *testing.T) {
		e := stolen()
		e.Attributes["big"] = strings.Repeat("x", MaxBody)
		got := decode(t, e).Data
		assert.True(t, got.Truncated)
		assert.Nil(t, got.Attributes)
		assert.Len(t, got.Evidence, 2)
	})
	t.Run("then the tail of the evidence", func(t *testing.T) {
		e := stolen()
		for i := range 1000 {
			e.Evidence = append(e.Evidence, response.Evidence{Facet: fmt.Sprint("f", i), Observed: strings.Repeat("o", 50)})
		}
		got := decode(t, e).Data
		assert.True(t, got.Truncated)
		assert.Greater(t, len(got.Evidence), 10)
		assert.Equal(t, e.Evidence[0], got.Evidence[0])
		assert.Equal(t, e.Sentence, got.Sentence)
	})
	t.Run("then the ends of texts", func(t *testing.T) {
		e := stolen()
		e.Sentence = strings.Repeat("ü", MaxBody)
		e.Token.Tags = map[string]string{}
		for i := range 5000 {
			e.Token.Tags[fmt.Sprint(i)] = "t"
		}
		got := decode(t, e).Data
		assert.True(t, strings.HasPrefix(got.Sentence, "üüü"))
		assert.Equal(t, e.ID, got.ID)
		assert.Equal(t, "payments", got.Token.Owner.Team)
		assert.Equal(t, "key_123", got.Token.RegistryID)
	})
	t.Run("but never a name that calls act on", func(t *testing.T) {
		e := stolen()
		e.Sentence = strings.Repeat("x", MaxBody)
		e.Token.RegistryID = strings.Repeat("r", 300)
		e.Token.Owner.ID = strings.Repeat("o", 300)
		e.Token.Tags["kong_id"] = strings.Repeat("k", 300)
		e.Token.Scopes = append(e.Token.Scopes, strings.Repeat("s", 300))
		got := decode(t, e).Data
		assert.Empty(t, got.Token.RegistryID+got.Token.Owner.ID)
		assert.Equal(t, map[string]string{"plan": "gold"}, got.Token.Tags)
		assert.Empty(t, got.Token.Scopes)
	})
	t.Run("with an incident", func(t *testing.T) {
		e := told(response.ActProposed).Data
		e.Incident.Act.Answer = strings.Repeat("x", MaxBody)
		for range 100 {
			e.Incident.Grant.Routes = append(e.Incident.Grant.Routes, strings.Repeat("r", 100))
			e.Incident.Reached = append(e.Incident.Reached, response.Reached{Route: strings.Repeat("r", 100)})
			e.Incident.Detectors = append(e.Incident.Detectors, "odd_hours")
		}
		got := decode(t, e).Data
		assert.True(t, got.Truncated)
		assert.Equal(t, e.Incident.ID, got.Incident.ID)
		assert.Equal(t, e.Incident.Links, got.Incident.Links)
		assert.Nil(t, got.Incident.Grant, "what a token is narrowed to is not cut")
		assert.Len(t, e.Incident.Reached, 102, "the event itself is left alone")
	})
	t.Run("whatever comes in an incident", func(t *testing.T) {
		awful := strings.Repeat("\x00", MaxBody)
		for _, what := range []response.Occasion{response.ActProposed, response.Occasion(awful)} {
			e := hostile(awful, response.ActProposed).Data
			e.Incident.Occasion, e.Incident.ID = what, awful
			decode(t, e)
		}
	})
	t.Run("whatever comes", func(t *testing.T) {
		awful := strings.Repeat("\x00", MaxBody)
		e := response.Event{
			ID: awful, Time: awful, Detector: awful, Sentence: awful, Rule: awful, TraceID: awful,
			Token:   response.Token{ID: awful, Hint: awful, Issuer: awful, ClientID: awful, Scopes: []string{awful, awful}, Owner: &response.Owner{ID: awful}},
			Trigger: response.Trigger{Service: awful, Route: awful, Client: awful}, Evidence: []response.Evidence{{Facet: awful}},
			SecurityRule: &response.SecurityRule{Name: awful}, Technique: awful,
		}
		for i := range 100 {
			e.Token.Scopes = append(e.Token.Scopes, strings.Repeat("\x01", i*10))
		}
		decode(t, e)
	})
}

func TestWebhook(t *testing.T) {
	body, err := Body(stolen())
	require.NoError(t, err)
	key := Key(strings.Repeat("k", 24))
	var got *http.Request
	var gotBody []byte
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		gotBody, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "no: s3cr3t-header")
	}))
	defer server.Close()
	client := wire.Client(server.Client())
	defer client.CloseIdleConnections()
	hook := &Webhook{
		Way:  Way{Client: client, Endpoint: server.URL + "/hook?key=1", UserAgent: "Holter/test", Secrets: wire.NewSecrets("s3cr3t-header")},
		Keys: []Key{key},
	}
	d := &response.Delivery{ID: "msg-1", Body: body}

	a := hook.Send(t.Context(), d, noon)
	assert.Equal(t, response.Done, a.Verdict)
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "/hook?key=1", got.RequestURI)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "Holter/test", got.Header.Get("User-Agent"))
	assert.Equal(t, "msg-1", got.Header.Get("webhook-id"))
	assert.Equal(t, strconv.FormatInt(noon.Unix(), 10), got.Header.Get("webhook-timestamp"))
	assert.Equal(t, Sign([]Key{key}, "msg-1", noon, body), got.Header.Get("webhook-signature"))
	assert.NotContains(t, got.Header, "Idempotency-Key")
	assert.Equal(t, body, gotBody)

	first := got.Header.Get("webhook-signature")
	hook.Send(t.Context(), d, noon.Add(time.Hour))
	assert.Equal(t, "msg-1", got.Header.Get("webhook-id"))
	assert.Equal(t, body, gotBody, "a retry has the same body")
	assert.NotEqual(t, first, got.Header.Get("webhook-signature"), "and a time of its own")

	for status_, want := range map[int]struct {
		verdict response.Verdict
		busy    bool
	}{
		200: {response.Done, false}, 202: {response.Done, false},
		301: {response.Refused, false}, 307: {response.Refused, false},
		400: {response.Refused, false}, 404: {response.Refused, false}, 410: {response.Gone, false},
		429: {response.Refused, true}, 500: {response.Refused, false}, 502: {response.Refused, true}, 503: {response.Refused, true}, 504: {response.Refused, true},
	} {
		status = status_
		a := hook.Send(t.Context(), d, noon)
		assert.Equal(t, want.verdict, a.Verdict, "%d", status_)
		assert.Equal(t, want.busy, a.Busy, "%d", status_)
		assert.Equal(t, status_, a.Status)
		if status_/100 != 2 && status_/100 != 3 {
			assert.Equal(t, "no: ***", a.Text)
			assert.NotEmpty(t, a.Reason)
		}
	}

	hook.Endpoint = "http://127.0.0.1:1/?key=hidden"
	a = hook.Send(t.Context(), d, noon)
	assert.Equal(t, response.Unreached, a.Verdict)
	assert.True(t, a.Busy)
	assert.NotContains(t, a.Reason, "hidden")
	hook.Endpoint = "http://[broken"
	assert.Equal(t, response.Final, hook.Send(t.Context(), d, noon).Verdict)
}
