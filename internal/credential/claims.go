package credential

import (
	"encoding/json"
	"strings"
)

// ClaimPaths are where in a JWT it stands whose it is, the first that is there wins. A path is the name of a claim, or names with
// dots between that lead into nested claims; a claim whose own name has dots goes first. A nil ClaimPaths is UsualClaims.
type ClaimPaths struct{ Issuer, Client, Subject, Scopes, Tenant []string }

// UsualClaims are those of RFC 7519, RFC 9068 and of the large providers. None says the tenant.
func UsualClaims() ClaimPaths {
	return ClaimPaths{
		Issuer: []string{"iss"}, Client: []string{"client_id", "azp", "cid", "appid"}, Subject: []string{"sub"}, Scopes: []string{"scope", "scp"},
	}
}

// Parse is Parse with other claims.
func (p *ClaimPaths) Parse(scheme Scheme, secret string) Credential {
	c := Parse(scheme, secret)
	if p != nil && c.Claims != nil {
		p.read(c.Raw, c.Claims)
	}
	return c
}

// read reads the claims of a JWT that has been read before; when it expires is where it always is.
func (p *ClaimPaths) read(raw string, into *Claims) {
	_, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	var body map[string]json.RawMessage
	if !decodePart(payload, &body) {
		return
	}
	into.Issuer, into.ClientID = textAt(body, p.Issuer), textAt(body, p.Client)
	into.Subject, into.Tenant = textAt(body, p.Subject), textAt(body, p.Tenant)
	into.Scopes = nil
	for _, path := range p.Scopes {
		var list scopes
		if found := claimAt(body, path); found != nil && json.Unmarshal(found, &list) == nil && list != nil {
			into.Scopes = list
			break
		}
	}
}

// textAt is the first of the claims that is a text.
func textAt(body map[string]json.RawMessage, paths []string) string {
	for _, path := range paths {
		var value text
		if found := claimAt(body, path); found != nil && json.Unmarshal(found, &value) == nil && value != "" {
			return string(value)
		}
	}
	return ""
}

// claimAt is what stands at a path, nil if nothing does.
func claimAt(body map[string]json.RawMessage, path string) json.RawMessage {
	if found, ok := body[path]; ok {
		return found
	}
	for at := range len(path) {
		if path[at] != '.' {
			continue
		}
		var inner map[string]json.RawMessage
		if found, ok := body[path[:at]]; ok && json.Unmarshal(found, &inner) == nil {
			if deeper := claimAt(inner, path[at+1:]); deeper != nil {
				return deeper
			}
		}
	}
	return nil
}
