package integration

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Acts are stopped by a signal, and that is remembered when the process ends without a warning.
func TestASignalStopsAllActs(t *testing.T) {
	world := newFlaky(t)
	world.calm()
	c := newCollector(t, "testdata/desk.yaml")
	c.Env["TARGETS"], c.Env["WEBHOOK_SECRET"], c.Env["DELAYS"] = world.URL, webhookSecret, "[0s, 100ms]"
	c.Start()
	mark := c.Log.Len()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGUSR1))
	c.says(t, mark, "All acts are stopped.")
	client := newClient(t, c.GRPC())
	require.NoError(t, client.Logs(leakedTokens(0, 1)))
	waitFor(t, "the message", func() bool { return world.heard(0, "/people opened") })
	c.Kill9()
	c.Start()
	require.NoError(t, client.Logs(leakedTokens(1, 2)))
	waitFor(t, "the message", func() bool { return world.heard(1, "/people opened") })
	require.Empty(t, world.acts(), "nothing was locked")
}

// The file that stops all acts works while the process runs, and goes on with the next anomaly once it is gone.
func TestAFileStopsAllActs(t *testing.T) {
	world := newFlaky(t)
	world.calm()
	c := newCollector(t, "testdata/desk.yaml", "yaml:exporters::token_response::stop_file: ${env:HOLTER_DATA}/stop")
	c.Env["TARGETS"], c.Env["WEBHOOK_SECRET"], c.Env["DELAYS"] = world.URL, webhookSecret, "[0s, 100ms]"
	require.NoError(t, os.WriteFile(c.File("stop"), nil, 0o600))
	c.Start()
	client := newClient(t, c.GRPC())
	require.NoError(t, client.Logs(leakedTokens(0, 1)))
	waitFor(t, "the message", func() bool { return world.heard(0, "/people opened") })
	require.Empty(t, world.acts())
	mark := c.Log.Len()
	require.NoError(t, os.Remove(c.File("stop")))
	c.says(t, mark, "The stop file is gone")
	require.NoError(t, client.Logs(leakedTokens(1, 2)))
	waitFor(t, "the act", func() bool { return world.heard(1, "/people act_done") })
	require.Equal(t, map[string]int{"1": 1}, world.acts())
}

// says waits until the collector has said something since a mark.
func (c *Collector) says(t testing.TB, mark int, text string) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%q in the log", text), func() bool { return strings.Contains(c.Log.Since(mark), text) })
}

// heard says whether a target accepted a message about a token.
func (f *flaky) heard(token int, what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.told[fmt.Sprint(token)][what]
}

// acts are the tokens that were locked, and how often.
func (f *flaky) acts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]int, len(f.locked))
	for token, n := range f.locked {
		all[token] = n
	}
	return all
}
