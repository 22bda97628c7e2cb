//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package tokenresponseexporter turns api_token.anomaly events into messages to people and calls that act on a token.
//
// It is a thin shell around internal/response: it matches log records with rules, commits what is to be sent to a durable
// outbox and acknowledges; one scheduler per target delivers.
package tokenresponseexporter
