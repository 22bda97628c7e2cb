package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider is an OpenID provider that people log in at (OpenID Connect Core 1.0, authorization code with PKCE).
type Provider struct {
	Issuer, ClientID, Secret string
	// Redirect is where the provider sends browsers back to; empty: Callback at the address that they asked for.
	Redirect string
	Scopes   []string
	// Claims of the ID token, nested ones with dots. A person without a value of a claim that is named is refused: no value would be no limit.
	NameClaim, RolesClaim, TenantsClaim, TeamsClaim string
	// Roles are those of the values of RolesClaim; nil: the values are roles.
	Roles map[string][]Role

	mu      sync.Mutex
	config  *oauth2.Config
	checker *oidc.IDTokenVerifier
	begun   map[string]journey
}

// journey is a browser that is on its way to the provider and back.
type journey struct {
	browser, nonce, verifier, then string
	ends                           time.Time
}

const (
	// Callback is where the provider sends browsers back to.
	Callback = "/api/v1/login/callback"

	journeyCookie = "holter_login"
	journeyLasts  = 10 * time.Minute
	mostJourneys  = 10_000
)

// Errors of logging in at a provider.
var (
	ErrJourney = errors.New("this login was not begun here, or too long ago: begin again at /")
	ErrNoRole  = errors.New("nothing is yours to see here: ask who looks after the login provider for a role")
)

// prepare asks the provider where its pages are, once it is there.
func (p *Provider) prepare(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	ctx = asking(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config != nil {
		return p.config, p.checker, nil
	}
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("ask the login provider %s: %w", p.Issuer, err)
	}
	p.config = &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}
	// Its keys are asked for later as well, when this request is long over.
	p.checker = found.VerifierContext(context.WithoutCancel(ctx), &oidc.Config{ClientID: p.ClientID})
	return p.config, p.checker, nil
}

// asking is a context that the provider is asked in: it has some seconds to answer.
func asking(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: 15 * time.Second})
}

// SendOff sends a browser to the provider. It comes back to then, a path of the console.
func (g *Gate) SendOff(w http.ResponseWriter, r *http.Request, then string, now time.Time) error {
	if !strings.HasPrefix(then, "/") || strings.HasPrefix(then, "//") || strings.ContainsAny(then, "\\\r\n") {
		then = "/"
	}
	p := g.Provider
	config, _, err := p.prepare(r.Context())
	if err != nil {
		return err
	}
	state, j := rand.Text(), journey{browser: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), then: then, ends: now.Add(journeyLasts)}
	p.begin(state, j, now)
	c := g.cookie(r, j.browser, int(journeyLasts/time.Second))
	c.Name, c.Path, c.SameSite = journeyCookie, Callback, http.SameSiteLaxMode // it comes back from another site
	http.SetCookie(w, c)
	http.Redirect(w, r, config.AuthCodeURL(state, p.redirect(r), oidc.Nonce(j.nonce), oauth2.S256ChallengeOption(j.verifier)), http.StatusFound)
	return nil
}

func (p *Provider) begin(state string, j journey, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun == nil {
		p.begun = map[string]journey{}
	}
	for key, other := range p.begun {
		if len(p.begun) >= mostJourneys || !now.Before(other.ends) {
			delete(p.begun, key)
		}
	}
	p.begun[state] = j
}

// end is the journey of a state; each ends once.
func (p *Provider) end(state string) (journey, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	j, ok := p.begun[state]
	delete(p.begun, state)
	return j, ok
}

func (p *Provider) redirect(r *http.Request) oauth2.AuthCodeOption {
	at := p.Redirect
	if at == "" {
		scheme := "http"
		if secure(r) {
			scheme = "https"
		}
		at = scheme + "://" + r.Host + Callback
	}
	return oauth2.SetAuthURLParam("redirect_uri", at)
}

// ComeBack lets a browser in that comes back from the provider, and says where to.
func (g *Gate) ComeBack(w http.ResponseWriter, r *http.Request, now time.Time) (who Who, then string, err error) {
	p := g.Provider
	j, ok := p.end(r.URL.Query().Get("state"))
	c, missing := r.Cookie(journeyCookie)
	if !ok || missing != nil || c.Value != j.browser || !now.Before(j.ends) {
		return Who{}, "", ErrJourney
	}
	if why := r.URL.Query().Get("error"); why != "" {
		return Who{}, "", fmt.Errorf("%w: the login provider says %q", ErrPassword, why)
	}
	config, checker, err := p.prepare(r.Context())
	if err != nil {
		return Who{}, "", err
	}
	token, err := config.Exchange(asking(r.Context()), r.URL.Query().Get("code"), p.redirect(r), oauth2.VerifierOption(j.verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) { // its body may hold anything
			return Who{}, "", fmt.Errorf("%w: the login provider did not take the code (%s %s)", ErrPassword, refused.Response.Status, refused.ErrorCode)
		}
		return Who{}, "", fmt.Errorf("ask the login provider for a token: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := checker.Verify(r.Context(), raw)
	if err != nil || id.Nonce != j.nonce {
		return Who{}, "", fmt.Errorf("%w: the ID token is not good: %w", ErrPassword, errors.Join(err, nonceError(id, j.nonce)))
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Who{}, "", err
	}
	if who, err = p.who(claims, id.Subject); err != nil {
		return who, "", err
	}
	g.admit(w, r, who, now)
	return who, j.then, nil
}

func nonceError(id *oidc.IDToken, want string) error {
	if id == nil || id.Nonce == want {
		return nil
	}
	return errors.New("its nonce is another")
}

// who is somebody as the claims say.
func (p *Provider) who(claims map[string]any, subject string) (Who, error) {
	w := Who{Name: subject}
	if name := texts(claims, p.NameClaim); len(name) == 1 && name[0] != "" {
		w.Name = name[0]
	}
	for _, value := range texts(claims, p.RolesClaim) {
		if p.Roles == nil {
			if slices.Contains(Roles, Role(value)) {
				w.Roles = append(w.Roles, Role(value))
			}
			continue
		}
		w.Roles = append(w.Roles, p.Roles[value]...)
	}
	if p.TenantsClaim != "" {
		w.Scope.Tenants = texts(claims, p.TenantsClaim)
	}
	if p.TeamsClaim != "" {
		w.Scope.Teams = texts(claims, p.TeamsClaim)
	}
	if len(w.Roles) == 0 || p.TenantsClaim != "" && len(w.Scope.Tenants) == 0 || p.TeamsClaim != "" && len(w.Scope.Teams) == 0 {
		return w, ErrNoRole
	}
	return w, nil
}

// texts are the values of a claim: one, or a list. Dots lead into maps.
func texts(claims map[string]any, name string) (out []string) {
	var value any = claims
	for part := range strings.SplitSeq(name, ".") {
		all, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		if whole, ok := all[name]; ok { // a claim may be called with dots
			value = whole
			break
		}
		value = all[part]
	}
	switch value := value.(type) {
	case string:
		out = append(out, value)
	case []any:
		for _, one := range value {
			if s, ok := one.(string); ok {
				out = append(out, s)
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
