// Package report reads access logs and OTLP files as a Holter would, and writes what it finds about their tokens as one HTML page.
// Credentials go through token_identity itself, under a key that is thrown away: the page holds hints only.
package report
