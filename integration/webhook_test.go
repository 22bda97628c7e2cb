package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watched is a collector that tells a webhook receiver what happens to the tokens of its registry.
func watched(t *testing.T, backend *Backend, tokens ...Token) (*Collector, *Webhook) {
	t.Helper()
	webhook := startWebhook(t, 0)
	c := newCollector(t, "testdata/holter.yaml", "testdata/webhook.yaml")
	c.Env["BACKEND"] = backend.Port
	c.Env["WEBHOOK"] = fmt.Sprint(webhook.Port)
	c.Env["WEBHOOK_SECRET"] = webhookSecret
	c.writeOwners(t, []Owner{{ID: "acme", Name: "Acme GmbH", Team: "payments"}}, tokens...)
	return c, webhook
}

// The webhook is there, and its signature holds, within a second of the arrival of the request that tipped it. Sending a
// request is taken as its arrival, which is stricter. The best of several counts: what a busy machine adds is not Holter's.
func TestWebhookArrivesVerifiedWithinASecond(t *testing.T) {
	t.Run("a rule", func(t *testing.T) {
		var keys []Token
		for n := range 5 {
			keys = append(keys, expired(keyNumber(n)))
		}
		c, webhook := watched(t, newBackend(t), keys...)
		c.Start()
		client := newClient(t, c.GRPC())
		var took []time.Duration
		for n := range keys {
			sent := time.Now()
			send(t, client, normal(keyNumber(n)))
			waitFor(t, "the webhook", func() bool { return len(webhook.Deliveries()) > n })
			delivery := webhook.Deliveries()[n]
			requireVerified(t, delivery)
			require.Equal(t, "expired_use", delivery.Field(t, "data", "detector"))
			require.Equal(t, "Acme GmbH", delivery.Field(t, "data", "token", "owner", "name"))
			took = append(took, delivery.At().Sub(sent))
		}
		requireWithinASecond(t, took)
	})

	t.Run("a change of behaviour", func(t *testing.T) {
		c, webhook := watched(t, newBackend(t), known(keyNumber(0)), known(keyNumber(1)), known(keyNumber(2)))
		c.Start()
		client := newClient(t, c.GRPC())
		var took []time.Duration
		for n := range 3 {
			key := keyNumber(n)
			send(t, client, history(key, 42, 20)...)
			before := len(webhook.Deliveries())
			require.Empty(t, webhook.Deliveries()[before:], "a regular life raises nothing")

			sent := map[string]time.Time{} // by trace id
			for _, call := range theft(key, start.AddDate(0, 0, 43).Add(nightHours), 50) {
				trace, _ := call.ids()
				sent[trace.String()] = time.Now()
				send(t, client, call)
				if waitBriefly(func() bool { return len(webhook.Deliveries()) > before }) {
					break
				}
			}
			require.Greater(t, len(webhook.Deliveries()), before, "the theft raised nothing")
			delivery := webhook.Deliveries()[before]
			requireVerified(t, delivery)
			t.Log(delivery.Field(t, "data", "sentence"))
			tipped, known := sent[delivery.Field(t, "data", "trace_id").(string)]
			require.True(t, known, "another request than one of the thief's tipped it")
			took = append(took, delivery.At().Sub(tipped))
		}
		requireWithinASecond(t, took)
	})
}

func requireVerified(t *testing.T, delivery Delivery) {
	t.Helper()
	require.True(t, delivery.Verified, "the signature does not hold: %s", delivery.Error)
	require.Equal(t, "api_token.anomaly", delivery.Field(t, "type"))
	require.NotEmpty(t, delivery.Field(t, "data", "id"))
	require.NotEmpty(t, delivery.ID)
	require.Equal(t, true, delivery.Field(t, "data", "dry_run"))
}

func requireWithinASecond(t *testing.T, took []time.Duration) {
	t.Helper()
	t.Logf("from sending the request to receiving the webhook: %v", took)
	require.LessOrEqual(t, slices.Min(took), time.Second)
}

// waitBriefly gives something that may be due a moment to be seen.
func waitBriefly(seen func() bool) bool {
	deadline := time.Now().Add(200 * time.Millisecond)
	for !seen() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}
