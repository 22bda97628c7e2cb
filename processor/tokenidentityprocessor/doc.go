// Package tokenidentityprocessor recognises the API token behind every span and log record, says whose it is and where it
// was used from, and erases its secret: after this processor no exported telemetry holds a raw credential.
//
// It finds (internal/credential), resolves (internal/identity, internal/registry, internal/geo), erases and annotates
// (internal/otelattr). The nodes of one component id, one per pipeline, share one runtime: one set of keys, one registry,
// one cache, one storage client.
package tokenidentityprocessor

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
