package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector"
	"github.com/holterhq/holter/exporter/tokenresponseexporter"
	"github.com/holterhq/holter/processor/tokenidentityprocessor"
)

// BenchmarkTipping gives the time from the arrival of the request that tips it, an expired key's, to the arrival of the webhook
// about its incident, while other requests take half of what the pipeline can do. All of them go through token_identity and
// token_behavior, with their state in file_storage, as does the outbox of token_response.
func BenchmarkTipping(b *testing.B) {
	const (
		every = 20 * time.Millisecond
		most  = 5000 // expired keys
	)
	arrived := newArrivals(b)
	next := startPipeline(b, arrived.URL, most)
	encoded := encode(b, arrivingBatches(keys, 1))
	decoder := new(ptrace.ProtoUnmarshaler)
	send := func(i int) {
		td, err := decoder.UnmarshalTraces(encoded[i%batches])
		if err != nil {
			b.Error(err)
			return
		}
		stamps := clock{n: uint64(i * batchSize), spans: uint64(i * batchSize), aDay: batches * batchSize}
		stamps.stamp(td)
		if err := next.ConsumeTraces(context.Background(), td); err != nil {
			b.Error(err)
		}
	}
	const trial = habitDays * batches
	began := time.Now()
	for i := range trial {
		send(i)
	}
	rate := float64(trial*batchSize) / time.Since(began).Seconds()

	ctx, cancel := context.WithCancel(context.Background())
	var load sync.WaitGroup
	load.Go(func() {
		ticker := time.NewTicker(time.Duration(batchSize / (rate / 2) * float64(time.Second)))
		defer ticker.Stop()
		for i := trial; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				send(i)
			}
		}
	})
	var sent []time.Time
	for b.Loop() {
		n := len(sent)
		require.Less(b, n, most, "there are no more keys that have expired")
		td := tipping(n)
		sent = append(sent, time.Now())
		require.NoError(b, next.ConsumeTraces(context.Background(), td))
		time.Sleep(every)
	}
	took := arrived.since(b, sent)
	cancel()
	load.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(rate, "most-spans/s")
	b.ReportMetric(0, "ns/op")
}

func expiredKey(n int) string { return fmt.Sprintf("sk_live_expired%017d", n) }

// tipping is a request with an expired key.
func tipping(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetKind(ptrace.SpanKindServer)
	stamps := clock{n: uint64(habitDays*batches*batchSize + n), aDay: batches * batchSize}
	stamps.stamp(td)
	span.SetTraceID(pcommon.TraceID{0xee, byte(n >> 8), byte(n)}) // none of the load's
	span.SetSpanID(pcommon.SpanID{0xee, byte(n >> 8), byte(n)})
	attrs := span.Attributes()
	attrs.PutStr("http.request.method", "GET")
	attrs.PutStr("http.route", "/v1/exports/{id}")
	attrs.PutStr("client.address", "85.214.9.9")
	attrs.PutInt("http.response.status_code", 200)
	attrs.PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(expiredKey(n))
	return td
}

// startPipeline is token_identity, token_behavior and token_response one after another, with so many expired keys.
func startPipeline(b *testing.B, webhook string, expired int) consumer.Traces {
	storage := component.MustNewID("file_storage")
	host := host{Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{storage: fileStorage(b, b.TempDir())}}

	response := tokenresponseexporter.NewFactory()
	cfg := response.CreateDefaultConfig()
	require.NoError(b, confmap.NewFromStringMap(map[string]any{
		"storage": storage.String(),
		"targets": map[string]any{"people": map[string]any{"webhook": map[string]any{
			"endpoint": webhook, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		}}},
		"rules": []any{map[string]any{"targets": []any{"people"}}},
	}).Unmarshal(cfg))
	exporter, err := response.CreateLogs(context.Background(), exportertest.NewNopSettings(response.Type()), cfg)
	require.NoError(b, err)
	start(b, exporter, host)

	behavior := tokenbehaviorconnector.NewFactory()
	own := behavior.CreateDefaultConfig().(*tokenbehaviorconnector.Config)
	own.Storage = &storage
	set := connectortest.NewNopSettings(behavior.Type())
	metrics := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{pipeline.NewID(pipeline.SignalMetrics): consumertest.NewNop()})
	logs := connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{pipeline.NewID(pipeline.SignalLogs): exporter})
	toMetrics, err := behavior.CreateTracesToMetrics(context.Background(), set, own, metrics)
	require.NoError(b, err)
	toLogs, err := behavior.CreateTracesToLogs(context.Background(), set, own, logs)
	require.NoError(b, err)
	start(b, toMetrics, host)
	start(b, toLogs, host)

	identity := tokenidentityprocessor.NewFactory()
	config := identity.CreateDefaultConfig().(*tokenidentityprocessor.Config)
	config.Keys.Identity = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	config.Registry.File = expiredKeys(b, expired)
	config.Attributes = append(config.Attributes, "api_token.registry_id")
	p, err := identity.CreateTraces(context.Background(), processortest.NewNopSettings(identity.Type()), config, toMetrics)
	require.NoError(b, err)
	start(b, p, host)
	return p
}

// expiredKeys is an owners file.
func expiredKeys(b *testing.B, n int) string {
	var text strings.Builder
	text.WriteString("owners: [{id: acme, name: Acme}]\ntokens:\n")
	for i := range n {
		sum := sha256.Sum256([]byte(expiredKey(i)))
		fmt.Fprintf(&text, "- {id: key_%d, owner: acme, sha256: %s, expires_at: 2020-01-01T00:00:00Z}\n", i, hex.EncodeToString(sum[:]))
	}
	file := filepath.Join(b.TempDir(), "owners.yaml")
	require.NoError(b, os.WriteFile(file, []byte(text.String()), 0o600))
	return file
}

// arrivals is a webhook's receiver that notes when each key's message came.
type arrivals struct {
	*httptest.Server
	mu   sync.Mutex
	when map[string]time.Time
}

func newArrivals(b *testing.B) *arrivals {
	a := &arrivals{when: make(map[string]time.Time)}
	a.Server = httptest.NewServer(a)
	b.Cleanup(a.Close)
	return a
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var message struct {
		Data struct {
			Token struct {
				RegistryID string `json:"registry_id"`
			}
		}
	}
	if json.Unmarshal(body, &message) == nil {
		a.mu.Lock()
		if _, ok := a.when[message.Data.Token.RegistryID]; !ok {
			a.when[message.Data.Token.RegistryID] = now
		}
		a.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent)
}

// since waits for all messages, and returns how long each took.
func (a *arrivals) since(b *testing.B, sent []time.Time) (took []time.Duration) {
	deadline := time.Now().Add(time.Minute)
	for n, at := range sent {
		for {
			a.mu.Lock()
			came, ok := a.when[fmt.Sprint("key_", n)]
			a.mu.Unlock()
			if ok {
				took = append(took, came.Sub(at))
				break
			}
			if time.Now().After(deadline) {
				b.Fatalf("no webhook about key %d of %d", n, len(sent))
			}
			time.Sleep(time.Millisecond)
		}
	}
	return took
}
