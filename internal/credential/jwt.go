package credential

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Claims are what a JWT says about its bearer. Nobody has checked the signature: whoever writes the token writes them.
type Claims struct {
	Issuer    string
	Subject   string
	ClientID  string // client_id, azp, cid or appid, the first that is there
	Scopes    []string
	ExpiresAt time.Time // zero: the token does not say
	Tenant    string    // only where a claim is named for it
}

// maxJWT bounds what is decoded. Tokens that carry more are opaque.
const maxJWT = 16 << 10

// ParseJWT reads the claims of a signed JWT in compact form. It checks that it is one, not that it is genuine.
func ParseJWT(s string) (*Claims, bool) {
	if len(s) > maxJWT || jwtEnd(s, 0) != len(s) || s == "" {
		return nil, false
	}
	header, rest, _ := strings.Cut(s, ".")
	payload, _, _ := strings.Cut(rest, ".")
	var head struct {
		Algorithm string `json:"alg"`
	}
	if !decodePart(header, &head) || head.Algorithm == "" {
		return nil, false
	}
	var body struct {
		Issuer   text    `json:"iss"`
		Subject  text    `json:"sub"`
		ClientID text    `json:"client_id"`
		Azp      text    `json:"azp"`
		Cid      text    `json:"cid"`
		AppID    text    `json:"appid"`
		Expires  seconds `json:"exp"`
		Scope    scopes  `json:"scope"`
		Scp      scopes  `json:"scp"`
	}
	if !decodePart(payload, &body) {
		return nil, false
	}
	c := &Claims{
		Issuer:   string(body.Issuer),
		Subject:  string(body.Subject),
		ClientID: firstOf(string(body.ClientID), string(body.Azp), string(body.Cid), string(body.AppID)),
		Scopes:   body.Scope,
	}
	if c.Scopes == nil {
		c.Scopes = body.Scp
	}
	if body.Expires > 0 {
		c.ExpiresAt = time.Unix(int64(body.Expires), 0).UTC()
	}
	return c, true
}

// jwtEnd is where the compact JWT (or JWE, or signed cookie of the same shape) that begins at start ends, or -1.
func jwtEnd(s string, start int) int {
	if !strings.HasPrefix(s[start:], "eyJ") {
		return -1
	}
	parts, i := 0, start
	for {
		end := urlSafe.run(s, i)
		if end-i < 4 && parts < 2 {
			return -1
		}
		if end == i {
			i-- // a dot that no part follows is the full stop of a sentence
			break
		}
		parts++
		i = end
		if parts == 5 || i >= len(s) || s[i] != '.' {
			break
		}
		i++
	}
	if parts < 3 {
		return -1
	}
	return i
}

func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// text is a claim that should be a string; a number is taken as it is written, anything else as absent.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || digit(b[0])):
		*t = text(b)
	}
	return nil
}

// seconds is a NumericDate, whole or not.
type seconds int64

func (n *seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if json.Unmarshal(b, &f) == nil && f > 0 && f < 1<<40 {
		*n = seconds(f)
	}
	return nil
}

// scopes is a list of scopes, or one string of them with spaces between.
type scopes []string

func (l *scopes) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = strings.Fields(s)
		return nil
	}
	var list []string
	if json.Unmarshal(b, &list) == nil {
		*l = list
	}
	return nil
}
