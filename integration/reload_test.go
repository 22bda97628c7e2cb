package integration

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// On SIGHUP the Collector builds everything anew within the same process: Holter goes on with what it knew.
func TestAReloadForgetsNothing(t *testing.T) {
	c, backend, webhook, client := running(t, known(keyNumber(0)))
	life := history(keyNumber(0), 42, 8)
	send(t, client, life...)
	everySpan(t, backend, len(life))

	mark := c.Log.Len()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGHUP))
	waitFor(t, "the collector to be ready again", func() bool { return strings.Contains(c.Log.Since(mark), ready) })
	stolen := theft(keyNumber(0), start.AddDate(0, 0, 43).Add(nightHours), 20)
	send(t, client, stolen...)
	everySpan(t, backend, len(life)+len(stolen))
	waitFor(t, "the webhook", func() bool { return len(webhook.Deliveries()) > 0 })
	requireVerified(t, webhook.Deliveries()[0])
	require.Contains(t, webhook.Deliveries()[0].Field(t, "data", "sentence"), "came from DE (now BR)")
}
