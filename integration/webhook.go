package integration

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// webhookSecret signs the webhooks of the tests: whsec_ and base64 of 32 bytes.
const webhookSecret = "whsec_aG9sdGVyIGludGVncmF0aW9uIHdlYmhvb2sga2V5ISE="

// Webhook is a receiver that checks signatures with the official library.
type Webhook struct {
	*NodeApp
}

// Delivery is one webhook as it arrived.
type Delivery struct {
	Arrived  float64 // unix milliseconds
	ID       string
	Verified bool
	Error    string
	Body     string
}

// startWebhook listens on a port of its choice if port is 0.
func startWebhook(t testing.TB, port int) *Webhook {
	t.Helper()
	env := map[string]string{"WEBHOOK_SECRET": webhookSecret, "PORT": strconv.Itoa(port)}
	return &Webhook{NodeApp: startNode(t, env, "webhook.cjs")}
}

// Deliveries are the webhooks so far, in order of arrival.
func (w *Webhook) Deliveries() []Delivery {
	var all []Delivery
	for _, line := range w.lines() {
		var d Delivery
		if json.Unmarshal([]byte(line), &d) == nil && d.Arrived > 0 {
			all = append(all, d)
		}
	}
	return all
}

// At is when the webhook arrived.
func (d Delivery) At() time.Time { return time.UnixMicro(int64(d.Arrived * 1000)) }

// Field is a value of the body: Field(t, "data", "anomaly.id").
func (d Delivery) Field(t testing.TB, path ...string) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(d.Body), &value))
	for _, key := range path {
		object, ok := value.(map[string]any)
		require.True(t, ok, "%v is no path in %s", path, d.Body)
		value = object[key]
	}
	return value
}
