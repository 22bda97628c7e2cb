package console

import (
	"encoding/json"
	"errors"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// me is who asks.
type me struct {
	User    string        `json:"user"`
	Roles   []access.Role `json:"roles" enum:"read,respond,admin"`
	Tenants []string      `json:"tenants" doc:"what may be seen; empty: all"`
	Teams   []string      `json:"teams" doc:"what may be seen; empty: all"`
	CSRF    string        `json:"csrf" doc:"to be sent as X-CSRF-Token with all that changes something"`
	Login   string        `json:"login" enum:"none,users,oidc,extension"`
	Version string        `json:"version"`
	Links   []Link        `json:"trace_links"`
	Zone    string        `json:"zone" doc:"of hours of the day"`
}

func (k *call) me() (any, error) { return k.self(), nil }

func (k *call) self() me {
	return me{
		User: k.who.Name, Roles: list(access.Held(k.who)), Tenants: list(k.who.Scope.Tenants), Teams: list(k.who.Scope.Teams),
		CSRF: k.Gate.CSRF(k.r, k.now), Login: k.Gate.Login, Version: k.Version, Links: list(k.Links), Zone: "UTC",
	}
}

// login is what POST /session takes.
type login struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

func (k *call) logIn() (any, error) {
	if k.Gate.Login != access.LoginUsers {
		return nil, conflict("nobody logs in here with a name and a password: see login of /api/v1/me")
	}
	var given login
	if err := k.body(&given); err != nil {
		return nil, err
	}
	if given.User == "" || len(given.User) > mostText || len(given.Password) > 1024 {
		return nil, badRequest("user", "write a name and a password")
	}
	who, secret, wait, err := k.Gate.LogIn(k.w, k.r, given.User, given.Password, k.now)
	switch {
	case wait > 0:
		k.Count(DroppedLogin)
		return nil, tooMany(wait, "too many tries to log in: wait a little")
	case errors.Is(err, access.ErrPassword):
		k.who.Name = given.User // as they claim
		return nil, errors.Join(err, k.audit("login_refused", "somebody could not log in as "+given.User, nil))
	case err != nil:
		return nil, err
	}
	k.who = who
	k.r.AddCookie(secret)
	return k.self(), k.audit("login", who.Name+" logged in", nil)
}

func (k *call) logOut() (any, error) {
	k.Gate.LogOut(k.w, k.r)
	if k.who.Name == "" {
		return nil, nil
	}
	return nil, k.audit("logout", k.who.Name+" logged out", nil)
}

// audit takes down what somebody did.
func (k *call) audit(action, body string, more map[string]any) error {
	attrs := map[string]any{"audit.action": action, "audit.from": k.from()}
	for key, value := range more {
		attrs[key] = value
	}
	text, err := json.Marshal(attrs)
	if err != nil {
		return err
	}
	return k.Store.Append(k.ctx, []store.Entry{{Time: k.now, Kind: store.EntryAudit, By: k.by(), Body: body, Attributes: text}})
}

// by is who does something, in a word.
func (k *call) by() string {
	if k.who.Name == "" {
		return "somebody on this machine"
	}
	return k.who.Name
}

// from is where somebody does it from.
func (k *call) from() string { return network(access.Address(k.r)) }

// list is never null in an answer.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
