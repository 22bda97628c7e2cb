// Package tokenstoreextension keeps what tokens did, and what was said and decided about them: it owns the folder, and shares the store
// in it with the exporter that writes, the receiver that tails the journal, and the console.
package tokenstoreextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
