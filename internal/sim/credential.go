package sim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Format is the kind of a credential.
type Format string

// The formats of a fleet.
const (
	HomeGrown Format = "home_grown" // acme_live_…, in X-API-Key
	Secret    Format = "secret_key" // sk_live_…, as bearer
	Personal  Format = "personal"   // glpat-…, as bearer
	JWT       Format = "jwt"        // a new one every hour, for the same principal
	Query     Format = "query"      // an old key in the query string
	Basic     Format = "basic"      // a user and a password
)

// Credential is what a client shows. A key stays the same; a JWT is made anew every hour, for the same principal.
type Credential struct {
	Format Format
	Header string // lower-case name of the header; empty: Parameter is set
	// Parameter is the query parameter that carries the key.
	Parameter string
	// Key is the secret itself, with Basic the password; empty for a JWT.
	Key string
	// User is that of Basic.
	User string
	// Issuer, Client and Subject are the principal of a JWT.
	Issuer, Client, Subject string

	seed uint64
}

const (
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	jwtLife      = time.Hour
	jwtGrace     = 5 * time.Minute // clients renew that long before the token expires
)

// newCredential draws a credential. Nothing but the seed is in it: it opens nothing anywhere.
func newCredential(d *dice, f Format) Credential {
	c := Credential{Format: f, Header: "authorization", seed: d.Uint64()}
	switch f {
	case HomeGrown:
		c.Header, c.Key = "x-api-key", "acme_live_"+letters(d, 32)
	case Secret:
		c.Key = "sk_live_" + "51" + letters(d, 22)
	case Personal:
		c.Key = "glpat-" + letters(d, 20)
	case Query:
		c.Header, c.Parameter, c.Key = "", "api_key", "ak_"+strings.ToLower(letters(d, 32))
	case Basic:
		c.User, c.Key = "svc-"+strings.ToLower(letters(d, 6)), letters(d, 20)
	case JWT:
		c.Issuer = "https://login.sample.example/"
		c.Client = "client-" + strings.ToLower(letters(d, 10))
		c.Subject = c.Client
		if d.chance(.3) {
			c.Subject = "svc|" + strings.ToLower(letters(d, 12))
		}
	}
	return c
}

func letters(d *dice, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphanumeric[d.IntN(len(alphanumeric))]
	}
	return string(b)
}

// Value is what the header, or the query parameter, holds at t.
func (c *Credential) Value(t time.Time) string {
	switch {
	case c.Format == JWT:
		return "Bearer " + c.jwt(t)
	case c.Format == Basic:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Key))
	case c.Header == "authorization":
		return "Bearer " + c.Key
	default:
		return c.Key
	}
}

// Epoch is the same for all moments at which Value is the same.
func (c *Credential) Epoch(t time.Time) int64 {
	if c.Format != JWT {
		return 0
	}
	return (t.Unix() - c.phase()) / int64(jwtLife/time.Second)
}

// phase spreads the renewals over the hour.
func (c *Credential) phase() int64 { return int64(c.seed % uint64(jwtLife/time.Second)) }

func (c *Credential) jwt(t time.Time) string {
	issued := c.Epoch(t)*int64(jwtLife/time.Second) + c.phase()
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], mix(c.seed, uint64(issued)))
	payload := fmt.Sprintf(`{"iss":%q,"sub":%q,"client_id":%q,"aud":"https://api.sample.example","scope":"api","iat":%d,"exp":%d,"jti":"%s"}`,
		c.Issuer, c.Subject, c.Client, issued, issued+int64((jwtLife+jwtGrace)/time.Second), hex.EncodeToString(id[:]))
	signature := make([]byte, 64) // the size of ES256; nobody holds a key to check it with
	for i := 0; i < len(signature); i += 8 {
		binary.BigEndian.PutUint64(signature[i:], mix(c.seed+uint64(i), uint64(issued)))
	}
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT","kid":"2026-01"}`)) + "." + enc.EncodeToString([]byte(payload)) + "." + enc.EncodeToString(signature)
}

// Hint is what a person may see: the prefix and the last four characters, a JWT's client, or a user.
func (c *Credential) Hint() string {
	switch c.Format {
	case JWT:
		return c.Client
	case Basic:
		return c.User
	}
	return c.prefix() + "…" + c.Key[len(c.Key)-4:]
}

// prefix is the part of a key that says what it is.
func (c *Credential) prefix() string {
	if i := strings.LastIndexAny(c.Key[:10], "_-"); i >= 0 {
		return c.Key[:i+1]
	}
	return c.Key[:4]
}
