package report

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
)

// remoteUser is the attribute that the user of an access log goes to token_identity under.
const remoteUser = "holter.remote_user"

var errNoRequest = errors.New("it is no request: expected a line of the common or combined log format, a JSON object, or OTLP")

// parseText reads a line of the common or combined log format of nginx and Apache, with whatever stands behind it:
// ADDRESS - USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES "REFERER" "AGENT" …
func parseText(line string, into plog.LogRecord) error {
	open := strings.IndexByte(line, '[')
	if open < 0 {
		return errNoRequest
	}
	end := strings.IndexByte(line[open:], ']')
	if end < 0 {
		return errNoRequest
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", line[open+1:open+end])
	if err != nil {
		return errors.New("its time is not like [22/Nov/2026:04:57:41 +0000]")
	}
	request, rest, ok := quoted(line[open+end+1:])
	if !ok {
		return errNoRequest
	}
	method, target, ok := requestLine(request)
	if !ok {
		return errors.New("its request line is not like \"GET /path HTTP/1.1\"")
	}
	numbers, rest := upToQuote(rest)
	fields := strings.Fields(numbers)
	if len(fields) == 0 {
		return errors.New("it has no status")
	}
	status, err := strconv.Atoi(fields[0])
	if err != nil || status < 100 || status > 999 {
		return errors.New("its status is not like 200")
	}
	into.SetTimestamp(stamp(at))
	attrs := into.Attributes()
	attrs.EnsureCapacity(9)
	attrs.PutStr(otelattr.HTTPMethod, method)
	attrs.PutInt(otelattr.HTTPStatus, int64(status))
	putTarget(into, target)
	if len(fields) > 1 {
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			attrs.PutInt(otelattr.HTTPResponseBytes, n)
		}
	}
	who := strings.Fields(line[:open])
	if len(who) > 0 {
		putAddress(into, who[0])
	}
	if len(who) >= 3 && who[len(who)-1] != "-" {
		attrs.PutStr(remoteUser, who[len(who)-1])
	}
	if _, rest, ok = quoted(rest); ok { // the referer
		if agent, more, ok := quoted(rest); ok {
			if agent != "-" {
				attrs.PutStr(otelattr.UserAgent, agent)
			}
			if strings.TrimSpace(more) != "" {
				into.Body().SetStr(line) // headers were logged behind it
			}
		}
	}
	return nil
}

// quoted is the first text in quotes, in which \" is a quote, and what stands behind it.
func quoted(s string) (text, rest string, ok bool) {
	from := strings.IndexByte(s, '"')
	if from < 0 {
		return "", s, false
	}
	for i := from + 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[from+1 : i], s[i+1:], true
		}
	}
	return "", s, false
}

func upToQuote(s string) (before, from string) {
	if i := strings.IndexByte(s, '"'); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func requestLine(s string) (method, target string, ok bool) {
	method, rest, ok := strings.Cut(s, " ")
	if !ok || method == "" || strings.IndexFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) >= 0 {
		return "", "", false
	}
	target, _, _ = strings.Cut(rest, " ")
	return method, target, target != ""
}

func putTarget(into plog.LogRecord, target string) {
	if strings.Contains(target, "://") {
		into.Attributes().PutStr(otelattr.URLFull, target)
		return
	}
	path, query, _ := strings.Cut(target, "?")
	into.Attributes().PutStr(otelattr.URLPath, path)
	if query != "" {
		into.Attributes().PutStr(otelattr.URLQuery, query)
	}
}

// putAddress takes the first address of a list, with or without a port.
func putAddress(into plog.LogRecord, text string) {
	text, _, _ = strings.Cut(text, ",")
	text = strings.TrimSpace(text)
	if port, err := netip.ParseAddrPort(text); err == nil {
		text = port.Addr().String()
	}
	if _, err := netip.ParseAddr(text); err == nil {
		into.Attributes().PutStr(otelattr.ClientAddress, text)
	}
}

// part is what a field of a JSON log is about.
type part uint8

const (
	noPart part = iota
	partTime
	partMethod
	partTarget
	partRequestLine
	partStatus
	partReceived
	partSent
	partAddress
	partForwarded
	partAgent
)

// parts are the fields of JSON logs by their path, as Caddy, Envoy, Kong, APISIX and nginx name them.
var parts = map[string]part{
	"ts": partTime, "time": partTime, "timestamp": partTime, "@timestamp": partTime, "start_time": partTime, "started_at": partTime, "time_iso8601": partTime,
	"msec": partTime, "time_local": partTime, "date": partTime,
	"request.method": partMethod, "method": partMethod, "request_method": partMethod, "verb": partMethod, "http_method": partMethod, "http.request.method": partMethod,
	"request.uri": partTarget, "path": partTarget, "uri": partTarget, "request_uri": partTarget, "url": partTarget, "url_path": partTarget, "target": partTarget, "url.path": partTarget,
	"request": partRequestLine,
	"status":  partStatus, "status_code": partStatus, "response_code": partStatus, "response.status": partStatus, "http_status": partStatus, "http.response.status_code": partStatus,
	"size": partSent, "bytes_sent": partSent, "body_bytes_sent": partSent, "response.size": partSent, "response_size": partSent, "bytes": partSent,
	"bytes_read": partReceived, "bytes_received": partReceived, "request.size": partReceived, "request_length": partReceived,
	"request.client_ip": partAddress, "client_ip": partAddress, "remote_addr": partAddress, "remote_ip": partAddress, "client": partAddress,
	"downstream_remote_address": partAddress, "client.address": partAddress,
	"x_forwarded_for": partForwarded, "http_x_forwarded_for": partForwarded,
	"user_agent": partAgent, "http_user_agent": partAgent, "request.headers.user-agent": partAgent, "agent": partAgent, "user_agent.original": partAgent,
}

// parseJSON reads a JSON object that tells of one request. The whole of it is the record's body, in which token_identity finds headers.
func parseJSON(line []byte, into plog.LogRecord) error {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return errors.New("it begins as JSON and is none")
	}
	var r jsonRequest
	r.read("", fields, 0)
	if r.method == "" && r.status == 0 {
		return errors.New("it is JSON without a method and a status")
	}
	if r.at.IsZero() {
		return errors.New("it is JSON without a time")
	}
	if err := into.Body().FromRaw(fields); err != nil {
		return err
	}
	into.SetTimestamp(stamp(r.at))
	attrs := into.Attributes()
	if r.method != "" {
		attrs.PutStr(otelattr.HTTPMethod, r.method)
	}
	if r.status != 0 {
		attrs.PutInt(otelattr.HTTPStatus, int64(r.status))
	}
	if r.target != "" {
		putTarget(into, r.target)
	}
	if r.sent != nil {
		attrs.PutInt(otelattr.HTTPResponseBytes, *r.sent)
	}
	if r.received != nil {
		attrs.PutInt(otelattr.HTTPRequestBytes, *r.received)
	}
	if r.forwarded != "" && r.forwarded != "-" {
		r.address = r.forwarded
	}
	putAddress(into, r.address)
	if r.agent != "" && r.agent != "-" {
		attrs.PutStr(otelattr.UserAgent, r.agent)
	}
	return nil
}

type jsonRequest struct {
	at                             time.Time
	method, target, address, agent string
	forwarded                      string
	status                         int
	sent, received                 *int64
}

// deepest is how deep fields of a JSON log are looked at.
const deepest = 4

func (r *jsonRequest) read(prefix string, fields map[string]any, depth int) {
	for name, value := range fields {
		path := prefix + strings.ToLower(name)
		if nested, ok := value.(map[string]any); ok {
			if depth < deepest {
				r.read(path+".", nested, depth+1)
			}
			continue
		}
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		r.take(parts[path], value)
	}
}

func (r *jsonRequest) take(p part, value any) {
	text, isText := value.(string)
	number, isNumber := value.(float64)
	if isText && (p == partStatus || p == partSent || p == partReceived) {
		var err error
		number, err = strconv.ParseFloat(text, 64)
		isNumber = err == nil
	}
	bytes := int64(number)
	switch {
	case p == partTime && r.at.IsZero():
		r.at = timeOf(text, number)
	case p == partMethod && isText:
		r.method = text
	case p == partTarget && isText:
		r.target = text
	case p == partRequestLine && isText:
		if method, target, ok := requestLine(text); ok {
			r.method, r.target = method, target
		}
	case p == partStatus && isNumber:
		r.status = int(number)
	case p == partSent && isNumber:
		r.sent = &bytes
	case p == partReceived && isNumber:
		r.received = &bytes
	case p == partAddress && isText && r.address == "":
		r.address = text
	case p == partForwarded && isText:
		r.forwarded = text
	case p == partAgent && isText:
		r.agent = text
	}
}

// timeOf reads a time, or seconds or milliseconds of unix time. It is zero where it is neither.
func timeOf(text string, number float64) time.Time {
	if text != "" {
		for _, layout := range []string{time.RFC3339Nano, "02/Jan/2006:15:04:05 -0700", "2006-01-02T15:04:05.000Z0700"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at
			}
		}
		var err error
		if number, err = strconv.ParseFloat(text, 64); err != nil {
			return time.Time{}
		}
	}
	switch {
	case number > 1e11 && number < 1e14:
		return time.UnixMilli(int64(number))
	case number > 1e8 && number < 1e11:
		return time.Unix(0, int64(number*1e9))
	}
	return time.Time{}
}
