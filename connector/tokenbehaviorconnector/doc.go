//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package tokenbehaviorconnector learns how each API token normally behaves. It counts what tokens do as metrics and
// raises an anomaly event, a log record, when one of them changes its behaviour.
package tokenbehaviorconnector
