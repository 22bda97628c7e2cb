package otelattr

import (
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
)

// Whoever sends a request chooses what stands in the places of secrets in it, and what is hunted is erased from the records of others. So
// what Holter itself has written, and what says who emitted the telemetry, is not hunted through; and in the plain facts of a request,
// in names, and wherever else instrumentation writes and not people, nothing is hunted but what looks drawn by lot.

// standing says what is hunted in what stands under a name.
type standing uint8

const (
	freeText   standing = iota // every secret of the batch
	fact                       // those that look drawn by lot
	own                        // none, among the attributes of a record or a resource; elsewhere it is a fact
	traceState                 // a fact, of which how the span was sampled stays
)

// standingOf reads the name of an attribute.
func standingOf(kind recordKind, name string) standing {
	switch {
	case identityNames[name], strings.HasPrefix(name, TokenTagsPrefix), kind == ofResource && emitters[name]:
		return own
	case facts[name]:
		return fact
	case kind == ofLog && accessLogKeys[name] != "":
		return fact
	}
	return freeText
}

// standing is standingOf with what else is known about a name.
func (f *field) standing(kind recordKind, name string) standing {
	switch f.role {
	case roleHTTPStatus, roleRPCStatus, roleClient, rolePeer, roleForwardedFor, roleForwarded:
		return fact
	}
	return standingOf(kind, name)
}

func setOf(lists ...[]string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range slices.Concat(lists...) {
		set[name] = true
	}
	return set
}

var (
	// identityNames are the names that identities are written under.
	identityNames = setOf(choices[:], []string{
		TokenID, TokenHint, TokenOutcome, TokenOwnerID, TokenOwnerTeam, TokenStatus, TokenViolations, TokenProvisional, TokenKeyID, TokenSealed, GeoCountry,
	})
	// facts are the names that fields.read knows, and those that requests are told apart by elsewhere.
	facts = setOf([]string{
		HTTPMethod, OldHTTPMethod, HTTPRoute, HTTPStatus, OldHTTPStatus, URLPath, OldHTTPTarget, URLFull, OldHTTPURL, ClientAddress, OldHTTPClientIP,
		UserAgent, UserAgentName, OldHTTPUserAgent, userAgentHeader, HTTPRequestBytes, OldHTTPRequestBytes, HTTPResponseBytes, OldHTTPResponseBytes,
		RPCService, RPCMethod, RPCStatus, OldRPCGRPCStatus, messagingDestination, serverAddress, oldPeerName, RequestModel, genAIModel,
		tailPolicy, samplingThreshold, sampleRate, samplerType, samplerParam,
		"network.peer.address", "net.sock.peer.addr", "net.peer.ip", "url.scheme", "url.template", "error.type", "event.name",
	}, emittersOf)
	// emitters are the names of a resource's attributes that say who emitted the telemetry.
	emitters   = setOf(emittersOf)
	emittersOf = []string{
		ServiceName, ServiceVersion, EnvironmentName, OldEnvironment, "service.namespace", "service.instance.id", "host.name", "host.id", "container.id",
		"container.name", "k8s.pod.name", "k8s.pod.uid", "k8s.namespace.name", "k8s.deployment.name", "k8s.container.name", "k8s.node.name", "k8s.cluster.name",
		"cloud.account.id", "cloud.region", "telemetry.sdk.name", "telemetry.sdk.version", "telemetry.sdk.language",
	}
)

// remember keeps a secret that no format gives away, to hunt it.
func (c *Cleaner) remember(secret string) {
	if c.drawn.Has(secret) || c.chosen.Has(secret) {
		return
	}
	switch credential.ReachOf(secret) {
	case credential.Everywhere:
		c.drawn.Insert(secret)
	case credential.InTexts:
		c.chosen.Insert(secret)
	}
}

// find is where secrets of the batch stand in a text, c.spans.
func (c *Cleaner) find(text string, s standing) []credential.Span {
	if s == freeText {
		c.spans = c.chosen.Find(text, c.drawn.Find(text, c.spans[:0]))
		return c.spans
	}
	c.spans = c.drawn.FindApart(text, c.spans[:0])
	if len(c.spans) > 0 && addressList(text) {
		c.spans = c.spans[:0]
	}
	if len(c.spans) > 0 && s == traceState {
		from, to := sampled(text)
		c.spans = slices.DeleteFunc(c.spans, func(span credential.Span) bool { return span.Start >= from && span.End <= to })
	}
	return c.spans
}

// addressList says whether a text is a list of addresses: a part of one may look drawn by lot.
func addressList(text string) bool {
	for one := range strings.SplitSeq(text, ",") {
		if _, ok := geo.ParseAddr(strings.TrimSpace(one)); !ok {
			return false
		}
	}
	return true
}

// sampled is where in a trace state OpenTelemetry's own member stands: a threshold looks drawn by lot, and all callers may have the same.
func sampled(state string) (from, to int) {
	for from <= len(state) {
		to = len(state)
		if comma := strings.IndexByte(state[from:], ','); comma >= 0 {
			to = from + comma
		}
		if strings.HasPrefix(strings.TrimLeft(state[from:to], " \t"), "ot=") {
			return from, to
		}
		from = to + 1
	}
	return 0, 0
}
