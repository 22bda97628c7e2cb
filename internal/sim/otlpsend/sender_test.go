package otlpsend

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holterhq/holter/internal/sim"
)

// receiver takes traces over both transports; refuse says how many requests it turns away first.
type receiver struct {
	ptraceotlp.UnimplementedGRPCServer
	mu       sync.Mutex
	refuse   int
	rejected int64
	got      []ptrace.Traces
}

func (r *receiver) take(td ptrace.Traces) (ptraceotlp.ExportResponse, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := ptraceotlp.NewExportResponse()
	if r.refuse > 0 {
		r.refuse--
		return res, false
	}
	copied := ptrace.NewTraces()
	td.CopyTo(copied)
	r.got = append(r.got, copied)
	if r.rejected > 0 {
		res.PartialSuccess().SetRejectedSpans(r.rejected)
		res.PartialSuccess().SetErrorMessage("no room")
	}
	return res, true
}

func (r *receiver) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	res, ok := r.take(req.Traces())
	if !ok {
		return res, status.Error(codes.ResourceExhausted, "later")
	}
	return res, nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	in := ptraceotlp.NewExportRequest()
	if err := in.UnmarshalProto(body); err != nil || req.URL.Path != "/v1/traces" {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	res, ok := r.take(in.Traces())
	if !ok {
		w.Header().Set("Retry-After", "0")
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	out, _ := res.MarshalProto()
	_, _ = w.Write(out)
}

// listen starts the receiver and returns its endpoint.
func (r *receiver) listen(t *testing.T, protocol string) string {
	t.Helper()
	if protocol == "http" {
		s := httptest.NewServer(r)
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(s, r)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func fleet(t testing.TB, tokens int) *sim.Fleet {
	t.Helper()
	f, err := sim.New(sim.Config{Seed: 1, Tokens: tokens, Days: 3, Start: time.Date(2026, 4, 27, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	return f
}

func TestSendsEverythingInOrderOverBothTransports(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			r := &receiver{refuse: 2}
			s, err := New(Config{Endpoint: r.listen(t, protocol), Protocol: protocol, Insecure: true})
			require.NoError(t, err)
			defer s.Close()
			b := NewBatcher(0)
			want := 0
			for q := range fleet(t, 20).Requests() {
				want++
				if full := b.Add(&q); full != nil {
					require.NoError(t, s.Send(t.Context(), full))
				}
			}
			require.NoError(t, s.Send(t.Context(), b.Take()))
			require.Nil(t, b.Take())
			assert.Equal(t, 2, s.Stats.Retries)
			assert.Equal(t, want, s.Stats.Requests)
			assert.Equal(t, len(r.got), s.Stats.Batches)

			var last uint64
			servers := 0
			for _, td := range r.got {
				assert.LessOrEqual(t, (&ptrace.ProtoMarshaler{}).TracesSize(td), MaxBytes)
				for _, rs := range td.ResourceSpans().All() {
					for _, sp := range rs.ScopeSpans().At(0).Spans().All() {
						if sp.Kind() != ptrace.SpanKindServer {
							continue
						}
						servers++
						require.GreaterOrEqual(t, uint64(sp.EndTimestamp()), last, "in event-time order")
						last = uint64(sp.EndTimestamp())
					}
				}
			}
			assert.Equal(t, want, servers, "one SERVER span a request")
		})
	}
}

func TestGivesUpWithAWordOfAdvice(t *testing.T) {
	for protocol, want := range map[string]string{"grpc": "OTLP/grpc receiver", "http": "OTLP/http receiver"} {
		s, err := New(Config{Endpoint: "127.0.0.1:1", Protocol: protocol, Insecure: true, Patience: 300 * time.Millisecond})
		require.NoError(t, err)
		b := NewBatcher(0)
		for q := range fleet(t, 1).Requests() {
			b.Add(&q)
			break
		}
		require.ErrorContains(t, s.Send(t.Context(), b.Take()), want)
		require.NoError(t, s.Close())
	}
}

func TestRejectedSpansAreAnError(t *testing.T) {
	r := &receiver{rejected: 3}
	s, err := New(Config{Endpoint: r.listen(t, "grpc"), Protocol: "grpc", Insecure: true})
	require.NoError(t, err)
	defer s.Close()
	b := NewBatcher(0)
	for q := range fleet(t, 1).Requests() {
		b.Add(&q)
		break
	}
	require.ErrorContains(t, s.Send(t.Context(), b.Take()), "no room")
}

func TestRemoteEndpointsNeedPermission(t *testing.T) {
	for _, e := range []string{"collector.example:4317", "192.0.2.1:4317", "http://collector.example", "0.0.0.0:4317"} {
		_, err := New(Config{Endpoint: e, Protocol: "http"})
		require.ErrorContains(t, err, "--allow-remote", e)
	}
	for _, e := range []string{"localhost:4318", "127.0.0.1:4318", "[::1]:4318", "http://localhost:4318"} {
		s, err := New(Config{Endpoint: e, Protocol: "http"})
		require.NoError(t, err, e)
		require.NoError(t, s.Close())
	}
	_, err := New(Config{Endpoint: "4317", Protocol: "grpc"})
	require.ErrorContains(t, err, "write for example 127.0.0.1:4317")
	_, err = New(Config{Endpoint: "127.0.0.1:4317", Protocol: "smtp"})
	require.ErrorContains(t, err, "choose grpc or http")
}
