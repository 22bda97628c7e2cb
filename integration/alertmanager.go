package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Alertmanager is a real one that tells nobody.
type Alertmanager struct {
	*Process
	Log  *Log
	Port string
}

// Alert is what Alertmanager shows.
type Alert struct {
	Labels, Annotations map[string]string
	GeneratorURL        string
	StartsAt, EndsAt    string
	Status              struct{ State string }
}

func startAlertmanager(t testing.TB) *Alertmanager {
	t.Helper()
	if _, err := os.Stat("/usr/share/prometheus/alertmanager/default.tmpl"); err != nil {
		t.Skip("Alertmanager's templates are missing: run integration/setup.sh as root")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "alertmanager.yml")
	require.NoError(t, os.WriteFile(path, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600))
	a := &Alertmanager{Log: &Log{}, Port: freePorts(t, 1)[0]}
	a.Process = startProcess(t, a.Log, folder, nil, alertsBin, "--config.file="+path, "--storage.path="+filepath.Join(folder, "data"),
		"--web.listen-address=127.0.0.1:"+a.Port, "--cluster.listen-address=")
	waitFor(t, "alertmanager to be ready", func() bool { return strings.Contains(page(a.Port, "/-/ready"), "OK") })
	return a
}

// Alerts are those that are open, by name and severity.
func (a *Alertmanager) Alerts(t testing.TB) map[string]Alert {
	t.Helper()
	var all []Alert
	text := page(a.Port, "/api/v2/alerts")
	require.NoError(t, json.Unmarshal([]byte(text), &all), text)
	open := make(map[string]Alert)
	for _, alert := range all {
		open[alert.Labels["alertname"]+" "+alert.Labels["severity"]] = alert
	}
	require.Len(t, open, len(all), "one alert of each name and severity: %s", text)
	return open
}
