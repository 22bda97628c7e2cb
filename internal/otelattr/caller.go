package otelattr

import (
	"strings"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
)

// TrustedID is an attribute whose value the operator trusts to name the caller without a secret.
type TrustedID struct {
	Attribute   string
	Fingerprint bool // it is a hash of the credential
}

// caller is what an attribute that names the caller without a secret means.
type caller struct {
	scheme  credential.Scheme
	rank    int32
	vouched bool // anybody could have written it: it counts where the peer is a trusted proxy
	header  bool // it is x-forwarded-client-cert
	request bool // it is common in other records too: it counts where there is a status
}

// nest says what the map around a field is about.
type nest uint8

const (
	noNest nest = iota
	nestConsumer
	nestEntity
)

// Callers that are known by the names of headers, which gateways set on the request to the service behind them.
var callerHeaders = map[string]*caller{
	"xcredentialidentifier": {scheme: credential.GatewayKeyScheme, rank: rankCaller, vouched: true},
	"xconsumerid":           {scheme: credential.ConsumerScheme, rank: rankCaller + 1, vouched: true},
	"xconsumerusername":     {scheme: credential.ConsumerScheme, rank: rankCaller + 2, vouched: true},
	"xforwardedclientcert":  {scheme: credential.CertificateScheme, rank: rankCaller + 3, vouched: true, header: true},
}

// Callers that are known by the names of attributes of spans.
var callerAttributes = map[string]*caller{
	"tyk.api.apikey.alias":   {scheme: credential.ConsumerScheme, rank: rankCaller + 4},
	"tls.client.hash.sha256": {scheme: credential.CertificateScheme, rank: rankCaller + 6, vouched: true},
	"tls.client.subject":     {scheme: credential.SubjectScheme, rank: rankCaller + 7, vouched: true},
}

// Callers that are known by the folded names of fields of log records, which the gateway itself writes.
var callerFields = map[string]*caller{
	"authenticatedentityid":        {scheme: credential.GatewayKeyScheme, rank: rankCaller},
	"consumerid":                   {scheme: credential.ConsumerScheme, rank: rankCaller + 1, request: true},
	"consumerusername":             {scheme: credential.ConsumerScheme, rank: rankCaller + 2, request: true},
	"consumername":                 {scheme: credential.ConsumerScheme, rank: rankCaller + 2, request: true},
	"apikeyid":                     {scheme: credential.GatewayKeyScheme, rank: rankCaller},
	"identityapikeyid":             {scheme: credential.GatewayKeyScheme, rank: rankCaller},
	"tykapiapikeyalias":            {scheme: credential.ConsumerScheme, rank: rankCaller + 4},
	"downstreampeerurisan":         {scheme: credential.SPIFFEScheme, rank: rankCaller + 5},
	"downstreampeerfingerprint256": {scheme: credential.CertificateScheme, rank: rankCaller + 6},
	"downstreampeersubject":        {scheme: credential.SubjectScheme, rank: rankCaller + 7},
	"sslclientfingerprint":         {scheme: credential.CertificateScheme, rank: rankCaller + 6},
	"sslclientsdn":                 {scheme: credential.SubjectScheme, rank: rankCaller + 7},
	"tlsclienthashsha256":          {scheme: credential.CertificateScheme, rank: rankCaller + 6, vouched: true},
	"tlsclientsubject":             {scheme: credential.SubjectScheme, rank: rankCaller + 7, vouched: true},
}

// nests are the maps in log records that are about the caller, by their folded names, and what their fields mean.
var nests = map[string]nest{"consumer": nestConsumer, "authenticatedentity": nestEntity}

// callerOf is what a field of a map about the caller means, nil if nothing.
func (n nest) callerOf(f *field) *caller {
	switch {
	case n == nestEntity && f.caller == nestedID:
		return callerFields["authenticatedentityid"]
	case n == nestConsumer && f.caller == nestedID:
		return callerFields["consumerid"]
	case n == nestConsumer && f.caller == nestedName:
		return callerFields["consumerusername"]
	}
	return nil
}

var nestedID, nestedName = &caller{}, &caller{}

// trust takes the word of an attribute on who the caller is.
func (s *Sources) trust(id TrustedID, rank int32) {
	folded := credential.Fold(id.Attribute)
	c := caller{scheme: credential.TrustedScheme, rank: rank}
	if id.Fingerprint {
		c.scheme = credential.FingerprintScheme
	} else if known := known(id.Attribute); known != nil {
		c.scheme, c.header = known.scheme, known.header
	}
	s.trusted[folded] = c
}

// known is what the name of an attribute means without being configured, nil if nothing.
func known(name string) *caller {
	if c := callerAttributes[name]; c != nil {
		return c
	}
	if c := callerHeaders[credential.Fold(headerName(name))]; c != nil {
		return c
	}
	return callerFields[credential.Fold(name)]
}

// headerName is the own name of a header or metadata entry.
func headerName(name string) string {
	for _, prefix := range [...]string{HTTPHeaderPrefix, RPCMetadataPrefix, OldRPCMetadataPrefix} {
		if own, ok := strings.CutPrefix(name, prefix); ok {
			return own
		}
	}
	return name
}

// named adds to a field what its name says about a caller without a secret, and whether it is kept as it is.
func (s *Sources) named(f field, name string, log bool) field {
	folded := credential.Fold(name)
	f.kept = s.kept[folded]
	if trusted, ok := s.trusted[folded]; ok {
		f.caller, f.role, f.place, f.source, f.rank = &trusted, roleCaller, credential.Text, noSource, noRank
		return f
	}
	if f.role != noRole || f.answer {
		return f
	}
	if own := headerName(name); own != name || log {
		f.caller = callerHeaders[credential.Fold(credential.FieldName(own))]
	}
	switch {
	case f.caller != nil:
	case !log && name == "tyk.api.apikey":
		f.source, f.rank = headerSource, rankCaller
	case !log:
		f.caller = callerAttributes[name]
	default:
		s.namedInLog(&f, name)
	}
	if f.caller != nil && f.role == noRole {
		f.role = roleCaller
	}
	return f
}

func (s *Sources) namedInLog(f *field, name string) {
	own := credential.FieldName(name)
	folded := credential.Fold(own)
	f.nested = nests[folded]
	if f.caller = callerFields[folded]; f.caller == nil {
		f.caller = callerFields[credential.Fold(lastTwo(name))]
	}
	switch {
	case f.caller != nil:
	case folded == "id":
		f.caller, f.role = nestedID, roleNested
	case folded == "username":
		f.caller, f.role = nestedName, roleNested
	case folded == "accesskeyid" || folded == "tykapiapikey":
		f.source, f.rank = headerSource, rankCaller
	}
}

// lastTwo is the last two parts of a name with dots.
func lastTwo(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return name
	}
	return name[strings.LastIndexByte(name[:dot], '.')+1:]
}

// named is an id that stands for the credential of a request.
type named struct {
	id      string
	scheme  credential.Scheme
	rank    int32
	request bool
}

// name keeps an id that names the caller.
func (s *Sight) name(c *caller, id string) {
	scheme := c.scheme
	if c.header {
		scheme, id = credential.ClientCertificate(id)
	}
	id = strings.TrimSpace(id)
	if !credential.Callable(id) || scheme == credential.SPIFFEScheme && !strings.HasPrefix(id, "spiffe://") {
		return
	}
	into := &s.named
	if c.vouched {
		into = &s.vouched
	}
	if into.id == "" || c.rank < into.rank {
		*into = named{id, scheme, c.rank, c.request}
	}
}

// Settle decides who made the request: a credential, or where none stands before it in the order of sources an id. An id that anybody
// could have written counts only where the peer is one of the proxies.
func (s *Sight) Settle(proxies geo.Proxies) {
	if s.named.id == "" && s.vouched.id == "" {
		return
	}
	if s.named.rank < s.rank && s.named.id != "" && (!s.named.request || s.HTTPStatus != 0) {
		s.Secret, s.Scheme, s.rank = s.named.id, s.named.scheme, s.named.rank
	}
	if s.vouched.id == "" || s.vouched.rank >= s.rank {
		return
	}
	if peer, ok := geo.ParseAddr(s.Origin.Peer); ok && proxies.Contains(peer) {
		s.Secret, s.Scheme, s.rank = s.vouched.id, s.vouched.scheme, s.vouched.rank
	}
}
