package integration

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// ready is what a collector logs when every component has started.
const ready = "Everything is ready"

// Keys of the tests: the same token has the same id in each of them.
const (
	identityKey    = "aWRlbnRpdHkga2V5IG9mIHRoZSBpbnRlZ3JhdGlvbiB0ZXN0cyE="
	fingerprintKey = "ZmluZ2VycHJpbnQga2V5IG9mIHRoZSBpbnRlZ3JhdGlvbiB0ZXN0cw=="
)

// Collector is an otelcol-holter, with the ports and the data folder that its config finds in the environment.
type Collector struct {
	*Process
	Data string // HOLTER_DATA
	Log  *Log   // of every run, restarts included
	Env  map[string]string

	t       testing.TB
	configs []string
	args    []string
}

// newCollector prepares a collector that is not yet running. Later configs are laid over earlier ones, as by the binary.
func newCollector(t testing.TB, configs ...string) *Collector {
	t.Helper()
	c := &Collector{Data: t.TempDir(), Log: &Log{}, t: t}
	for _, config := range configs {
		if !strings.HasPrefix(config, "yaml:") {
			config = absolute(config)
		}
		c.configs = append(c.configs, config)
	}
	ports := freePorts(t, 6)
	c.Env = map[string]string{
		"HOLTER_DATA": c.Data, "IDENTITY_KEY": identityKey, "FINGERPRINT_KEY": fingerprintKey,
		"OTLP_GRPC": ports[0], "OTLP_HTTP": ports[1], "PROMETHEUS": ports[2], "TELEMETRY": ports[3], "HEALTH": ports[4], "CONSOLE": ports[5],
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the collector's last lines:\n%s", c.Log.Tail(60))
		}
	})
	return c
}

// Start runs the collector and returns when it is ready. It serves for a restart as well.
func (c *Collector) Start() *Collector {
	c.t.Helper()
	mark := c.Log.Len()
	c.launch()
	waitFor(c.t, "the collector to be ready", func() bool {
		if c.Exited() {
			c.t.Fatalf("the collector stopped instead of starting:\n%s", c.Log.Since(mark))
		}
		return strings.Contains(c.Log.Since(mark), ready)
	})
	return c
}

// Run lets the collector end by itself and returns its exit code and what it said.
func (c *Collector) Run(args ...string) (code int, output string) {
	c.t.Helper()
	mark := c.Log.Len()
	c.launch(args...)
	return c.Wait(patience), c.Log.Since(mark)
}

func (c *Collector) launch(args ...string) {
	c.t.Helper()
	for _, config := range c.configs {
		args = append(args, "--config", config)
	}
	args = append(args, c.args...)
	c.Process = startProcess(c.t, c.Log, c.Data, c.Env, collectorBin, args...)
}

// onOwnPorts are the flags that move a shipped config to the ports of this test.
func (c *Collector) onOwnPorts() []string {
	return []string{
		"--set=receivers.otlp.protocols.grpc.endpoint=" + c.GRPC(),
		"--set=receivers.otlp.protocols.http.endpoint=" + strings.TrimPrefix(c.HTTP(), "http://"),
		"--set=exporters.prometheus.endpoint=127.0.0.1:" + c.Env["PROMETHEUS"],
		"--set=extensions.health_check.endpoint=127.0.0.1:" + c.Env["HEALTH"],
		"--set=extensions.token_console.endpoint=127.0.0.1:" + c.Env["CONSOLE"],
		"--set=connectors.token_behavior.metrics.flush_interval=1s",
		"--set=service.telemetry.metrics.level=none", // else on the well-known port 8888
	}
}

// File is a path in the data folder.
func (c *Collector) File(name string) string { return filepath.Join(c.Data, name) }

// GRPC is where the collector takes OTLP over gRPC.
func (c *Collector) GRPC() string { return "127.0.0.1:" + c.Env["OTLP_GRPC"] }

// HTTP is where the collector takes OTLP over HTTP.
func (c *Collector) HTTP() string { return "http://127.0.0.1:" + c.Env["OTLP_HTTP"] }

// Usage is the page of the prometheus exporter: the usage metrics.
func (c *Collector) Usage() string { return page(c.Env["PROMETHEUS"], "/metrics") }

// Telemetry is the page of the collector's own metrics.
func (c *Collector) Telemetry() string { return page(c.Env["TELEMETRY"], "/metrics") }

// Health is what the health endpoint says, component by component.
func (c *Collector) Health() string { return page(c.Env["HEALTH"], "/?verbose") }

// Console is where the page is.
func (c *Collector) Console() string { return "http://127.0.0.1:" + c.Env["CONSOLE"] }

// page is what a local server answers; empty while it does not.
func page(port, path string) string {
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%s%s", port, path))
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}
