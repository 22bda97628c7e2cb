// Package console answers what people ask of a store: over HTTP, as JSON, as files and as a stream, each within the scope of whoever asks.
// It serves the page that draws the answers, and takes down what people say in return.
//
// Its routes stand in one table, which is what is served and what the OpenAPI document is made of.
package console
