package otelattr

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/behavior"
)

// Further attributes that requests are read from.
const (
	messagingDestination = "messaging.destination.name"
	serverAddress        = "server.address"
	oldPeerName          = "net.peer.name"
	userAgentHeader      = HTTPHeaderPrefix + "user-agent"
)

const tokenPrefix = "api_token."

// readAll reads the attributes of the semantic conventions. Older spellings never replace newer ones.
func (f *fields) readAll(attrs pcommon.Map) {
	for k, v := range attrs.All() {
		if len(k) > len(tokenPrefix) && k[0] == tokenPrefix[0] && k[:len(tokenPrefix)] == tokenPrefix {
			f.readToken(k, v)
			continue
		}
		f.read(k, v)
	}
}

func (f *fields) readToken(k string, v pcommon.Value) {
	r := f.Record
	switch k {
	case TokenID:
		r.Token = spelled(v)
	case TokenHint:
		r.Hint = spelled(v)
	case TokenType:
		r.Type = spelled(v)
	case TokenRegistryID:
		r.Registry = spelled(v)
	case TokenTenant:
		r.Tenant = spelled(v)
	case TokenOwnerID:
		r.OwnerID = spelled(v)
	case TokenOwnerName:
		r.OwnerName = spelled(v)
	case TokenOwnerTeam:
		r.OwnerTeam = spelled(v)
	case TokenStatus:
		r.Status = spelled(v)
	case TokenProvisional:
		r.Provisional = spelled(v) == "true"
	case TokenDirection:
		r.Outbound = spelled(v) == DirectionOutbound
	case TokenOutcome:
		r.Outcome, f.judged = outcomeOf(spelled(v))
	case TokenKeyID:
		r.KeyID = spelled(v)
	case TokenViolations:
		r.Violations = stringsOf(v)
	case TokenFormat, TokenOwnerType, TokenExpiresAt, TokenScopes:
		r.Detailed = true
	default:
		r.Detailed = r.Detailed || strings.HasPrefix(k, TokenTagsPrefix)
	}
}

func (f *fields) read(k string, v pcommon.Value) {
	r := f.Record
	switch k {
	case HTTPMethod:
		r.Method = spelled(v)
	case OldHTTPMethod:
		keep(&r.Method, v)
	case HTTPRoute:
		r.Route = spelled(v)
	case HTTPStatus:
		r.HTTPStatus = uint16(number(v, 0))
	case OldHTTPStatus:
		if r.HTTPStatus == 0 {
			r.HTTPStatus = uint16(number(v, 0))
		}
	case URLPath:
		r.Path = spelled(v)
	case OldHTTPTarget:
		keep(&r.Path, v)
	case URLFull, OldHTTPURL:
		keep(&f.url, v)
	case ClientAddress:
		f.address = spelled(v)
	case OldHTTPClientIP:
		keep(&f.address, v)
	case UserAgent:
		r.Client = spelled(v)
	case OldHTTPUserAgent:
		keep(&r.Client, v)
	case userAgentHeader:
		if all := stringsOf(v); len(all) > 0 && r.Client == "" {
			r.Client = all[0]
		}
	case HTTPRequestBytes, OldHTTPRequestBytes:
		r.RequestBytes = number(v, -1)
	case HTTPResponseBytes, OldHTTPResponseBytes:
		r.ResponseBytes = number(v, -1)
	case GeoCountry:
		r.Country = spelled(v)
	case ClientASNumber:
		r.Network = asNumber(v)
	case RPCService:
		f.rpcService = spelled(v)
	case RPCMethod:
		f.rpcMethod = spelled(v)
	case RPCStatus, OldRPCGRPCStatus:
		f.rpcStatus = rpcStatus(v)
	case messagingDestination:
		f.destination = spelled(v)
	case serverAddress:
		f.server = spelled(v)
	case oldPeerName:
		keep(&f.server, v)
	case tailPolicy, samplingThreshold, sampleRate, samplerType, samplerParam:
		f.readSampling(k, v)
	}
}

// holdsCredential says whether one of the attributes is where a credential stands.
func holdsCredential(attrs pcommon.Map) bool {
	for k := range attrs.All() {
		if isCredentialAttribute(k) {
			return true
		}
	}
	return false
}

// accessLogKeys are the names that access logs use, in attributes or in a body that is a map, and what they mean.
var accessLogKeys = map[string]string{
	"method": OldHTTPMethod, "request_method": OldHTTPMethod, "verb": OldHTTPMethod, "http_method": OldHTTPMethod,
	"status": OldHTTPStatus, "status_code": OldHTTPStatus, "response_code": OldHTTPStatus, "http_status": OldHTTPStatus,
	"path": OldHTTPTarget, "uri": OldHTTPTarget, "request_uri": OldHTTPTarget, "url_path": OldHTTPTarget,
	"url": OldHTTPURL, "route": HTTPRoute,
	"remote_addr": OldHTTPClientIP, "client_ip": OldHTTPClientIP, "remote_ip": OldHTTPClientIP,
	"user_agent": OldHTTPUserAgent, "http_user_agent": OldHTTPUserAgent,
	"bytes_received": OldHTTPRequestBytes, "request_length": OldHTTPRequestBytes,
	"bytes_sent": OldHTTPResponseBytes, "body_bytes_sent": OldHTTPResponseBytes, "response_size": OldHTTPResponseBytes,
}

// readAccessLog reads the fields of an access log, and those of the semantic conventions that stand in a body.
func (f *fields) readAccessLog(m pcommon.Map) {
	for k, v := range m.All() {
		if known, ok := accessLogKeys[k]; ok {
			k = known
		}
		f.read(k, v)
	}
}

// keep sets a field that no newer spelling has set.
func keep(field *string, v pcommon.Value) {
	if *field == "" {
		*field = spelled(v)
	}
}

// spelled is AsString, which asks for the type first: most values are texts.
func spelled(v pcommon.Value) string {
	if s := v.Str(); s != "" {
		return s
	}
	return v.AsString()
}

func number(v pcommon.Value, otherwise int64) int64 {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int()
	case pcommon.ValueTypeDouble:
		return int64(v.Double())
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(v.Str(), 10, 64); err == nil {
			return n
		}
	}
	return otherwise
}

func stringsOf(v pcommon.Value) []string {
	if v.Type() != pcommon.ValueTypeSlice {
		if s := v.AsString(); s != "" {
			return []string{s}
		}
		return nil
	}
	all := make([]string, 0, v.Slice().Len())
	for _, element := range v.Slice().All() {
		all = append(all, element.AsString())
	}
	return all
}

// outcome is what became of a request that nobody has judged yet.
func (f *fields) outcome(failed bool) behavior.Outcome {
	switch status := f.HTTPStatus; {
	case status == 401, status == 403:
		return behavior.AuthError
	case status == 429:
		return behavior.RateLimited
	case status >= 500:
		return behavior.ServerError
	case status >= 400:
		return behavior.ClientError
	case status > 0:
		return behavior.Success
	}
	switch f.rpcStatus - 1 {
	case 7, 16: // permission denied, unauthenticated
		return behavior.AuthError
	case 8: // resource exhausted
		return behavior.RateLimited
	case 1, 3, 5, 6, 9, 10, 11: // cancelled, invalid, not found, exists, precondition, aborted, out of range
		return behavior.ClientError
	case 2, 4, 12, 13, 14, 15: // unknown, deadline, unimplemented, internal, unavailable, data loss
		return behavior.ServerError
	}
	if failed {
		return behavior.ServerError
	}
	return behavior.Success
}

func outcomeOf(s string) (behavior.Outcome, bool) {
	for o := behavior.Success; o <= behavior.ServerError; o++ {
		if o.String() == s {
			return o, true
		}
	}
	return behavior.Success, false
}

// rpcCodes are the gRPC status codes in order, as rpc.response.status_code spells them.
var rpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
}

// rpcStatus is the gRPC status code + 1, or 0.
func rpcStatus(v pcommon.Value) int16 {
	if n := number(v, -1); n >= 0 && n < int64(len(rpcCodes)) {
		return int16(n) + 1
	}
	for code, name := range rpcCodes {
		if strings.EqualFold(name, v.AsString()) {
			return int16(code) + 1
		}
	}
	return 0
}

// isCredentialAttribute says whether an attribute is a header, or RPC metadata, that carries credentials.
func isCredentialAttribute(k string) bool {
	if len(k) < len(HTTPHeaderPrefix) || k[0] != HTTPHeaderPrefix[0] && k[0] != RPCMetadataPrefix[0] {
		return false
	}
	for _, prefix := range [...]string{HTTPHeaderPrefix, RPCMetadataPrefix, OldRPCMetadataPrefix} {
		if name, ok := strings.CutPrefix(k, prefix); ok {
			switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
			case "authorization", "proxy-authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-amz-security-token":
				return true
			}
		}
	}
	return false
}
