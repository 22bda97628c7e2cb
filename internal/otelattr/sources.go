package otelattr

import (
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

// Sources says where the token of a request is looked for. Within a list the first name wins; headers win over metadata, that
// over query parameters, those over cookies, and those over what gives itself away in a path or a text.
type Sources struct {
	headers, metadata, parameters, cookies map[string]int32
	resource                               map[string]int32
	trusted                                map[string]caller
	kept                                   map[string]bool
	unpromising                            credential.Named
}

// Names are the lists of names that sources are made of.
type Names struct {
	Headers, Metadata, Parameters, Cookies []string
	Resource                               []string    // attributes of a resource that carry the token of all its records
	Trusted                                []TrustedID // attributes that name the caller without a secret, before all others
	Kept                                   []string    // attributes that nothing is erased from
}

// NewSources compiles lists of names. Names are compared without capitals and separators.
func NewSources(n Names) *Sources {
	s := &Sources{
		headers: ranks(n.Headers, 0), metadata: ranks(n.Metadata, 1000), parameters: ranks(n.Parameters, 2000), cookies: ranks(n.Cookies, 3000),
		resource: ranks(n.Resource, 0), trusted: make(map[string]caller), kept: make(map[string]bool),
		unpromising: credential.NewNamed(n.Parameters, n.Cookies),
	}
	for i, id := range n.Trusted {
		s.trust(id, rankTrusted+int32(i))
	}
	for _, name := range n.Kept {
		s.kept[credential.Fold(name)] = true
	}
	return s
}

// Ranks before and behind those of the lists.
const (
	rankTrusted    = -1000
	rankPath       = 4000
	rankText       = 5000
	rankExpression = 12_000
	rankCaller     = 13_000
	rankResource   = 14_000
	noRank         = int32(1 << 30)
)

func ranks(names []string, from int32) map[string]int32 {
	m := make(map[string]int32, len(names))
	for i, name := range names {
		folded := credential.Fold(name)
		if _, listed := m[folded]; !listed {
			m[folded] = from + int32(i)
		}
	}
	return m
}

// recordKind is what sort of thing has a name among its attributes.
type recordKind uint8

const (
	ofSpan recordKind = iota
	ofLog
	ofResource
)

// fieldOf reads the name of an attribute.
func (s *Sources) fieldOf(kind recordKind, name string) (f field) {
	switch kind {
	case ofLog:
		f = s.logField(name)
	case ofResource:
		f = s.resourceField(name)
	default:
		f = s.spanField(name)
	}
	f.cookie, f.parameter = rankOf(s.cookies, name), noRank
	f.session = f.session || s.unpromising.Cookie(name)
	if s.unpromising.Parameter(name) {
		f.parameter = rankOf(s.parameters, name)
	}
	f.ours = strings.HasPrefix(name, "api_token.") || name == GeoCountry
	f.hunted = f.standing(kind, name)
	return f
}

// resourceField reads the name of a resource's attribute.
func (s *Sources) resourceField(name string) field {
	f := s.spanField(name)
	if rank := rankOf(s.resource, name); rank != noRank && f.source == noSource {
		f.source, f.rank = headerSource, rank
		if f.place == credential.Text {
			f.place = credential.Secret
		}
	}
	return f
}

func rankOf(m map[string]int32, name string) int32 {
	if rank, ok := m[credential.Fold(name)]; ok {
		return rank
	}
	return noRank
}

// field is what an attribute's name says: what kind of value stands under it, and what Holter wants it for.
type field struct {
	place  credential.Place
	source source
	role   role
	rank   int32 // of a header or metadata entry

	answer    bool  // a map of this name is a part of the answer
	cookies   bool  // a map of this name holds cookies
	headers   bool  // a list of this name holds headers
	query     bool  // a map of this name holds the parameters of a query
	cookie    int32 // the rank of a cookie of this name
	parameter int32 // the rank of a parameter of this name whose name promises nothing
	session   bool  // a cookie of this name opens a session

	caller *caller // who this names without a secret; nil: nobody
	nested nest    // what a map of this name is about
	kept   bool    // nothing is erased from what stands under this name
	ours   bool    // the name is one that an identity is written under
	hunted standing

	memo *memo // nil: of what stands under this name nothing is remembered
}

// source says of what part of a request an attribute is a copy.
type source uint8

const (
	noSource     source = iota
	headerSource        // the value of a header of the request
	urlSource           // its URL, or a part of it
	cookieSource        // its cookie header
)

// role says what else an attribute is good for.
type role uint8

const (
	noRole role = iota
	roleHTTPStatus
	roleRPCStatus
	roleClient
	rolePeer
	roleForwardedFor
	roleForwarded
	roleCaller // it names the caller without a secret
	roleNested // it does where the map that it stands in is about the caller
	roleSealed
)

func newField(name string) field {
	return field{
		place:   credential.PlaceOf(name),
		rank:    noRank,
		answer:  response(name),
		cookies: name == "cookies" || name == "cookie",
		headers: isHeaders(name), query: isQuery(name),
		session: credential.OpensSession(name),
	}
}

// spanField reads the name of a span's attribute.
func (s *Sources) spanField(name string) field {
	return s.named(s.spanOrigin(name), name, false)
}

func (s *Sources) spanOrigin(name string) field {
	f := newField(name)
	switch name {
	case TokenSealed:
		f.role, f.memo = roleSealed, nil
		return f
	case URLQuery, URLFull, URLPath, OldHTTPURL, OldHTTPTarget:
		f.source = urlSource
		return f
	case HTTPStatus, OldHTTPStatus:
		f.role = roleHTTPStatus
		return f
	case RPCStatus, OldRPCGRPCStatus:
		f.role = roleRPCStatus
		return f
	case ClientAddress, OldHTTPClientIP:
		f.role = roleClient
		return f
	case "network.peer.address", "net.sock.peer.addr", "net.peer.ip":
		f.role = rolePeer
		return f
	}
	if own, ok := strings.CutPrefix(name, HTTPHeaderPrefix); ok {
		return s.header(f, own, s.headers)
	}
	if own, ok := strings.CutPrefix(name, RPCMetadataPrefix); ok {
		return s.header(f, own, s.metadata)
	}
	if own, ok := strings.CutPrefix(name, OldRPCMetadataPrefix); ok {
		return s.header(f, own, s.metadata)
	}
	return f
}

func (s *Sources) header(f field, own string, list map[string]int32) field {
	switch credential.Fold(own) {
	case "xforwardedfor":
		f.role = roleForwardedFor
	case "forwarded":
		f.role = roleForwarded
	}
	if f.place == credential.CookieHeader {
		f.source = cookieSource
		return f
	}
	if f.rank = rankOf(list, own); f.rank != noRank {
		f.source = headerSource
		if f.place == credential.Text {
			f.place = credential.Secret // a header that only the configuration knows
		}
	}
	return f
}

// statusFields are the folded names of the fields of a log record that hold the answer's HTTP status.
var statusFields = []string{"status", "statuscode", "responsecode", "responsestatus"}

// logField reads the name of a field of a log record, at any depth of its attributes or its body.
func (s *Sources) logField(name string) field {
	return s.named(s.logOrigin(name), name, true)
}

func (s *Sources) logOrigin(name string) field {
	f := newField(name)
	if name == TokenSealed {
		f.role, f.memo = roleSealed, nil
		return f
	}
	own := credential.FieldName(name)
	folded := credential.Fold(own)
	if slices.Contains(statusFields, folded) {
		f.role = roleHTTPStatus
		return f
	}
	if f.answer {
		return f
	}
	switch folded {
	case "requesturi", "uri", "url", "target", "path", "args", "request", "requesturl", "querystring", "query", "full", "upstreamuri", "requestpath":
		f.source = urlSource
		return f
	case "clientip", "client", "address", "ip", "sourceip", "realip", "xrealip":
		f.role = roleClient
		return f
	case "remoteaddr", "remoteip", "remote", "peer", "remoteaddress":
		f.role = rolePeer
		return f
	}
	if credential.IsCookieField(name) {
		if f.rank = rankOf(s.cookies, own); f.rank != noRank || f.place == credential.Secret {
			f.source, f.place = headerSource, credential.Secret
			f.rank = min(f.rank, rankPath-1)
		}
		return f
	}
	f = s.header(f, own, s.headers)
	if len(own) < len(name) && f.place == credential.Text && s.unpromising.Parameter(own) && strings.HasPrefix(name, "arg_") {
		f.place = credential.Secret
	}
	if f.rank == noRank && f.source == noSource && f.place == credential.Secret {
		if f.rank = rankOf(s.parameters, own); f.rank != noRank {
			f.source = headerSource
		}
	}
	return f
}

// isHeaders says whether a list of this name is one of headers: as entries of a name and a value, as pairs, or in turn.
func isHeaders(name string) bool {
	switch credential.Fold(credential.FieldName(name)) {
	case "headers", "rawheaders", "requestheaders", "responseheaders", "httpheaders", "header", "metadata":
		return true
	}
	return false
}

// isQuery says whether a map of this name is one of a query's parameters.
func isQuery(name string) bool {
	switch credential.Fold(credential.FieldName(name)) {
	case "query", "querystring", "queryparams", "queryparameters", "queryargs", "querystringparameters", "args":
		return true
	}
	return false
}

// response says whether a field is part of the answer: what stands there was given to the caller, not by the caller.
func response(name string) bool {
	return strings.HasPrefix(name, "sent_http_") || strings.HasPrefix(name, "http.response.") || strings.HasPrefix(name, "upstream_http_") ||
		strings.HasPrefix(name, "resp")
}

// rankFinding is how early a finding in an attribute comes.
func (s *Sources) rankFinding(f *field, found *credential.Finding, inLog bool) int32 {
	switch f.source {
	case headerSource:
		return f.rank
	case cookieSource:
		return rankOf(s.cookies, found.Name)
	case urlSource:
		if found.In == credential.InParameter {
			return rankOf(s.parameters, found.Name)
		}
		if found.In == credential.InText && found.Format != nil {
			return rankPath
		}
		if inLog {
			return noRank
		}
	}
	return noRank
}

// rankText is how early a finding in the text of a log record comes.
func (s *Sources) rankText(text string, found *credential.Finding) int32 {
	switch found.In {
	case credential.InHeader:
		name := found.Name
		switch credential.Fold(name) {
		case "auth":
			name = "authorization"
		case "key":
			name = "x-api-key"
		}
		if rank := rankOf(s.headers, name); rank != noRank {
			return rankText + rank
		}
		if rank := rankOf(s.parameters, name); rank != noRank {
			return rankText + rank
		}
		return noRank
	case credential.InParameter:
		if rank := rankOf(s.parameters, found.Name); rank != noRank && !absoluteURL(text, found.Start) {
			return rankText + rank
		}
		return noRank
	case credential.InCookie:
		if rank := rankOf(s.cookies, found.Name); rank != noRank {
			return rankText + rank
		}
		return noRank
	}
	if found.Format == nil {
		return noRank
	}
	return rankText + rankPath
}

// absoluteURL says whether the word around i names a host: a referer or an upstream, not the request.
func absoluteURL(text string, i int) bool {
	for j := i - 1; j >= 0 && i-j < 2048; j-- {
		switch text[j] {
		case ' ', '"', '\'', '(', '<':
			return false
		case '/':
			if j > 1 && text[j-1] == '/' && text[j-2] == ':' {
				return true
			}
		}
	}
	return false
}
