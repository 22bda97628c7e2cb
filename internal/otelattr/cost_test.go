package otelattr

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/registry"
)

// BenchmarkPutIdentity is what appending costs: seven attributes behind twelve.
func BenchmarkPutIdentity(b *testing.B) {
	who := &Identity{ID: "tok_ekrqoitzslwtq35kieed6mnwt4", Hint: "sk_live_…9f3a", Fingerprint: "fp_ekrqoitzslwtq35kieed6mnwt4", Owner: &registry.Owner{ID: "acme", Team: "payments"}}
	use := Use{Outcome: OutcomeText(behavior.Success), Direction: DirectionInbound, Client: "192.0.2.1"}
	choice, err := Choose([]string{TokenFingerprint})
	if err != nil {
		b.Fatal(err)
	}
	span := pcommon.NewMap()
	for _, name := range []string{
		HTTPMethod, HTTPRoute, URLPath, "url.scheme", "server.address", "server.port", "network.protocol.version", "network.peer.address",
		UserAgent, HTTPStatus, HTTPResponseBytes, "http.request.header.x-api-key",
	} {
		span.PutStr(name, "some value")
	}
	b.ReportAllocs()
	var appender Appender
	spans := make([]pcommon.Map, 1000)
	for i := 0; b.Loop(); i++ {
		if i%len(spans) == 0 {
			b.StopTimer()
			for j := range spans {
				spans[j] = pcommon.NewMap()
				span.CopyTo(spans[j])
			}
			b.StartTimer()
		}
		appender.PutIdentity(spans[i%len(spans)], who, &use, choice, true)
	}
}
