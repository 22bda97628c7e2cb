// Package tokenconsoleextension shows what a token_store holds: a page for people, and the HTTP API that it is drawn from.
package tokenconsoleextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
