package otelattr

import "go.opentelemetry.io/collector/pdata/pcommon"

// SourceOf names what has a clock of its own among the resources: the instance, or else the host, or else the service.
func SourceOf(resource pcommon.Map) string {
	for _, name := range [...]string{"service.instance.id", "host.name", ServiceName} {
		if v, ok := resource.Get(name); ok && v.AsString() != "" {
			return v.AsString()
		}
	}
	return ""
}
