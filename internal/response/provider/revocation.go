package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Revocation has an authorization server revoke a token (RFC 7009). It takes the token itself, which the Opener opens, and the client
// that it was issued to.
//
// 200 is what a server answers for tokens that it does not know, too. So where it can be asked (RFC 7662), it is asked before, whether
// the token is one that it can revoke, and afterwards, whether it is revoked.
type Revocation struct {
	Endpoint      string
	Introspection string // empty: nobody can be asked
	Hint          string // access_token or refresh_token
	Auth          ClientAuth
	IntrospectAs  ClientAuth // zero: as Auth
	Open          Opener
	Delay         time.Duration // for which resource servers believe what they have heard before
}

// Hints of RFC 7009.
const (
	HintAccessToken  = "access_token"
	HintRefreshToken = "refresh_token"
)

func oauthError(code string) *Check { return &Check{Path: "error", Exists: &yes, Equals: code} }

// revocationRefusals explain what servers answer. Some servers answer 200 with an error.
var revocationRefusals = []Refusal{
	{Status: 200, Check: oauthError("invalid_token"), Final: true, Why: "the server says invalid_token: it knows no such token, or it is revoked or expired already; this request revoked nothing"},
	{Status: 200, Check: &Check{Path: "error", Exists: &yes}, Final: true, Why: "the server answers with an error, nothing was revoked"},
	{Status: 400, Check: oauthError("unsupported_token_type"), Final: true, Why: "the server does not revoke tokens of this type (unsupported_token_type): a JWT stays valid until it expires, unless whoever accepts it asks. " +
		"Lock the client or the user at the provider, or refuse the token at the gateway by a deny list"},
	{Status: 400, Check: oauthError("invalid_client"), Final: true, Why: "the server does not accept the client (invalid_client): look at client_id, client_secret and auth_method"},
	{Status: 401, Final: true, Why: "the server does not accept the client: look at client_id, client_secret and auth_method"},
	{Status: 400, Check: oauthError("unauthorized_client"), Final: true, Why: "the client may not revoke tokens (unauthorized_client)"},
	{Status: 400, Check: oauthError("invalid_request"), Final: true, Why: "the server refuses the request (invalid_request): a token can be revoked only by the client that it was issued to"},
	{Status: 403, Final: true, Why: "the client may not revoke this token: it can be revoked only by the client that it was issued to"},
	{Status: 404, Final: true, Why: "there is no revocation endpoint at this address: look at revocation_endpoint in the server's metadata"},
}

// Preset is that of the authorization server.
func (r Revocation) Preset(channel Channel) (*Preset, error) {
	if r.Hint != HintAccessToken && r.Hint != HintRefreshToken {
		return nil, fmt.Errorf("token_type_hint: %q: write %s or %s", r.Hint, HintAccessToken, HintRefreshToken)
	}
	switch {
	case r.IntrospectAs == (ClientAuth{}):
		r.IntrospectAs = r.Auth
	case r.IntrospectAs.Method == ClientKey:
		return nil, fmt.Errorf("introspection: auth_method: a client of its own proves itself by %s or %s", ClientBasic, ClientPost)
	}
	b, form, err := r.builder(channel, r.Endpoint, r.Auth)
	if err != nil {
		return nil, err
	}
	open := Filler(r.Open.Fill)
	do := b.call(b.request(http.MethodPost, "", form), status(200), revocationRefusals...)
	do.Fill = open.and(r.Auth.Fill)
	calls := Calls{Do: do, Delay: r.Delay}
	if b.err == nil && r.Introspection != "" {
		asking, question, err := r.builder(channel, r.Introspection, r.IntrospectAs)
		if err != nil {
			return nil, fmt.Errorf("introspection: %w", err)
		}
		request := asking.request(http.MethodPost, "", question)
		b.fail(asking.err)
		calls.Verify = &ReadBack{Request: request, Judge: revoked}
		do.ReadBack, do.Idempotent = calls.Verify, false // the second time, nothing is there to be revoked
		do.Fill = r.active(channel, open, calls.Verify)
	}
	return b.preset(Steps{response.Lock: calls})
}

func (r Revocation) builder(channel Channel, endpoint string, auth ClientAuth) (b *builder, form string, err error) {
	address, err := base(endpoint)
	if err != nil {
		return nil, "", err
	}
	if err := auth.Valid(); err != nil {
		return nil, "", err
	}
	b = &builder{
		channel: channel, base: address, secrets: map[string]string{},
		headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
	}
	return b, "token={{ .credential | urlquery }}&token_type_hint=" + r.Hint + auth.into(b), nil
}

// revoked reads an introspection.
func revoked(_ map[string]any, status int, body []byte) (response.Verdict, string) {
	var answer struct {
		Active *bool  `json:"active"`
		Error  string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); status != http.StatusOK || err != nil || answer.Active == nil {
		if answer.Error != "" {
			return response.Refused, fmt.Sprintf("introspection: status %d, %s: look at the client that asks", status, answer.Error)
		}
		return response.Refused, fmt.Sprintf("introspection: status %d does not say whether the token is active", status)
	}
	if *answer.Active {
		return response.Undone, "introspection says that the token is still active"
	}
	return response.Done, "introspection says that the token is not active"
}

// active asks, before a token is revoked, whether the server knows it as active: it answers the revocation of any other with 200, too.
// In dry run nobody is asked. Each request has an assertion of its own: a server takes one only once.
func (r Revocation) active(channel Channel, open Filler, ask *ReadBack) Filler {
	return func(ctx context.Context, event map[string]any, d *response.Delivery, now time.Time) (map[string]string, error) {
		if d.Step != response.Do || d.State == response.Asking || d.Dry(channel.DryRun) {
			return open.and(r.Auth.Fill)(ctx, event, d, now)
		}
		asking := channel
		asking.Fill = open.and(r.IntrospectAs.Fill)
		w, err := asking.fill(ctx, d, now)
		if err != nil {
			return nil, err
		}
		if a := ask.ask(ctx, &asking, w, now); a.Verdict == response.Done {
			return nil, Impossible("introspection says that the server does not know the token as active: it never issued it, or it is revoked or expired already; " +
				"nothing was sent, because the server would answer 200 and revoke nothing. If the token still works, somebody else lets it in")
		}
		return open.and(r.Auth.Fill)(ctx, event, d, now)
	}
}
