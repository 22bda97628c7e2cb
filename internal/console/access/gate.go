package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Ways to log in.
const (
	LoginNone      = "none"      // whoever reaches this machine's loopback interface is its admin
	LoginUsers     = "users"     // name and password
	LoginOIDC      = "oidc"      // somebody else's login page
	LoginExtension = "extension" // whoever the Collector's auth extension lets through
)

// User is somebody who may log in.
type User struct {
	Who
	Password Password // empty: the auth extension has looked at it
}

// Gate says who somebody is.
type Gate struct {
	Login    string
	Users    []User
	Sessions *Sessions
	Attempts *Rates // of logging in, by address and by name
	// Vouched is whom the auth extension has let through; nil where there is none.
	Vouched func(context.Context) (name string, ok bool)
	// Others is what somebody may who is vouched for and is none of Users.
	Others Who
	// Provider is the login page of LoginOIDC.
	Provider *Provider

	key     [32]byte
	origin  *http.CrossOriginProtection
	hashing chan struct{}
}

// Errors of a Gate.
var (
	ErrPassword = errors.New("no such user, or another password")
	ErrOrigin   = errors.New("this came from another site: use the console's own page, or send no Origin")
	ErrCSRF     = errors.New("X-CSRF-Token is missing or old: take csrf from /api/v1/me")
	ErrHost     = errors.New("this console is for its own machine: ask for it as localhost or 127.0.0.1")
)

// cookie holds a session's secret.
const cookie = "holter_session"

// Open makes a gate ready.
func (g *Gate) Open() *Gate {
	_, _ = rand.Read(g.key[:]) // it never fails
	g.origin = http.NewCrossOriginProtection()
	g.hashing = make(chan struct{}, 2)
	return g
}

// Who says who asks; false is somebody who has to log in first.
func (g *Gate) Who(r *http.Request, now time.Time) (Who, bool) {
	switch g.Login {
	case LoginNone:
		return Who{Roles: []Role{Admin}}, true
	case LoginExtension:
		name, ok := g.Vouched(r.Context())
		if !ok {
			return Who{}, false
		}
		for _, u := range g.Users {
			if u.Name == name {
				return u.Who, true
			}
		}
		who := g.Others
		who.Name = name
		return who, true
	}
	s, ok := g.session(r, now)
	return s.who, ok
}

func (g *Gate) session(r *http.Request, now time.Time) (session, bool) {
	c, err := r.Cookie(cookie)
	if err != nil || g.Sessions == nil {
		return session{}, false
	}
	return g.Sessions.find(c.Value, now)
}

// CSRF is what somebody shows beside a request that changes something, which no other site can know.
func (g *Gate) CSRF(r *http.Request, now time.Time) string {
	if s, ok := g.session(r, now); ok {
		return s.csrf
	}
	who, _ := g.Who(r, now)
	mac := hmac.New(sha256.New, g.key[:])
	mac.Write([]byte(who.Name))
	return base32.StdEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// CheckHost refuses names of this machine that another site may have made up (DNS rebinding), where nobody has to log in.
func (g *Gate) CheckHost(r *http.Request) error {
	if g.Login != LoginNone || loopback(r.Host) {
		return nil
	}
	return ErrHost
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}

// CheckChange refuses requests that change something and come from another site.
func (g *Gate) CheckChange(r *http.Request, now time.Time) error {
	if err := g.origin.Check(r); err != nil {
		return ErrOrigin
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-CSRF-Token")), []byte(g.CSRF(r, now))) != 1 {
		return ErrCSRF
	}
	return nil
}

// LogIn looks at a name and a password, and lets the browser in with a cookie. A wait says that it was tried too often.
func (g *Gate) LogIn(w http.ResponseWriter, r *http.Request, name, password string, now time.Time) (who Who, shown *http.Cookie, wait time.Duration, err error) {
	if wait, ok := g.attempt(r, name, now); !ok {
		return Who{}, nil, wait, ErrPassword
	}
	select { // hashes cost a second of a core: no more than two at a time
	case g.hashing <- struct{}{}:
		defer func() { <-g.hashing }()
	case <-r.Context().Done():
		return Who{}, nil, 0, r.Context().Err()
	}
	found := User{Password: decoy}
	for _, u := range g.Users {
		if u.Name == name && u.Password != "" {
			found = u
		}
	}
	if !found.Password.Is(password) || found.Name == "" {
		return Who{}, nil, 0, ErrPassword
	}
	return found.Who, g.admit(w, r, found.Who, now), 0, nil
}

// decoy takes as long to compare with as a user's hash does, so that time does not tell who there is.
const decoy Password = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5fCbCfSSQyDQ5rAkDl2TRBCzBCVy6"

// attempt counts a login.
func (g *Gate) attempt(r *http.Request, name string, now time.Time) (time.Duration, bool) {
	if g.Attempts == nil {
		return 0, true
	}
	if wait, ok := g.Attempts.Take("address "+Address(r), now); !ok {
		return wait, false
	}
	return g.Attempts.Take("name "+name, now)
}

// admit begins a session, in place of the one there was.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request, who Who, now time.Time) *http.Cookie {
	if c, err := r.Cookie(cookie); err == nil {
		g.Sessions.end(c.Value)
	}
	shown := g.cookie(r, g.Sessions.begin(who, now), int(g.Sessions.Lifetime/time.Second))
	http.SetCookie(w, shown)
	return shown
}

// LogOut ends a session.
func (g *Gate) LogOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil && g.Sessions != nil {
		g.Sessions.end(c.Value)
	}
	http.SetCookie(w, g.cookie(r, "", -1))
}

func (g *Gate) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: secure(r),
	}
}

// secure says whether the browser speaks TLS, with us or with a proxy before us.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// Address is where a request comes from.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
