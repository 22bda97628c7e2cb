package main

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/featuregate"
)

// componentHealth makes health_check report what each component says of itself, so that a registry that is gone or a full
// disk shows there, with ?verbose. Upstream that is behind a feature gate and under other keys. A configuration without
// Holter's components is left alone: it gets the health check of the stock Collector.
func componentHealth(conf *confmap.Conf) error {
	settings := conf.ToStringMap()
	if !hasOwnComponents(settings) {
		return nil
	}
	if err := featuregate.GlobalRegistry().Set("extension.healthcheck.useComponentStatus", true); err != nil {
		return fmt.Errorf("health_check: %w", err)
	}
	for id := range child(settings, "extensions") {
		if !isOf(id, "health_check") {
			continue
		}
		http, ok := byComponent(child(settings, "extensions", id))
		if !ok {
			continue
		}
		change := map[string]any{"extensions": map[string]any{id: map[string]any{"http": http}}}
		if err := conf.Merge(confmap.NewFromStringMap(change)); err != nil {
			return fmt.Errorf("extensions::%s: %w", id, err)
		}
	}
	return nil
}

// byComponent translates health_check's plain settings into those of the health check by component. Settings that have no
// equal there are left as they are: the extension knows how to go on with them.
func byComponent(plain map[string]any) (map[string]any, bool) {
	http := map[string]any{"endpoint": "localhost:13133"}
	path := any("/")
	for key, value := range plain {
		switch key {
		case "endpoint":
			http["endpoint"] = value
		case "path":
			path = value
		default:
			return nil, false
		}
	}
	http["status"] = map[string]any{"enabled": true, "path": path}
	return http, true
}

func hasOwnComponents(conf map[string]any) bool {
	for _, section := range []string{"extensions", "processors", "connectors", "exporters"} {
		for id := range child(conf, section) {
			if name, _, _ := strings.Cut(id, "/"); ownTypes[name] {
				return true
			}
		}
	}
	return false
}
