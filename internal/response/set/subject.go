package set

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// Subject says whom an event is about: a subject identifier (RFC 9493) made of the event's own values.
type Subject struct {
	Format  string // one of Formats
	Issuer  string // iss_sub: instead of the token's own issuer
	Account string // account: what follows acct:, {owner} and {token} stand for the ids
}

// Formats of subjects.
const (
	FormatOpaque  = "opaque"  // the registry's id of the token, or Holter's own
	FormatIssSub  = "iss_sub" // the owner, at the issuer
	FormatEmail   = "email"   // the owner's id, which has to be an address
	FormatAccount = "account" // an acct: URI
)

// Formats are all.
var Formats = []string{FormatOpaque, FormatIssSub, FormatEmail, FormatAccount}

// Valid says what is wrong with the configuration.
func (s Subject) Valid() error {
	switch s.Format {
	case FormatOpaque, FormatIssSub, FormatEmail:
		return nil
	case FormatAccount:
		if !strings.Contains(s.Account, "@") {
			return fmt.Errorf("account: %q: write what follows acct:, for example {owner}@example.com", s.Account)
		}
		return nil
	}
	return fmt.Errorf("format: %q: write one of %s", s.Format, strings.Join(Formats, ", "))
}

var (
	errNoOwner  = errors.New("the event has no token.owner.id: no registry knows the token; add it to one, or choose another subject::format")
	errNoIssuer = errors.New("the event has no token.issuer: write subject::issuer")
)

// of is the subject of an event.
func (s Subject) of(e *response.Event) (map[string]string, error) {
	owner := ""
	if e.Token.Owner != nil {
		owner = e.Token.Owner.ID
	}
	if owner == "" && s.Format != FormatOpaque {
		return nil, errNoOwner
	}
	switch s.Format {
	case FormatIssSub:
		issuer := s.Issuer
		if issuer == "" {
			issuer = e.Token.Issuer
		}
		if issuer == "" {
			return nil, errNoIssuer
		}
		return map[string]string{"format": FormatIssSub, "iss": issuer, "sub": owner}, nil
	case FormatEmail:
		if !strings.Contains(owner, "@") {
			return nil, fmt.Errorf("the owner's id %q is no address: choose another subject::format", owner)
		}
		return map[string]string{"format": FormatEmail, "email": owner}, nil
	case FormatAccount:
		name := strings.NewReplacer("{owner}", owner, "{token}", e.Token.ID).Replace(s.Account)
		return map[string]string{"format": FormatAccount, "uri": "acct:" + name}, nil
	}
	id := e.Token.RegistryID
	if id == "" {
		id = e.Token.ID
	}
	if id == "" {
		return nil, errors.New("the event has neither token.registry_id nor token.id")
	}
	return map[string]string{"format": FormatOpaque, "id": id}, nil
}
