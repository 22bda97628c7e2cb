// Package tokenregistry is what Holter knows of tokens while it runs: the keys they are named under, the sources that say whose
// they are, and what has been seen of them. The token_registry extension shares one Registry among all components; without it
// token_identity keeps one of its own.
package tokenregistry

//go:generate go tool -modfile=../tools/go.mod mdatagen metadata.yaml
