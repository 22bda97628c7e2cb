package store

import (
	"strings"
	"time"
)

// Token is what outlives the usage of a token: whose it is, when it was seen first, how it was used last. An empty field of a sighting
// changes nothing; of two sightings the one with the later LastUse.At wins.
type Token struct {
	ID          string            `json:"id"`
	Direction   string            `json:"direction,omitempty"` // inbound or outbound
	Hint        string            `json:"hint,omitempty"`
	Type        string            `json:"type,omitempty"`
	Format      string            `json:"format,omitempty"`
	RegistryID  string            `json:"registry_id,omitempty"`
	OwnerID     string            `json:"owner_id,omitempty"`
	OwnerName   string            `json:"owner_name,omitempty"`
	OwnerType   string            `json:"owner_type,omitempty"`
	OwnerTeam   string            `json:"owner_team,omitempty"`
	Tenant      string            `json:"tenant,omitempty"`
	Environment string            `json:"environment,omitempty"` // deployment.environment.name
	Status      string            `json:"status,omitempty"`      // active, expired, revoked, leaked, decoy, unknown
	Scopes      []string          `json:"scopes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	ExpiresAt   time.Time         `json:"expires_at,omitzero"`
	FirstSeen   time.Time         `json:"first_seen,omitzero"`
	LastUse     Use               `json:"last_use,omitzero"`
	Requests    int64             `json:"requests"` // ever
	Evidence    Evidence          `json:"evidence,omitzero"`
}

// HasTag says whether the token has a tag, written key:value. Keys and values may hold colons.
func (t *Token) HasTag(tag string) bool {
	for i, c := range tag {
		if c == ':' {
			if v, ok := t.Tags[tag[:i]]; ok && v == tag[i+1:] {
				return true
			}
		}
	}
	return false
}

// Mentions says whether a text stands in what people look for a token by: its id, its hint, its owner's id or name, or a tag, whatever the case.
func (t *Token) Mentions(text string) bool {
	text = strings.ToLower(text)
	for _, of := range [...]string{t.ID, t.Hint, t.OwnerID, t.OwnerName} {
		if strings.Contains(strings.ToLower(of), text) {
			return true
		}
	}
	for k, v := range t.Tags {
		if strings.Contains(strings.ToLower(k+":"+v), text) {
			return true
		}
	}
	return false
}

// Use is one request. Its network is truncated: a person's address is nobody's business.
type Use struct {
	At      time.Time `json:"at,omitzero"`
	Country string    `json:"country,omitempty"`
	Network string    `json:"network,omitempty"` // AS3320, or a prefix such as 203.0.113.0/24
	Client  string    `json:"client,omitempty"`
	Route   string    `json:"route,omitempty"`
	Service string    `json:"service,omitempty"`
	Version string    `json:"version,omitempty"`
	Trace   string    `json:"trace,omitempty"`
}

// Scope is what somebody may see. All that is not empty must hold. It is part of every question, so that no answer can leave it out.
type Scope struct {
	Tenants, Teams []string
}

// TokenFilter says which tokens are meant: those that meet all of what is not empty. Several values of one field are alternatives. Usage and events
// have the owner and team of their own time: Owners, Teams and Scope.Teams ask them for these. What has no token, such as RouteDurations, is answered
// only where nothing is asked for but NotEnvironments.
type TokenFilter struct {
	Scope           Scope
	IDs             []string
	Owners          []string
	Teams           []string
	Tags            []string // key:value
	Environments    []string
	NotEnvironments []string
	Statuses        []string
	Directions      []string
	Text            string    // in the id, the hint, the owner's id or name, or a tag, whatever the case
	SeenBefore      time.Time // last used before this
	SeenSince       time.Time // last used at this or later
	NewSince        time.Time // first seen at this or later
}

// TokenQuery asks for a page of tokens.
type TokenQuery struct {
	Filter TokenFilter
	Sort   string // last_used, first_seen, requests, evidence, owner, hint, id; with - before it from the greatest
	Limit  int    // at most 1,000; 0: 100
	Cursor string // where the page before it ended
}

// TokenPage is a part of the tokens that were asked for.
type TokenPage struct {
	Tokens []Token
	Total  int
	Next   string // empty: this was the last page
}
