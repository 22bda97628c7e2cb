package set

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/holterhq/holter/internal/response"
)

// Kind is what an event says, in the words of CAEP 1.0 or RISC 1.0.
type Kind string

// Kinds of events.
const (
	RiskLevelChange      Kind = "risk-level-change"
	SessionRevoked       Kind = "session-revoked"
	CredentialChange     Kind = "credential-change"
	TokenClaimsChange    Kind = "token-claims-change"
	CredentialCompromise Kind = "credential-compromise"
)

// Kinds are all.
var Kinds = []Kind{RiskLevelChange, SessionRevoked, CredentialChange, TokenClaimsChange, CredentialCompromise}

// URI is the event type.
func (k Kind) URI() string {
	family := "caep"
	if k == CredentialCompromise {
		family = "risc"
	}
	return "https://schemas.openid.net/secevent/" + family + "/event-type/" + string(k)
}

// Valid says what is wrong with a name.
func (k Kind) Valid() error {
	if slices.Contains(Kinds, k) {
		return nil
	}
	names := make([]string, len(Kinds))
	for i, kind := range Kinds {
		names[i] = string(kind)
	}
	return fmt.Errorf("%q: write one of %s", string(k), strings.Join(names, ", "))
}

// Undone says whether there is an event that takes this one back.
func (k Kind) Undone() bool { return k == RiskLevelChange }

// Words are what an event is made of besides what happened.
type Words struct {
	Issuer, Audience string
	Subject          Subject
	CredentialType   string // of credential-change and credential-compromise
}

// Claims is a Security Event Token before it is signed. It has one event, and neither sub nor exp (RFC 8417, section 2.2; SSF 1.0).
type Claims struct {
	Issuer   string            `json:"iss"`
	Audience string            `json:"aud"`
	Issued   int64             `json:"iat"`
	ID       string            `json:"jti"`
	Txn      string            `json:"txn,omitempty"`
	Subject  map[string]string `json:"sub_id"`
	Events   map[string]any    `json:"events"`
}

// levels of risk, by what was done about it.
var levels = map[response.Action]string{
	response.Notify: "MEDIUM", response.Restrict: "MEDIUM", response.Reauthenticate: "HIGH", response.Lock: "HIGH",
}

// claims says that kind of thing about the token of an event. The same delivery says the same.
func (w Words) claims(kind Kind, e *response.Event, d *response.Delivery) (Claims, error) {
	subject, err := w.Subject.of(e)
	if err != nil {
		return Claims{}, err
	}
	at := d.Arrived
	if happened, err := time.Parse(time.RFC3339Nano, e.Time); err == nil {
		at = happened
	}
	payload := map[string]any{"event_timestamp": at.Unix(), "initiating_entity": "policy"}
	if e.Sentence != "" {
		payload["reason_admin"] = map[string]string{"en": e.Sentence}
	}
	switch kind {
	case RiskLevelChange:
		payload["principal"], payload["current_level"], payload["risk_reason"] = "USER", levels[d.Action], strings.ToUpper(e.Detector)
		if d.Step == response.Undo {
			payload["current_level"], payload["previous_level"] = "LOW", levels[d.Action]
		}
	case CredentialChange:
		payload["credential_type"], payload["change_type"] = w.CredentialType, "revoke"
		if e.Token.Hint != "" {
			payload["friendly_name"] = e.Token.Hint
		}
	case CredentialCompromise:
		payload["credential_type"] = w.CredentialType
	case TokenClaimsChange:
		if e.Incident == nil || e.Incident.Grant == nil || len(e.Incident.Grant.Scopes) == 0 {
			return Claims{}, fmt.Errorf("%s needs the scopes that the token is to keep, and the event has no incident.grant.scopes", kind)
		}
		payload["claims"] = map[string]string{"scope": strings.Join(e.Incident.Grant.Scopes, " ")}
	}
	c := Claims{
		Issuer: w.Issuer, Audience: w.Audience, Issued: d.Arrived.Unix(), ID: d.ID,
		Subject: subject, Events: map[string]any{kind.URI(): payload},
	}
	if e.Incident != nil {
		c.Txn = e.Incident.ID
	}
	return c, nil
}

// sign writes the token in compact form.
func (k *Key) sign(c Claims) (string, error) {
	signer, err := jose.NewSigner(k.Signing(), (&jose.SignerOptions{}).WithType("secevent+jwt"))
	if err != nil {
		return "", fmt.Errorf("signing the event: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		return "", fmt.Errorf("signing the event: %w", err)
	}
	return text, nil
}
