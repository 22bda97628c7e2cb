// Package response decides who is told of an anomaly and what is done about it: which targets an event goes to, when a
// delivery is tried again, and what an answer means. Everything here is a pure function of its arguments: time and
// randomness are handed in, so that the same input gives the same output.
//
// Below it, outbox keeps deliveries on disk, courier runs one scheduler per target, message holds the formats that people
// and their tools read, and provider the calls that act on a token.
package response
