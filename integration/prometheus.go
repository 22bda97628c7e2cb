package integration

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Prometheus is a real one that scrapes a single target.
type Prometheus struct {
	*Process
	Log  *Log
	port string
}

func startPrometheus(t testing.TB, targetPort string) *Prometheus {
	t.Helper()
	folder := t.TempDir()
	config, err := os.ReadFile("testdata/prometheus.yml")
	require.NoError(t, err)
	path := filepath.Join(folder, "prometheus.yml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(config), "PORT", targetPort, 1)), 0o600))
	p := &Prometheus{Log: &Log{}, port: freePorts(t, 1)[0]}
	p.Process = startProcess(t, p.Log, folder, nil, prometheusBin, "--config.file="+path, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address=127.0.0.1:"+p.port, "--enable-feature=native-histograms")
	waitFor(t, "prometheus to be ready", func() bool { return strings.Contains(page(p.port, "/-/ready"), "is Ready") })
	return p
}

// Query asks for an instant vector and returns its values by the labels given, joined with a slash.
func (p *Prometheus) Query(t testing.TB, query string, by ...string) map[string]float64 {
	t.Helper()
	text := page(p.port, "/api/v1/query?query="+url.QueryEscape(query))
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any // time, value as text
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer), text)
	require.Equal(t, "success", answer.Status, answer.Error)
	values := map[string]float64{}
	for _, result := range answer.Data.Result {
		value, err := strconv.ParseFloat(result.Value[1].(string), 64)
		require.NoError(t, err)
		key := make([]string, len(by))
		for i, label := range by {
			key[i] = result.Metric[label]
		}
		values[strings.Join(key, "/")] = value
	}
	return values
}
