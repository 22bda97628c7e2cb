package otelattr

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Request is a record that is asked what was called only where somebody wants to know.
type Request struct {
	attributes pcommon.Map
	body       pcommon.Value
	log        bool
}

// SpanRequest is the request of a span.
func SpanRequest(span ptrace.Span) Request { return Request{attributes: span.Attributes()} }

// LogRequest is the request of a log record.
func LogRequest(log plog.LogRecord) Request {
	return Request{attributes: log.Attributes(), body: log.Body(), log: true}
}

// Called is the method and the path of the request; the route, where the path is not known, and empty where neither is.
func (r Request) Called() (method, path string) {
	var record Record
	f := fields{Record: &record}
	if r.log {
		if r.body.Type() == pcommon.ValueTypeMap {
			f.readAccessLog(r.body.Map())
		}
		f.readAccessLog(r.attributes)
	}
	f.readAll(r.attributes)
	switch {
	case record.Path != "":
		path = record.Path
	case f.url != "":
		path = f.url
	case record.Route != "":
		path = record.Route
	case f.rpcMethod != "":
		method, path = "POST", "/"+strings.TrimPrefix(f.rpcService+"/"+f.rpcMethod, "/")
	}
	if record.Method != "" {
		method = record.Method
	}
	return method, path
}
