package otelattr

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/usage"
)

// Record is what a span or a log record tells about a request.
type Record struct {
	behavior.Observation
	Parent      [8]byte        // the span it is part of
	Remote      bool           // Parent is known to be in another process
	Served      bool           // a SERVER span: counted for its service and route whether it has a token or not
	Unreadable  bool           // no token is known, although a credential stands there
	Provisional bool           // the token may turn out to be another one: counted, not learned from
	KeyID       string         // of the identity key that the token is named under; empty: not said
	Detailed    bool           // DetailsOf would find something
	Details     *usage.Details // nil: they were not asked for
}

// Disown takes a token away that is named in a way nobody here understands. A credential stands there, and is not known.
func (r *Record) Disown() {
	r.Token, r.Hint, r.Type, r.Registry, r.KeyID = "", "", "", "", ""
	r.OwnerID, r.OwnerName, r.OwnerTeam = "", "", ""
	r.Status, r.Violations, r.Provisional, r.Unreadable = "", nil, false, true
	r.Detailed, r.Details = false, nil
}

// Origin is what all records of one resource have in common.
type Origin struct {
	Service, Version, Environment string
	KeyID                         string // of the identity key that tokens are named under; empty: not said
	Tenant                        string // of tokens of which a record says none itself
	Sampled                       bool   // by a tail sampler, see TailSampled
}

// OriginOf reads the attributes of a resource. One of them may say the tenant, under a name of its own.
func OriginOf(resource pcommon.Map, tenant string) Origin {
	var o Origin
	for k, v := range resource.All() {
		if k == tenant {
			o.Tenant = v.AsString()
		}
		switch k {
		case ServiceName:
			o.Service = v.AsString()
		case ServiceVersion:
			o.Version = v.AsString()
		case EnvironmentName:
			o.Environment = v.AsString()
		case TokenTenant:
			if o.Tenant == "" {
				o.Tenant = v.AsString()
			}
		case TokenKeyID:
			o.KeyID = v.AsString()
		case OldEnvironment:
			if o.Environment == "" {
				o.Environment = v.AsString()
			}
		}
	}
	return o
}

// Span reads a span into r. It is false for spans that are no requests: INTERNAL ones, and those without a token that are
// not SERVER spans either.
func (o Origin) Span(span ptrace.Span, r *Record) bool {
	kind := span.Kind()
	switch kind {
	case ptrace.SpanKindServer, ptrace.SpanKindConsumer, ptrace.SpanKindClient, ptrace.SpanKindProducer:
	default:
		return false
	}
	*r = Record{Served: kind == ptrace.SpanKindServer}
	r.RequestBytes, r.ResponseBytes = -1, -1
	r.Outbound = kind == ptrace.SpanKindClient || kind == ptrace.SpanKindProducer
	f := fields{Record: r}
	f.readAll(span.Attributes())
	if r.Token == "" {
		if !r.Served {
			return false
		}
		r.Unreadable = holdsCredential(span.Attributes())
	}
	f.finish(o)
	r.Time, r.Duration = timeOf(span.EndTimestamp()), -1
	if start := timeOf(span.StartTimestamp()); start != 0 && r.Time != 0 {
		r.Duration = max(0, r.Time-start)
	}
	r.Trace, r.Span, r.Parent = span.TraceID(), span.SpanID(), span.ParentSpanID()
	r.Remote = span.Flags()&remoteFlags == remoteFlags
	if !f.judged {
		r.Outcome = f.outcome(span.Status().Code() == ptrace.StatusCodeError)
	}
	if state := span.TraceState().AsRaw(); state != "" && r.Weight >= 0 {
		if n := weightOf(state); n > 0 {
			r.Weight = n
		}
	}
	if o.Sampled {
		r.Weight = behavior.UnknownWeight
	}
	return true
}

// timeOf is a time in unix nanoseconds; 0 where it means nothing: none was set, or the clock began to count when the machine did.
func timeOf(t pcommon.Timestamp) int64 {
	if t < earliest || t > math.MaxInt64 {
		return 0
	}
	return int64(t)
}

// earliest is the year 2000.
const earliest = 946_684_800_000_000_000

// remoteFlags are SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK and SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK of OTLP.
const remoteFlags = 0x300

// Log reads a log record into r. It is false for records that do not carry a token, or do not look like a request: no
// method and no status, neither in the attributes nor in a body that is a map.
func (o Origin) Log(log plog.LogRecord, r *Record) bool {
	if strings.HasPrefix(log.EventName(), "api_token.") {
		return false // what Holter says itself
	}
	if _, ok := log.Attributes().Get(TokenID); !ok {
		return false
	}
	*r = Record{}
	r.Duration, r.RequestBytes, r.ResponseBytes = -1, -1, -1
	f := fields{Record: r}
	if log.Body().Type() == pcommon.ValueTypeMap {
		f.readAccessLog(log.Body().Map())
	}
	f.readAccessLog(log.Attributes())
	f.readAll(log.Attributes())
	if r.Token == "" || r.Method == "" && r.HTTPStatus == 0 && f.rpcMethod == "" {
		return false
	}
	f.finish(o)
	r.Time = cmp.Or(timeOf(log.Timestamp()), timeOf(log.ObservedTimestamp()))
	r.Trace, r.Span = log.TraceID(), log.SpanID()
	if !f.judged {
		r.Outcome = f.outcome(log.SeverityNumber() >= plog.SeverityNumberError)
	}
	return true
}

// fields collects the attributes of a record that have to be seen together.
type fields struct {
	*Record
	rpcService, rpcMethod string
	destination           string // of a message
	server                string // host of an outbound request
	url                   string
	address               string
	rpcStatus             int16 // 0: none, else the gRPC status code + 1
	judged                bool  // the outcome was given
	sampler               string
	samplerParam          float64
}

// finish fills in what follows from several attributes.
func (f *fields) finish(o Origin) {
	r := f.Record
	f.jaeger()
	r.Service, r.Version, r.Environment = o.Service, o.Version, o.Environment
	if r.Route == "" {
		f.route()
	}
	if r.Outbound {
		r.Country, r.Network = "", ""
	} else if r.Network == "" && f.address != "" {
		r.Network = network(f.address)
	}
	if r.Token != "" {
		if r.KeyID == "" {
			r.KeyID = o.KeyID
		}
		if r.Tenant == "" {
			r.Tenant = o.Tenant
		}
	}
}

// route finds what was called where there is no http.route.
func (f *fields) route() {
	r := f.Record
	switch {
	case f.rpcMethod != "" && f.rpcService != "":
		r.Route = f.rpcService + "/" + f.rpcMethod
	case f.rpcMethod != "":
		r.Route = f.rpcMethod
	case f.destination != "":
		r.Route = f.destination
	default:
		host := f.server
		if f.url != "" {
			urlHost, path := splitURL(f.url)
			if r.Path == "" {
				r.Path = path
			}
			if host == "" {
				host = urlHost
			}
		}
		if r.Outbound && host != "" {
			r.Path = "/" + host + r.Path // our keys for two providers are used on different routes
		}
	}
}

// splitURL returns host and path of an absolute URL, or the path alone of a relative one.
func splitURL(url string) (host, path string) {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "", url
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return rest, "/"
	}
	host, path = rest[:end], rest[end:]
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	return host, path
}

// asNumber spells an autonomous system as the baselines know it.
func asNumber(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeInt {
		return "AS" + strconv.FormatInt(v.Int(), 10)
	}
	number := strings.TrimPrefix(v.AsString(), "AS")
	if number == "" {
		return ""
	}
	return "AS" + number
}
