package integration

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Call is one API request as the instrumentation of a server tells it.
type Call struct {
	At       time.Time // when it ended: event time
	Took     time.Duration
	Key      string // in x-api-key; empty: a request without a credential
	Service  string
	Method   string
	Route    string // http.route; empty: only Path is known
	Path     string
	Status   int
	Client   string // client.address
	Agent    string
	Sequence int // tells calls apart that are alike in everything else
}

// normal is the life of a key that the tests know: a German office calling one service.
func normal(key string) Call {
	return Call{
		At: start, Took: 20 * time.Millisecond, Key: key, Service: "orders-api", Method: "GET", Route: "/v1/orders/{id}",
		Status: 200, Client: inGermany, Agent: "acme-sync/4.2 (linux)",
	}
}

// start is when every history begins: a Monday, far enough from the present that no test can lean on the clock.
var start = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

// Addresses of the ranges of two countries.
const (
	inGermany = "91.65.12.34"
	inBrazil  = "200.147.3.157"
)

// ids of a call follow from what it is, so that a batch that is sent again is the same batch.
func (c Call) ids() (trace pcommon.TraceID, span pcommon.SpanID) {
	hash := fnv.New128a()
	for _, part := range []string{c.Key, c.Service, c.Method, c.Route, c.Path, c.Client, c.Agent} {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], uint64(c.At.UnixNano()))
	binary.BigEndian.PutUint64(numbers[8:], uint64(c.Sequence))
	hash.Write(numbers[:])
	hash.Sum(trace[:0])
	copy(span[:], trace[4:12])
	return trace, span
}

// traces turns calls into OTLP, one resource for each service.
func traces(calls ...Call) ptrace.Traces {
	td := ptrace.NewTraces()
	byService := map[string]ptrace.SpanSlice{}
	for _, call := range calls {
		spans, ok := byService[call.Service]
		if !ok {
			resource := td.ResourceSpans().AppendEmpty()
			resource.Resource().Attributes().PutStr("service.name", call.Service)
			resource.Resource().Attributes().PutStr("service.version", "1.4.2")
			spans = resource.ScopeSpans().AppendEmpty().Spans()
			byService[call.Service] = spans
		}
		call.put(spans.AppendEmpty())
	}
	return td
}

func (c Call) put(span ptrace.Span) {
	trace, id := c.ids()
	span.SetTraceID(trace)
	span.SetSpanID(id)
	span.SetKind(ptrace.SpanKindServer)
	span.SetName(strings.TrimSpace(c.Method + " " + c.Route))
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(c.At.Add(-c.Took)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(c.At))
	attributes := span.Attributes()
	attributes.PutStr("http.request.method", c.Method)
	attributes.PutInt("http.response.status_code", int64(c.Status))
	for name, value := range map[string]string{
		"http.route": c.Route, "url.path": c.Path, "client.address": c.Client, "user_agent.original": c.Agent,
	} {
		if value != "" {
			attributes.PutStr(name, value)
		}
	}
	if c.Key != "" {
		attributes.PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(c.Key)
	}
}

// history is what an office does with a key over so many days: its two routes on weekdays from eight to eighteen, perHour
// times an hour.
func history(key string, days, perHour int) []Call {
	var calls []Call
	for day := range days {
		midnight := start.AddDate(0, 0, day)
		if weekday := midnight.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			continue
		}
		for n := range 10 * perHour {
			call := normal(key)
			call.At = midnight.Add(8*time.Hour + time.Duration(n)*time.Hour/time.Duration(perHour) + 7*time.Second)
			if n%5 == 4 {
				call.Route = "/v1/orders"
			}
			call.Took = time.Duration(10+n%17) * time.Millisecond
			calls = append(calls, call)
		}
	}
	return calls
}

// theft is somebody else with the key: at night, from another country, with another client, reading what it never read.
func theft(key string, at time.Time, n int) []Call {
	calls := make([]Call, n)
	for i := range calls {
		calls[i] = normal(key)
		calls[i].At = at.Add(time.Duration(i) * 2 * time.Second)
		calls[i].Client, calls[i].Agent = inBrazil, "curl/8.5.0"
		calls[i].Route = "/v1/customers/export"
	}
	return calls
}

// newSpanID is the id of a span that has not been sent before, in hex.
func newSpanID() string {
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], rand.Uint64())
	return hex.EncodeToString(id[:])
}
