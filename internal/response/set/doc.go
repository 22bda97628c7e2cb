// Package set tells receivers of Security Event Tokens (RFC 8417) what has become of a token's safety, in the words of CAEP and RISC,
// by push (RFC 8935). Such events state facts, they command nothing: what a receiver does about them is its own decision.
package set
