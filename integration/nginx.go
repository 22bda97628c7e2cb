package integration

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nginx is a real one in front of a service.
type Nginx struct {
	*Process
	Log  *Log
	URL  string
	port string
}

// startNginx puts blocks of configuration into its http {} and its server {}.
func startNginx(t testing.TB, inHTTP, inServer string) *Nginx {
	t.Helper()
	folder := t.TempDir()
	n := &Nginx{Log: &Log{}, port: freePorts(t, 1)[0]}
	n.URL = "http://127.0.0.1:" + n.port
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s;\n", kind, filepath.Join(folder, kind))
	}
	config := fmt.Sprintf("daemon off;\nworker_processes 1;\npid %s;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s\nserver {\nlisten 127.0.0.1:%s;\n%s\n}\n}\n",
		filepath.Join(folder, "pid"), temporary.String(), inHTTP, n.port, inServer)
	path := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	n.Process = startProcess(t, n.Log, folder, nil, nginxBin, "-e", "stderr", "-p", folder, "-c", path)
	waitFor(t, "nginx to be ready", func() bool {
		require.False(t, n.Exited(), "nginx stopped instead of starting:\n%s", n.Log)
		answer, err := http.Get(n.URL + "/")
		return err == nil && answer.Body.Close() == nil
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nginx's last lines:\n%s", n.Log.Tail(30))
		}
	})
	return n
}

// Get is the status that nginx answers with.
func (n *Nginx) Get(t testing.TB, path, key string) (int, http.Header) {
	t.Helper()
	return get(t, n.URL+path, key)
}

// get asks with a key.
func get(t testing.TB, address, key string) (int, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", key)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, answer.Header
}
