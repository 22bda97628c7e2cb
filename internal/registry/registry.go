// Package registry knows whose tokens are whose: owners and tokens as the operator writes them down. It joins a token that was
// seen to one that is registered by the SHA-256 of the credential, by its claims, or by its first and last characters; it holds
// no credential itself.
package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/credential"
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
	ExpiresAt time.Time // zero: never
	Scopes    []string
	Tags      map[string]string
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

// At is the status at a time, and what the use of the token at that time violates.
func (t *Token) At(when time.Time) (Status, []string) {
	switch {
	case t.Status != Active:
		return t.Status, []string{string(t.Status)}
	case !t.ExpiresAt.IsZero() && when.After(t.ExpiresAt):
		return Expired, []string{string(Expired)}
	}
	return Active, nil
}

// Snapshot is one reading of the registry, immutable. The nil snapshot is no registry.
type Snapshot struct {
	tokens int
	sha256 map[[sha256.Size]byte]*Token
	users  map[string]*Token
	claims map[claims]*Token
	ends   map[string][]ending // by the last four
}

// claims are those that a registered token is joined by; empty ones are not asked for.
type claims struct{ issuer, clientID, subject string }

type ending struct {
	prefix string
	token  *Token
}

// Len is how many tokens are registered.
func (s *Snapshot) Len() int {
	if s == nil {
		return 0
	}
	return s.tokens
}

// Find is the registered token that a credential belongs to, nil if there is none. The surest way of joining wins: the whole
// credential, then the user of Basic, then its claims from the narrowest set to the widest, then its ends.
func (s *Snapshot) Find(c credential.Credential) *Token {
	if s == nil {
		return nil
	}
	if len(s.sha256) > 0 {
		if t := s.sha256[sha256.Sum256([]byte(c.Raw))]; t != nil {
			return t
		}
	}
	if c.Kind == credential.Basic {
		if t := s.users[c.User]; t != nil {
			return t
		}
	}
	if t := s.byClaims(c.Claims); t != nil {
		return t
	}
	return s.byEnds(c.Raw)
}

func (s *Snapshot) byClaims(of *credential.Claims) *Token {
	if of == nil || len(s.claims) == 0 {
		return nil
	}
	full := claims{of.Issuer, of.ClientID, of.Subject}
	for _, c := range [...]claims{
		full,
		{"", of.ClientID, of.Subject},
		{of.Issuer, "", of.Subject},
		{of.Issuer, of.ClientID, ""},
		{"", "", of.Subject},
		{"", of.ClientID, ""},
	} {
		if c == (claims{}) || c == (claims{issuer: of.Issuer}) {
			continue
		}
		if t := s.claims[c]; t != nil {
			return t
		}
	}
	return nil
}

func (s *Snapshot) byEnds(raw string) *Token {
	if len(raw) < 8 || len(s.ends) == 0 {
		return nil
	}
	var best ending
	for _, e := range s.ends[raw[len(raw)-4:]] {
		if strings.HasPrefix(raw, e.prefix) && (best.token == nil || len(e.prefix) > len(best.prefix)) {
			best = e
		}
	}
	return best.token
}

func parseDigest(text string) (d [sha256.Size]byte, ok bool) {
	n, err := hex.Decode(d[:], []byte(strings.ToLower(text)))
	return d, err == nil && n == len(d)
}
