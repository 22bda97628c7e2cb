package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// NodeApp is one of the servers in node/.
type NodeApp struct {
	*Process
	Log  *Log
	Port int
}

// startNode runs a script and returns once it listens.
func startNode(t testing.TB, env map[string]string, args ...string) *NodeApp {
	t.Helper()
	app := &NodeApp{Log: &Log{}}
	app.Process = startProcess(t, app.Log, absolute("node"), env, nodeBin, args...)
	waitFor(t, fmt.Sprintf("%v to listen", args), func() bool {
		if app.Exited() {
			t.Fatalf("%v stopped instead of listening:\n%s", args, app.Log)
		}
		for _, line := range app.lines() {
			var started struct{ Listening int }
			if json.Unmarshal([]byte(line), &started) == nil && started.Listening != 0 {
				app.Port = started.Listening
			}
		}
		return app.Port != 0
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last lines of %v:\n%s", args, app.Log.Tail(20))
		}
	})
	return app
}

// startInstrumented runs an app under the OpenTelemetry SDK, which sends to the OTLP/HTTP endpoint.
func startInstrumented(t testing.TB, endpoint, service string, env map[string]string, args ...string) *NodeApp {
	t.Helper()
	all := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
		"OTEL_SERVICE_NAME":           service,
		"OTEL_RESOURCE_ATTRIBUTES":    "service.version=2.7.0,deployment.environment.name=test",
		"OTEL_BSP_SCHEDULE_DELAY":     "100",
		"OTEL_METRICS_EXPORTER":       "none",
		"OTEL_LOGS_EXPORTER":          "none",
	}
	for name, value := range env {
		all[name] = value
	}
	return startNode(t, all, append([]string{"--require", "./tracing.cjs"}, args...)...)
}

// URL is where the app is called.
func (a *NodeApp) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", a.Port) }

// lines are the complete lines of what the app has printed.
func (a *NodeApp) lines() []string {
	lines := strings.Split(a.Log.String(), "\n")
	return lines[:len(lines)-1]
}
