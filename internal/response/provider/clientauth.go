package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// ClientAuth is how a client proves to an authorization server who it is (RFC 6749, section 2.3; RFC 7523).
type ClientAuth struct {
	Method string // ClientBasic, ClientPost or ClientKey
	ID     string
	Secret string
	Key    *jose.SigningKey // ClientKey: signs the assertion
	For    string           // ClientKey: the audience, the server's issuer
}

// Methods of ClientAuth, as OpenID Connect names them.
const (
	ClientBasic = "client_secret_basic"
	ClientPost  = "client_secret_post"
	ClientKey   = "private_key_jwt"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Valid says what is missing.
func (a ClientAuth) Valid() error {
	switch {
	case a.ID == "":
		return errors.New("client_id is missing: write that of the client that Holter is at the server")
	case a.Method == ClientKey && a.Key == nil:
		return errors.New("private_key_file is missing: private_key_jwt signs with it")
	case a.Method == ClientKey && a.For == "":
		return errors.New("audience is missing: write the server's issuer, for which the client's assertion is made")
	case a.Method == ClientKey:
		return nil
	case a.Method != ClientBasic && a.Method != ClientPost:
		return fmt.Errorf("auth_method: %q: write %s, %s or %s", a.Method, ClientBasic, ClientPost, ClientKey)
	case a.Secret == "":
		return errors.New("client_secret is missing: write that of the client, or auth_method: private_key_jwt")
	}
	return nil
}

// into makes requests carry the client's proof: secrets and headers for the builder, and what the form ends with.
func (a ClientAuth) into(b *builder) (form string) {
	b.secrets["client_id"], b.secrets["client_secret"] = a.ID, a.Secret
	switch a.Method {
	case ClientBasic:
		b.secrets["basic"] = base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(a.ID) + ":" + url.QueryEscape(a.Secret)))
		b.headers["Authorization"] = `Basic {{ secret "basic" }}`
		return ""
	case ClientPost:
		return `&client_id={{ secret "client_id" | urlquery }}&client_secret={{ secret "client_secret" | urlquery }}`
	}
	return `&client_id={{ secret "client_id" | urlquery }}&client_assertion_type=` + url.QueryEscape(assertionType) +
		`&client_assertion={{ .client_assertion | urlquery }}`
}

// Fill makes an assertion where the client proves itself by one.
func (a ClientAuth) Fill(_ context.Context, _ map[string]any, _ *response.Delivery, now time.Time) (map[string]string, error) {
	if a.Method != ClientKey {
		return map[string]string{}, nil
	}
	signer, err := jose.NewSigner(*a.Key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, Impossible("the client's assertion cannot be signed: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: a.ID, Subject: a.ID, Audience: jwt.Audience{a.For}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
	if err != nil {
		return nil, Impossible("the client's assertion cannot be signed: %w", err)
	}
	return map[string]string{"client_assertion": text}, nil
}

// AccessToken is one that a client gets for itself (RFC 6749, section 4.4), until shortly before it expires.
type AccessToken struct {
	Client   *http.Client
	Endpoint string // of tokens
	ID       string
	Secret   string

	mu      sync.Mutex
	token   string
	expires time.Time
}

// early is how long before its end a token is not used any more.
const early = 10 * time.Second

// Sign puts the token into a request.
func (t *AccessToken) Sign(ctx context.Context, req *http.Request, _ []byte, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == "" || !now.Before(t.expires) {
		if err := t.get(ctx, now); err != nil {
			return fmt.Errorf("an access token for the provider: %w", err)
		}
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	return nil
}

func (t *AccessToken) get(ctx context.Context, now time.Time) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(t.ID), url.QueryEscape(t.Secret))
	reply := wire.Exchange(t.Client, req, now)
	if reply.Status == 0 {
		return reply.Err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(reply.Body, &answer); reply.Status != http.StatusOK || err != nil || answer.Token == "" {
		if answer.Error != "" {
			return Impossible("status %d, %s: look at client_id and client_secret", reply.Status, wire.Excerpt(answer.Error, wire.NewSecrets(t.Secret)))
		}
		return fmt.Errorf("status %d brings none", reply.Status)
	}
	t.token, t.expires = answer.Token, now.Add(time.Duration(answer.Expires)*time.Second-early)
	return nil
}
