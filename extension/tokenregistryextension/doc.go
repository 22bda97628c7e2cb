// Package tokenregistryextension holds the registry of tokens for all components of a Collector at once: the keys that tokens are
// named under, the sources that say whose they are, and what has been seen of them.
package tokenregistryextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
