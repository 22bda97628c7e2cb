package integration

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Caddy is a real one in front of a service.
type Caddy struct {
	*Process
	Log *Log
	URL string
}

// startCaddy serves a site without TLS: directives of a Caddyfile.
func startCaddy(t testing.TB, directives string) *Caddy {
	t.Helper()
	folder := t.TempDir()
	c := &Caddy{Log: &Log{}, URL: "http://127.0.0.1:" + freePorts(t, 1)[0]}
	path := filepath.Join(folder, "Caddyfile")
	config := fmt.Sprintf("{\n\tadmin off\n\tauto_https off\n}\n%s {\n%s}\n", c.URL, directives)
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	own := map[string]string{"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}
	c.Process = startProcess(t, c.Log, folder, own, caddyBin, "run", "--config", path, "--adapter", "caddyfile")
	waitFor(t, "Caddy to be ready", func() bool {
		require.False(t, c.Exited(), "Caddy stopped instead of starting:\n%s", c.Log)
		answer, err := http.Get(c.URL + "/")
		return err == nil && answer.Body.Close() == nil
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Caddy's last lines:\n%s", c.Log.Tail(30))
		}
	})
	return c
}

// Get is the status that Caddy answers with.
func (c *Caddy) Get(t testing.TB, path, key string) (int, http.Header) {
	t.Helper()
	return get(t, c.URL+path, key)
}
