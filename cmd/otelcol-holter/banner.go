package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"
)

// ready is what the Collector logs once every component has started, and so listens.
const ready = "Everything is ready. Begin running and processing data."

// announce prints the banner when the Collector says that it is ready, and again after a reload.
func (e *effectiveConfig) announce(w io.Writer) func(zapcore.Entry) error {
	return func(entry zapcore.Entry) error {
		if entry.Message == ready {
			_, _ = io.WriteString(w, banner(e.conf))
		}
		return nil
	}
}

// banner says what of the configuration listens and writes where, and how an app is pointed at it.
func banner(conf map[string]any) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "    %-11s "+format+"\n", append([]any{name}, args...)...)
	}

	fmt.Fprintf(&b, "\n  Holter %s is listening.\n\n", version)
	for _, console := range used(conf, "extensions", "token_console") {
		at, _ := endpoint(console, "127.0.0.1:8686")
		scheme := "http"
		if _, ok := console["tls"]; ok {
			scheme = "https"
		}
		line("console", "%s://%s", scheme, reachable(at))
	}
	var http, grpc string
	for _, otlp := range used(conf, "receivers", "otlp") {
		if at, ok := endpoint(otlp, "localhost:4317", "protocols", "grpc"); ok {
			grpc = "http://" + reachable(at)
			line("OTLP gRPC", "%s", at)
		}
		if at, ok := endpoint(otlp, "localhost:4318", "protocols", "http"); ok {
			http = "http://" + reachable(at)
			line("OTLP HTTP", "http://%s", at)
		}
	}
	for _, prometheus := range used(conf, "exporters", "prometheus") {
		if at, ok := endpoint(prometheus, ""); ok {
			line("metrics", "http://%s/metrics", at)
		}
	}
	for _, file := range used(anomalies(conf), "exporters", "file") {
		if path, ok := file["path"].(string); ok {
			line("anomalies", "%s", absolute(path))
		}
	}
	for _, storage := range used(conf, "extensions", "file_storage") {
		if path, ok := storage["directory"].(string); ok {
			line("state", "%s", absolute(path))
		}
	}
	for _, health := range used(conf, "extensions", "health_check") {
		at, byComponent := endpoint(health, "", "http")
		if !byComponent {
			at, _ = endpoint(health, "localhost:13133")
		}
		line("health", "http://%s", at)
	}
	for _, response := range used(conf, "exporters", "token_response") {
		if dry, ok := response["dry_run"].(bool); ok && !dry {
			line("responses", "live: tokens may be locked or revoked")
		} else {
			line("responses", "dry run: nothing is locked or revoked")
		}
	}
	switch {
	case http != "":
		fmt.Fprintf(&b, "\n  Point an app at it:  OTEL_EXPORTER_OTLP_ENDPOINT=%s OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n", http)
	case grpc != "":
		fmt.Fprintf(&b, "\n  Point an app at it:  OTEL_EXPORTER_OTLP_ENDPOINT=%s OTEL_EXPORTER_OTLP_PROTOCOL=grpc\n", grpc)
	}
	b.WriteByte('\n')
	return b.String()
}

// anomalies is the part of the configuration that anomaly events go through: the logs pipelines behind token_behavior.
func anomalies(conf map[string]any) map[string]any {
	pipelines := map[string]any{}
	for id, settings := range child(conf, "service", "pipelines") {
		pipeline, _ := settings.(map[string]any)
		if isOf(id, "logs") && slices.ContainsFunc(names(pipeline["receivers"]), func(id string) bool { return isOf(id, "token_behavior") }) {
			pipelines[id] = pipeline
		}
	}
	return map[string]any{"exporters": conf["exporters"], "service": map[string]any{"pipelines": pipelines}}
}

// isOf says whether an id such as file/spans is of a type.
func isOf(id, kind string) bool {
	name, _, _ := strings.Cut(id, "/")
	return name == kind
}

// used returns the settings of the components of one type that a pipeline, or the service itself, makes use of.
func used(conf map[string]any, section, kind string) []map[string]any {
	service := child(conf, "service")
	var ids []string
	if section == "extensions" {
		ids = names(service[section])
	} else {
		for _, pipeline := range child(service, "pipelines") {
			pipeline, _ := pipeline.(map[string]any)
			ids = append(ids, names(pipeline[section])...)
		}
	}
	slices.Sort(ids)
	var found []map[string]any
	for _, id := range slices.Compact(ids) {
		if isOf(id, kind) {
			found = append(found, child(conf, section, id))
		}
	}
	return found
}

// endpoint looks one up below path. It answers false where nothing listens.
func endpoint(settings map[string]any, otherwise string, path ...string) (string, bool) {
	for _, key := range path {
		if _, ok := settings[key]; !ok {
			return "", false
		}
		settings = child(settings, key)
	}
	if at, ok := settings["endpoint"].(string); ok {
		return at, true
	}
	return otherwise, otherwise != ""
}

// reachable turns an address to listen on into one to call.
func reachable(at string) string {
	host, port, err := net.SplitHostPort(at)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return at
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func child(m map[string]any, path ...string) map[string]any {
	for _, key := range path {
		m, _ = m[key].(map[string]any)
	}
	return m
}

func names(list any) []string {
	items, _ := list.([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if name, ok := item.(string); ok {
			out = append(out, name)
		}
	}
	return out
}
