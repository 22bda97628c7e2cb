// Package store keeps what tokens did, and what was said and decided about them: usage by the minute, hour and day; one record of each token
// that outlives its usage; events; and the journal that console and responder write to and pipelines read from.
//
// Usage is kept as narrow facts, each of one dimension, since a cube of all dimensions does not roll up. So a question may ask for some
// tokens, some time, and one dimension more.
package store
