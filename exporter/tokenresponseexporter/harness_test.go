package tokenresponseexporter

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/holterhq/holter/exporter/tokenresponseexporter/internal/metadatatest"
	"github.com/holterhq/holter/internal/freeport"
	"github.com/holterhq/holter/internal/response/message"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// host has extensions and remembers what it was told about health.
type host struct {
	component.Host
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	events     []*componentstatus.Event
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *host) status() (componentstatus.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone, nil
	}
	last := h.events[len(h.events)-1]
	return last.Status(), last.Err()
}

// storageHost has a real file_storage over a directory.
func storageHost(t testing.TB, directory string) *host {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = directory
	ext, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return &host{
		Host:       componenttest.NewNopHost(),
		extensions: map[component.ID]component.Component{component.MustNewID("file_storage"): ext},
	}
}

// running is an exporter that runs, and what can be seen of it.
type running struct {
	exporter.Logs
	t         testing.TB
	host      *host
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	stopped   bool
}

func configure(t testing.TB, text string) *Config {
	t.Helper()
	raw, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := raw.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

// run starts an exporter; without a host it has no storage.
func run(t testing.TB, h *host, cfg string) *running {
	t.Helper()
	if h == nil {
		h = &host{Host: componenttest.NewNopHost()}
	}
	tel := componenttest.NewTelemetry()
	set := metadatatest.NewSettings(tel)
	core, logs := observer.New(zap.DebugLevel)
	set.Logger = zap.New(core)
	set.BuildInfo.Version = "1.2.3"
	logsExporter, err := NewFactory().CreateLogs(context.Background(), set, configure(t, cfg))
	require.NoError(t, err)
	require.NoError(t, logsExporter.Start(context.Background(), h))
	r := &running{Logs: logsExporter, t: t, host: h, telemetry: tel, logs: logs}
	t.Cleanup(func() {
		r.stop()
		_ = tel.Shutdown(context.Background())
	})
	return r
}

func (r *running) stop() {
	if !r.stopped {
		r.stopped = true
		assert.NoError(r.t, r.Shutdown(context.Background()))
	}
}

func (r *running) sends(logs plog.Logs) {
	r.t.Helper()
	require.NoError(r.t, r.ConsumeLogs(context.Background(), logs))
}

// said are the log lines with a message.
func (r *running) said(text string) []observer.LoggedEntry {
	return r.logs.FilterMessageSnippet(text).All()
}

// delivered is how many deliveries the log tells of.
func (r *running) delivered() int { return r.logs.FilterMessage("delivered").Len() }

func (r *running) eventually(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			for _, entry := range r.logs.All() {
				r.t.Log(entry.Message, entry.ContextMap())
			}
			r.t.Fatalf("not in time: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// receiver is a target that keeps what it got, checks signatures, and answers as it is told.
type receiver struct {
	*httptest.Server
	t      testing.TB
	mu     sync.Mutex
	got    []received
	answer http.HandlerFunc
}

type received struct {
	at       time.Time
	method   string
	uri      string
	header   http.Header
	body     string
	envelope message.Envelope
}

func receive(t testing.TB) *receiver {
	r := &receiver{t: t, answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	assert.NoError(r.t, err)
	one := received{at: time.Now(), method: req.Method, uri: req.RequestURI, header: req.Header, body: string(body)}
	_ = json.Unmarshal(body, &one.envelope)
	r.mu.Lock()
	r.got = append(r.got, one)
	answer := r.answer
	r.mu.Unlock()
	answer(w, req)
}

func (r *receiver) says(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func (r *receiver) count() int { return len(r.all()) }

// raised is an event as token_behavior emits it.
func raised(id string, change ...func(plog.LogRecord)) plog.Logs {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	rl.Resource().Attributes().PutStr("deployment.environment.name", "production")
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetEventName("api_token.anomaly")
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC)))
	record.SetSeverityNumber(plog.SeverityNumberError)
	record.SetTraceID(pcommon.TraceID{1, 2, 3})
	record.SetSpanID(pcommon.SpanID{4, 5, 6})
	record.Body().SetStr("The key sk_live_…9f3a of Acme is used from NL, where it never was.")
	a := record.Attributes()
	a.PutStr("anomaly.id", id)
	a.PutStr("anomaly.detector", "identity_shift")
	a.PutDouble("anomaly.score", 31.5)
	a.PutDouble("anomaly.threshold", 17.25)
	a.PutStr("anomaly.suggested_action", "lock")
	piece := a.PutEmptySlice("anomaly.evidence").AppendEmpty().SetEmptyMap()
	piece.PutStr("facet", "country")
	piece.PutStr("observed", "NL")
	piece.PutStr("expected", "DE")
	piece.PutDouble("nats", 9.5)
	piece.PutInt("samples", 12000)
	piece.PutInt("baseline_age", 1814400)
	a.PutStr("api_token.id", "tok_abc")
	a.PutStr("api_token.registry_id", "key/1")
	a.PutStr("api_token.hint", "sk_live_…9f3a")
	a.PutStr("api_token.owner.id", "acme")
	a.PutStr("api_token.owner.name", "Acme")
	a.PutStr("api_token.tags.plan", "gold")
	a.PutEmptySlice("api_token.scopes").AppendEmpty().SetStr("orders:read")
	a.PutStr("http.request.method", "GET")
	a.PutStr("http.route", "/v1/exports")
	a.PutInt("http.response.status_code", 200)
	a.PutStr("geo.country.iso_code", "NL")
	a.PutStr("security_rule.name", "API token used by somebody else")
	a.PutStr("custom.zone", "b")
	for _, c := range change {
		c(record)
	}
	return logs
}

// freePort is a port that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	ports, err := freeport.Take(1)
	require.NoError(t, err)
	return ports[0]
}

// leaked makes the event one that calls for an act by itself.
func leaked(l plog.LogRecord) { l.Attributes().PutStr("anomaly.detector", "leaked_credential") }

// ofToken makes the event another token's.
func ofToken(token string) func(plog.LogRecord) {
	return func(l plog.LogRecord) {
		l.Attributes().PutStr("api_token.id", "tok_"+token)
		l.Attributes().PutStr("api_token.registry_id", token)
	}
}
