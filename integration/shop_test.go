package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The whole path with real parts: an Express API and its gateway under the Node SDK, called over HTTP; what the backend gets,
// what is counted, and that no secret is left anywhere.
func TestShopUnderTheNodeSDK(t *testing.T) {
	backend := newBackend(t)
	c, webhook := watched(t, backend)
	c.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH", Type: "customer", Team: "payments"}, {ID: "billing", Name: "Billing"}},
		Token{ID: "key_1", Owner: "acme", SHA256: digest(secretKey)},
		Token{ID: "client_1", Owner: "billing", Claims: map[string]string{"client_id": "billing-worker"}},
	)
	c.Start()
	shop := openShop(t, c.HTTP())
	requests := shop.visits()
	shop.Close()

	// What the SDKs still held is with the collector now; metrics come a flush later.
	waitFor(t, "the usage metrics", func() bool {
		all, one := samples(t, c.Usage()), spanOfEach(backend.Spans())
		for client, span := range one {
			if sum(all, "api_token_requests_total", "api_token_id", span.Text("api_token.id")) < float64(requests[client]) {
				return false
			}
		}
		return len(one) == len(clients)
	})
	usage, telemetry := c.Usage(), c.Telemetry()
	waitFor(t, "webhooks about the keys that the registry does not know", func() bool { return len(webhook.Deliveries()) > 0 })
	c.Stop()
	spans := backend.Spans()

	t.Run("one id for each token", func(t *testing.T) {
		ids := map[string]string{}
		for client, span := range spanOfEach(spans) {
			id := span.Text("api_token.id")
			require.Regexp(t, `^tok_[a-z2-7]{26}$`, id, client)
			ids[id] = client
		}
		require.Len(t, ids, 5)
	})

	t.Run("tokens of one principal share an id", func(t *testing.T) {
		billing := map[string]bool{}
		for _, span := range spans {
			if span.Text("api_token.owner.id") == "billing" {
				billing[span.Text("api_token.id")] = true
			}
		}
		require.Len(t, billing, 1)
	})

	t.Run("owner, country and outcome", func(t *testing.T) {
		one := spanOfEach(spans)
		key := one["key"]
		require.Equal(t, "acme", key.Text("api_token.owner.id"))
		require.Equal(t, "Acme GmbH", key.Text("api_token.owner.name"))
		require.Equal(t, "payments", key.Text("api_token.owner.team"))
		require.Equal(t, "DE", key.Text("geo.country.iso_code"))
		require.Equal(t, "success", key.Text("api_token.outcome"))
		require.Equal(t, "api_key", key.Text("api_token.type"))
		require.NotEmpty(t, key.Text("api_token.hint"))
		require.Equal(t, "jwt", one["mobile"].Text("api_token.type"))

		outcomes := map[string]string{}
		for _, span := range spans {
			if span.Kind() == ptrace.SpanKindServer && span.Text("api_token.id") != "" {
				outcomes[span.Text("http.response.status_code")] = span.Text("api_token.outcome")
			}
		}
		require.Equal(t, map[string]string{
			"200": "success", "302": "success", "401": "auth_error", "404": "client_error", "429": "rate_limited", "500": "server_error",
		}, outcomes)
	})

	t.Run("our key elsewhere is outbound", func(t *testing.T) {
		outbound := map[string]bool{}
		for _, span := range spans {
			if span.Kind() == ptrace.SpanKindClient && span.Text("http.route") == "" && hasPrefix(span, "url.path", "/stock/", "/price/") {
				require.NotEmpty(t, span.Text("api_token.id"))
				outbound[span.Text("api_token.id")] = true
			}
		}
		require.Len(t, outbound, 1, "in a header and in the query it is the same key")
		require.NotContains(t, outbound, spanOfEach(spans)["key"].Text("api_token.id"))
	})

	t.Run("a request is counted once", func(t *testing.T) {
		all := samples(t, usage)
		for client, span := range spanOfEach(spans) {
			id := span.Text("api_token.id")
			require.InDelta(t, requests[client], sum(all, "api_token_requests_total", "api_token_id", id), 0, client)
			require.InDelta(t, requests[client], sum(all, "api_token_request_duration_seconds_count", "api_token_id", id), 0, client)
		}
		id := spanOfEach(spans)["key"].Text("api_token.id")
		for outcome, count := range map[string]int{"rate_limited": 1, "client_error": 1, "success": requests["key"] - 2} {
			require.InDelta(t, count, sum(all, "api_token_requests_total", "api_token_id", id, "api_token_outcome", outcome), 0, outcome)
		}
	})

	t.Run("no secret is left", func(t *testing.T) {
		hunt := newHunt(shop.Secrets)
		found := hunt.Search("backend", backend.Bytes())
		found = append(found, hunt.Search("log", []byte(c.Log.String()))...)
		found = append(found, hunt.Search("usage metrics", []byte(usage))...)
		found = append(found, hunt.Search("own metrics", []byte(telemetry))...)
		found = append(found, hunt.Search("webhooks", []byte(webhook.Log.String()))...)
		found = append(found, hunt.SearchFolder(t, c.Data, ownersFile)...)
		require.Empty(t, found)
	})
}

// clients are those of the shop that are looked at, by a path that only one of them has called.
var clients = map[string]string{
	"/v1/orders/2000": "key", "/v1/reports/5": "github", "/v1/orders/77": "query", "/v1/orders/78": "cookie", "/v1/orders/79": "mobile",
}

// spanOfEach is a SERVER span of each client, as far as they have arrived.
func spanOfEach(spans []Received) map[string]Received {
	found := map[string]Received{}
	for _, span := range spans {
		if client, ok := clients[span.Text("url.path")]; ok && span.Kind() == ptrace.SpanKindServer {
			found[client] = span
		}
	}
	return found
}

func hasPrefix(span Received, name string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if value := span.Text(name); len(value) >= len(prefix) && value[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
