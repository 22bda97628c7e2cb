// Package tokenstoreexporter writes usage metrics, anomalies, baselines and auth events into the store of the token_store extension.
package tokenstoreexporter

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
