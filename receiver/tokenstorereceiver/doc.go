// Package tokenstorereceiver brings what people and the responder say and decide, the journal of the token_store extension, into logs
// pipelines.
package tokenstorereceiver

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
