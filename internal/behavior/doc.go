// Package behavior knows how each API token normally behaves, notices when that changes, and keeps the promise of the alert budget.
//
// The way of a request through it: Engine.Apply splits a batch at the days of event time and hands each request to the shard of its
// token; the token bets on every facet of it (facets.go) against its own baseline and its peers (peers.go); the detectors add the
// evidence up over days (detectors.go) and compare it with what the budget asks for (budget.go); what is over it is explained
// (explain.go) and returned as an event. Rules (rules.go) need no statistics.
//
// The package is pure: no clock, no randomness, no telemetry formats. The same observations give the same events, however they are
// split into calls and whether or not the state was saved and restored in between.
package behavior
