package integration

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // exporters compress by default
)

// Backend is any OpenTelemetry backend: it takes what the collector exports over gRPC, in messages of up to the usual 4 MiB, and
// keeps it.
type Backend struct {
	Port string

	mu      sync.Mutex
	traces  []ptrace.Traces
	logs    []plog.Logs
	metrics []pmetric.Metrics
}

func newBackend(t testing.TB) *Backend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &Backend{Port: strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, &traceSink{b: b})
	plogotlp.RegisterGRPCServer(server, &logSink{b: b})
	pmetricotlp.RegisterGRPCServer(server, &metricSink{b: b})
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return b
}

type traceSink struct {
	ptraceotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *traceSink) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.traces = append(s.b.traces, request.Traces())
	return ptraceotlp.NewExportResponse(), nil
}

type logSink struct {
	plogotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *logSink) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.logs = append(s.b.logs, request.Logs())
	return plogotlp.NewExportResponse(), nil
}

type metricSink struct {
	pmetricotlp.UnimplementedGRPCServer
	b *Backend
}

func (s *metricSink) Export(_ context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.metrics = append(s.b.metrics, request.Metrics())
	return pmetricotlp.NewExportResponse(), nil
}

// Traces is what has arrived so far, request by request.
func (b *Backend) Traces() []ptrace.Traces {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.traces)
}

// Logs is what has arrived so far, request by request.
func (b *Backend) Logs() []plog.Logs {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.logs)
}

// Metrics is what has arrived so far, request by request.
func (b *Backend) Metrics() []pmetric.Metrics {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.metrics)
}

// SpanCount is how many spans have arrived.
func (b *Backend) SpanCount() int {
	count := 0
	for _, td := range b.Traces() {
		count += td.SpanCount()
	}
	return count
}

// Received is a span with the resource that it came under.
type Received struct {
	ptrace.Span
	Resource ptrace.ResourceSpans
}

// Spans are the spans that have arrived.
func (b *Backend) Spans() []Received {
	var all []Received
	for _, td := range b.Traces() {
		for _, resource := range td.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					all = append(all, Received{Span: span, Resource: resource})
				}
			}
		}
	}
	return all
}

// Text is the value of a span's attribute as text; empty if it has none.
func (r Received) Text(name string) string {
	if value, ok := r.Attributes().Get(name); ok {
		return value.AsString()
	}
	return ""
}

// Bytes is everything that has arrived, as it stood on the wire: what the secret hunt reads.
func (b *Backend) Bytes() []byte {
	var all []byte
	add := func(part []byte, err error) {
		if err == nil {
			all = append(all, part...)
		}
	}
	for _, td := range b.Traces() {
		add((&ptrace.ProtoMarshaler{}).MarshalTraces(td))
	}
	for _, ld := range b.Logs() {
		add((&plog.ProtoMarshaler{}).MarshalLogs(ld))
	}
	for _, md := range b.Metrics() {
		add((&pmetric.ProtoMarshaler{}).MarshalMetrics(md))
	}
	return all
}

// Anomalies are the detectors of the anomaly events that have arrived, by anomaly.id.
func (b *Backend) Anomalies() map[string]string {
	detectors := map[string]string{}
	for _, ld := range b.Logs() {
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if record.EventName() != "api_token.anomaly" {
						continue
					}
					id, _ := record.Attributes().Get("anomaly.id")
					detector, _ := record.Attributes().Get("anomaly.detector")
					detectors[id.AsString()] = detector.AsString()
				}
			}
		}
	}
	return detectors
}
