package integration

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// running is a collector with a backend and a webhook receiver, and a client of it.
func running(t *testing.T, tokens ...Token) (*Collector, *Backend, *Webhook, *Client) {
	t.Helper()
	backend := newBackend(t)
	c, webhook := watched(t, backend, tokens...)
	c.Start()
	return c, backend, webhook, newClient(t, c.GRPC())
}

// everySpan waits until the backend has got so many, and no more.
func everySpan(t *testing.T, backend *Backend, count int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d spans at the backend", count), func() bool { return backend.SpanCount() >= count })
	require.Equal(t, count, backend.SpanCount())
}

// saysSo waits until health names the component as not well, the log has the words, and the metric is above zero.
func saysSo(t *testing.T, c *Collector, mark int, component, words, metric string) {
	t.Helper()
	waitFor(t, component+" to be unwell in health", func() bool { return unwell(c.Health(), component) })
	waitFor(t, fmt.Sprintf("%q in the log", words), func() bool { return strings.Contains(c.Log.Since(mark), words) })
	waitFor(t, metric+" above zero", func() bool { return sum(samples(t, c.Telemetry()), metric) > 0 })
}

func TestAFullDiskStopsNoSpan(t *testing.T) {
	backend := newBackend(t)
	c, _ := watched(t, backend, known(keyNumber(0)), known(keyNumber(1)), known(keyNumber(2)))
	c.configs = append(c.configs, absolute("testdata/nofiles.yaml"))
	c.Start()
	client := newClient(t, c.GRPC())
	before := history(keyNumber(0), 7, 20)
	send(t, client, before...)
	everySpan(t, backend, len(before))

	mark := c.Log.Len()
	c.fillDisk(t, 4096)
	during := history(keyNumber(1), 14, 40)
	send(t, client, during...)
	everySpan(t, backend, len(before)+len(during))
	saysSo(t, c, mark, "connector:token_behavior", "file too large", "otelcol_token_behavior_storage_errors")

	// With room again it goes on, and says that as well.
	c.emptyDisk(t)
	after := history(keyNumber(2), 7, 20)
	send(t, client, after...)
	everySpan(t, backend, len(before)+len(during)+len(after))
	waitFor(t, "health to recover", func() bool { return !unwell(c.Health(), "connector:token_behavior") })
}

func TestABugInLearningStopsNoSpan(t *testing.T) {
	backend := newBackend(t)
	c, _ := watched(t, backend, known(keyNumber(0)), known(keyNumber(1)))
	c.args = append(c.args, "--feature-gates=connector.tokenbehavior.drill")
	c.Start()
	client := newClient(t, c.GRPC())
	mark := c.Log.Len()
	life := history(keyNumber(0), 7, 20)
	for i := range life {
		if i%10 == 0 {
			life[i].Route = "/holter/drill/panic"
		}
	}
	send(t, client, life...)
	everySpan(t, backend, len(life))
	saysSo(t, c, mark, "connector:token_behavior", "a drill: the request asked for it", "otelcol_token_behavior_panics")

	// Another token's life goes on, and with it health.
	other := history(keyNumber(1), 7, 20)
	send(t, client, other...)
	everySpan(t, backend, len(life)+len(other))
	waitFor(t, "health to recover", func() bool { return !unwell(c.Health(), "connector:token_behavior") })
}

func TestALostRegistryStopsNoSpan(t *testing.T) {
	c, backend, _, client := running(t, known(keyNumber(0)))
	send(t, client, normal(keyNumber(0)))
	everySpan(t, backend, 1)
	good, err := os.ReadFile(c.File(ownersFile))
	require.NoError(t, err)

	for what, damage := range map[string]func() error{
		"gone":   func() error { return os.Remove(c.File(ownersFile)) },
		"broken": func() error { return os.WriteFile(c.File(ownersFile), []byte("owners: [{id"), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			mark, count := c.Log.Len(), backend.SpanCount()
			require.NoError(t, damage())
			saysSo(t, c, mark, "processor:token_identity", ownersFile, "otelcol_token_registry_source_errors")

			later := normal(keyNumber(0))
			later.Sequence = count + 1
			send(t, client, later)
			everySpan(t, backend, count+1)
			last := backend.Spans()[count]
			require.Equal(t, "acme", last.Text("api_token.owner.id"), "the last good registry is in force")

			require.NoError(t, os.WriteFile(c.File(ownersFile), good, 0o600))
			waitFor(t, "health to recover", func() bool { return !unwell(c.Health(), "processor:token_identity") })
		})
	}
}

func TestADeadWebhookStopsNoSpan(t *testing.T) {
	backend := newBackend(t)
	c, webhook := watched(t, backend, expired(keyNumber(0)), known(keyNumber(2)))
	c.configs = append(c.configs, "yaml:exporters::token_response::unhealthy_after: 100ms",
		"yaml:exporters::token_response::targets::people::retry::delays: [0s, 200ms, 200ms, 1h]")
	webhook.Stop()
	c.Start()
	client := newClient(t, c.GRPC())
	mark := c.Log.Len()
	send(t, client, normal(keyNumber(0)))
	life := history(keyNumber(2), 14, 20)
	send(t, client, life...)
	everySpan(t, backend, 1+len(life))
	saysSo(t, c, mark, "exporter:token_response", "people", "otelcol_token_response_retries")
	waitFor(t, "the log to say why", func() bool { return strings.Contains(c.Log.Since(mark), "connection refused") })

	// What could not be delivered waits on disk for the receiver, over a restart.
	c.Stop()
	hunt := newHunt(map[string]string{"key": keyNumber(0), "webhook secret": webhookSecret})
	require.Empty(t, append(hunt.SearchFolder(t, c.Data, ownersFile), hunt.Search("log", []byte(c.Log.String()))...), "in the outbox or the log")
	port, err := strconv.Atoi(c.Env["WEBHOOK"])
	require.NoError(t, err)
	back := startWebhook(t, port)
	c.configs = append(c.configs, "yaml:exporters::token_response::targets::people::retry::delays: [0s, 0s, 0s, 0s, 0s]")
	c.Start()
	waitFor(t, "the webhook that waited", func() bool { return len(back.Deliveries()) > 0 })
	requireVerified(t, back.Deliveries()[0])
}

// The webhook's time-out is longer than the test's patience: whoever waited for it would fail the test.
func TestAHangingWebhookDelaysNoSpan(t *testing.T) {
	backend := newBackend(t)
	c, _ := watched(t, backend, expired(keyNumber(0)), known(keyNumber(1)))
	c.configs = append(c.configs, "yaml:exporters::token_response::targets::people::webhook::timeout: 10m")
	c.Env["WEBHOOK"] = newSilentServer(t)
	c.Start()
	client := newClient(t, c.GRPC())
	send(t, client, normal(keyNumber(0)))
	life := history(keyNumber(1), 14, 20)
	send(t, client, life...)
	everySpan(t, backend, 1+len(life))
}

func TestADamagedStateStopsNoSpan(t *testing.T) {
	c, backend, _, client := running(t, known(keyNumber(0)))
	life := history(keyNumber(0), 14, 20)
	send(t, client, life...)
	everySpan(t, backend, len(life))
	c.Stop()
	damageState(t, c.File("state"))

	mark := c.Log.Len()
	c.Start()
	more := theft(keyNumber(0), start.AddDate(0, 0, 20), 10)
	send(t, client, more...)
	everySpan(t, backend, len(life)+len(more))
	saysSo(t, c, mark, "connector:token_behavior", "state", "otelcol_token_behavior_storage_errors")
}
