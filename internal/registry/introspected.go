package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/holterhq/holter/internal/credential"
)

// Introspected is what an authorization server answers when it is asked about a token. Source: RFC 7662, section 2.2.
type Introspected struct {
	Active                              bool
	Issuer, ClientID, Subject, Username string
	Scopes                              []string
	ExpiresAt                           time.Time // zero: not said
}

const (
	longestText = 256 // bytes of a text in an answer that are kept
	mostScopes  = 64
)

// ParseIntrospection reads an answer. Its errors never quote it.
func ParseIntrospection(answer []byte) (Introspected, error) {
	var a struct {
		Active   *bool           `json:"active"`
		Issuer   any             `json:"iss"`
		ClientID any             `json:"client_id"`
		Subject  any             `json:"sub"`
		Username any             `json:"username"`
		Scope    json.RawMessage `json:"scope"`
		Expires  json.RawMessage `json:"exp"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return Introspected{}, errors.New("the answer is no JSON object of RFC 7662: the endpoint is another one, or a proxy answered")
	}
	if a.Active == nil {
		return Introspected{}, errors.New(`the answer lacks "active": the endpoint is no introspection endpoint of RFC 7662`)
	}
	if !*a.Active {
		return Introspected{}, nil
	}
	expires, err := parseSeconds(a.Expires)
	if err != nil {
		return Introspected{}, fmt.Errorf("exp: %w", err)
	}
	return Introspected{
		Active: true, Issuer: textOf(a.Issuer), ClientID: textOf(a.ClientID), Subject: textOf(a.Subject), Username: textOf(a.Username),
		Scopes: parseScopes(a.Scope), ExpiresAt: expires,
	}, nil
}

// textOf is a text as far as it may be kept; what is none is empty.
func textOf(v any) string {
	s, ok := v.(string)
	if !ok {
		return ""
	}
	if len(s) > longestText {
		s = s[:longestText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// parseScopes reads a list in one text, as the RFC has it, or a list of texts, as some servers do.
func parseScopes(raw json.RawMessage) []string {
	var one string
	var many []string
	if json.Unmarshal(raw, &one) == nil {
		many = strings.Fields(one)
	} else if json.Unmarshal(raw, &many) != nil {
		return nil
	}
	if len(many) > mostScopes {
		many = many[:mostScopes]
	}
	for i := range many {
		many[i] = textOf(many[i])
	}
	return many
}

// parseSeconds reads a time in seconds since 1970, which some servers write as a text.
func parseSeconds(raw json.RawMessage) (time.Time, error) {
	var n json.Number
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return time.Time{}, nil
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return time.Time{}, errors.New("is no number of seconds")
	}
	seconds, err := n.Float64()
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > 1<<38 {
		return time.Time{}, errors.New("is no number of seconds since 1970")
	}
	if seconds == 0 {
		return time.Time{}, nil // some servers say so of tokens that never expire
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// Without takes away what quotes the token that was asked about: no answer may carry it on.
func (a Introspected) Without(secret string) Introspected {
	for _, text := range []*string{&a.Issuer, &a.ClientID, &a.Subject, &a.Username} {
		if quotes(*text, secret) {
			*text = ""
		}
	}
	kept := a.Scopes[:0]
	for _, scope := range a.Scopes {
		if !quotes(scope, secret) {
			kept = append(kept, scope)
		}
	}
	a.Scopes = kept
	return a
}

// quotes says whether a text that was perhaps cut holds the secret, or its beginning.
func quotes(text, secret string) bool {
	return len(secret) > 0 && strings.Contains(text, secret[:min(len(secret), 16)])
}

// token is what is kept of an active answer. The user answers for a token, or the client where it has none.
func (a Introspected) token() *Token {
	t := &Token{Status: Active, ExpiresAt: a.ExpiresAt, Scopes: a.Scopes}
	owner := Owner{ID: a.Subject, Name: a.Username, Type: "user"}
	switch {
	case owner.ID == "" && a.Username != "":
		owner.ID = a.Username
	case owner.ID == "" || owner.ID == a.ClientID:
		owner = Owner{ID: a.ClientID, Name: a.Username, Type: "client"}
	}
	if owner.ID != "" {
		t.Owner = &owner
	}
	return t
}

func (a Introspected) claims() credential.Claims {
	return credential.Claims{Issuer: a.Issuer, ClientID: a.ClientID, Subject: a.Subject, Scopes: a.Scopes, ExpiresAt: a.ExpiresAt}
}
