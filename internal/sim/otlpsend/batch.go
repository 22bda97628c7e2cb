package otlpsend

import (
	"cmp"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/sim"
)

const schemaURL = "https://opentelemetry.io/schemas/1.44.0"

// Batch is what goes into one export request: spans in the order of their requests. Neighbours of one service and version
// share a resource; spans are not regrouped, so that time runs forward within a batch as well.
type Batch struct {
	Traces   ptrace.Traces
	Spans    int
	Requests int
	Size     int       // bytes of protobuf, slightly overestimated
	Until    time.Time // of the last request

	service *sim.Service
	version string
	scope   ptrace.ScopeSpans
}

// Batcher fills batches.
type Batcher struct {
	Limit int // bytes of protobuf in a batch; gRPC servers refuse more than 4 MiB by default
	// Environment is what deployment.environment.name says; empty: production.
	Environment string

	sizes  ptrace.ProtoMarshaler
	tokens map[*sim.Token]shown
	batch  *Batch
}

// shown is the credential value that a token showed last.
type shown struct {
	epoch int64
	value string
}

// MaxBytes is the limit of a batch where none is set: well below gRPC's 4 MiB.
const MaxBytes = 3 << 20

// MaxSpans keeps batches near what SDKs and agents send.
const MaxSpans = 1000

// NewBatcher makes batches of at most limit bytes; 0 means MaxBytes.
func NewBatcher(limit int) *Batcher {
	if limit <= 0 || limit > MaxBytes {
		limit = MaxBytes
	}
	return &Batcher{Limit: limit, tokens: map[*sim.Token]shown{}, batch: newBatch()}
}

func newBatch() *Batch { return &Batch{Traces: ptrace.NewTraces()} }

// Add puts a request's spans into the batch that is being filled. Where it is full, it is returned and the next one begun.
func (b *Batcher) Add(q *sim.Request) (full *Batch) {
	// No request has spans of more than a few KiB, so a margin of 64 KiB is never crossed by the last one.
	if b.batch.Spans >= MaxSpans || b.batch.Size > b.Limit-64<<10 {
		full = b.Take()
	}
	b.batch.enter(q, b.Environment, &b.sizes)
	spans := b.batch.scope.Spans()
	before := spans.Len()
	encode(spans, q, b.value(q))
	for i := before; i < spans.Len(); i++ {
		b.batch.Size += b.sizes.SpanSize(spans.At(i)) + 8
	}
	b.batch.Spans += spans.Len() - before
	b.batch.Requests++
	b.batch.Until = q.Time
	return full
}

// Take returns what has been filled so far, and begins the next batch. It is nil if there is nothing.
func (b *Batcher) Take() *Batch {
	if b.batch.Spans == 0 {
		return nil
	}
	out := b.batch
	b.batch = newBatch()
	return out
}

// value is what the request's credential header held; JWTs are made once an hour.
func (b *Batcher) value(q *sim.Request) string {
	at := q.Time.Add(-q.Duration)
	epoch := q.Token.Credential.Epoch(at)
	v, ok := b.tokens[q.Token]
	if !ok || v.epoch != epoch {
		v = shown{epoch, q.Token.Credential.Value(at)}
		b.tokens[q.Token] = v
	}
	return v.value
}

// enter makes the request's service the batch's current resource.
func (b *Batch) enter(q *sim.Request, environment string, sizes *ptrace.ProtoMarshaler) {
	if b.service == q.Service && b.version == q.Version {
		return
	}
	b.service, b.version = q.Service, q.Version
	rs := b.Traces.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(schemaURL)
	resource(rs.Resource().Attributes(), q, cmp.Or(environment, "production"))
	b.scope = rs.ScopeSpans().AppendEmpty()
	b.scope.Scope().SetName(instrumentation(q.Service))
	b.Size += sizes.ResourceSpansSize(rs) + 16
}

func resource(attrs pcommon.Map, q *sim.Request, environment string) {
	attrs.PutStr("service.name", q.Service.Name)
	attrs.PutStr("service.version", q.Version)
	attrs.PutStr("deployment.environment.name", environment)
	attrs.PutStr("telemetry.sdk.language", q.Service.Language)
}

func instrumentation(s *sim.Service) string {
	switch {
	case s.RPC:
		return "io.opentelemetry.grpc-1.6"
	case s.Language == "nodejs":
		return "@opentelemetry/instrumentation-http"
	case s.Language == "python":
		return "opentelemetry.instrumentation.asgi"
	case s.Language == "go":
		return "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	default:
		return "io.opentelemetry.tomcat-10.0"
	}
}
