package otelattr

import (
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

// facts are attributes that behaviour is learned from and that dashboards are made of. Anybody can send a key that reads like one of
// their values, "v1/orders" or an address: it is erased where it stands, and hunted through these only where it looks like a secret.
var facts = map[string]bool{
	HTTPMethod: true, OldHTTPMethod: true, HTTPRoute: true, HTTPStatus: true, OldHTTPStatus: true, ClientAddress: true,
	"service.name": true, "service.version": true, "service.namespace": true, "service.instance.id": true,
	"deployment.environment.name": true, "deployment.environment": true, "server.address": true, "server.port": true, "url.scheme": true,
	"url.domain": true, "network.protocol.name": true, "network.protocol.version": true, "error.type": true, "exception.type": true,
	"rpc.system": true, "rpc.service": true, "rpc.method": true, "rpc.system.name": true, "db.system": true, "db.system.name": true,
	"messaging.system": true, "gen_ai.request.model": true, "gen_ai.response.model": true,
}

// factFamilies begin the names of others.
var factFamilies = [...]string{"geo.", "client.as.", "telemetry.", "process.", "os.", "host.", "container.", "k8s.", "cloud.", "otel.", "security_rule.", "threat."}

func isFact(name string) bool {
	if facts[name] {
		return true
	}
	for _, family := range factFamilies {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// distinct leaves of the places where hunted secrets stand those at which a secret may be told from the text of a name or a fact.
func distinct(text string, spans []credential.Span) []credential.Span {
	kept := spans[:0]
	for _, s := range spans {
		if credential.Telling(text[s.Start:s.End]) {
			kept = append(kept, s)
		}
	}
	return kept
}
