// Package registry knows whose tokens are whose: owners and tokens as the operator writes them down. It joins a token that was
// seen to one that is registered by the SHA-256 of the credential, by its id at a gateway, by its claims, or by its first and
// last characters; it holds no credential itself.
package registry

import (
	"net/netip"
	"time"
)

// Owner answers for tokens.
type Owner struct {
	ID, Name, Type, Team string
}

// Token is one registered token.
type Token struct {
	ID        string // the registry's own id
	Owner     *Owner // nil: nobody
	Status    Status
	CreatedAt time.Time // zero: unknown
	ExpiresAt time.Time // zero: never
	Scopes    []string
	Tags      map[string]string
	Networks  []netip.Prefix // where it may be used from; none: anywhere
	Routes    []Route        // what it may be used on; none: anything

	Replaces   string    // the registry's id of the token that this one succeeds
	RotatedAt  time.Time // when it took over; zero: unknown
	APITokenID string    // the api_token.id that it must have; empty: what its credential makes it

	// What the other registered tokens say of it.

	First       string    // the registry's id of the first of its rotations; its own id if it succeeds none
	Rotates     bool      // it succeeds another, or another succeeds it
	UsableUntil time.Time // another has taken over, and from then on it is out of use; zero: no end is known

	joined join
}

// Status is what the registry says of a token.
type Status string

// Statuses. Unknown is said of a token that is not registered, where there is a registry.
const (
	Active  Status = "active"
	Expired Status = "expired"
	Revoked Status = "revoked"
	Leaked  Status = "leaked"
	Decoy   Status = "decoy"
	Unknown Status = "unknown"
)

// join is what a token was found by.
type join uint8

const (
	byDigest join = iota + 1
	byGateway
	byUser
	byClaims
	bySubject
	byEnds
)

// One says whether a registered token was found by what only one identity can have, so that what is known of the one holds of the
// other: not by claims that many share.
func (t *Token) One() bool { return t.joined != byClaims }
