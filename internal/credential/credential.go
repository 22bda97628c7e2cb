// Package credential finds, recognises and erases secrets in strings. It knows the formats that providers publish, the
// places that credentials stand in (headers, queries, cookies, access logs, statements, command lines), and the forms that a
// secret takes on its way (percent-encoded, base64, hex, inside JSON text). It knows nothing of telemetry formats.
//
// Nothing here is a regular expression: a Scanner reads each string once and stops at the few bytes that can begin or
// introduce a secret.
package credential

import "strings"

// Kind is what sort of credential a secret is, the value of api_token.type.
type Kind string

// Kinds of credentials.
const (
	APIKey       Kind = "api_key"
	JWT          Kind = "jwt"
	OAuth2       Kind = "oauth2"
	Basic        Kind = "basic"
	AWSAccessKey Kind = "aws_access_key"
	Session      Kind = "session"
	PrivateKey   Kind = "private_key"
)

// Credential is one credential as it was presented. Raw is the secret: it lives as long as the record that is being
// processed, and no method of Credential prints it.
type Credential struct {
	Raw    string
	Kind   Kind
	Format string // the recognised format, github_pat, stripe_secret_key …; empty: opaque
	User   string // Basic: the user, who is the identity
	Claims *Claims
}

// String is the hint: what a person may see.
func (c Credential) String() string { return c.Hint() }

// GoString is the hint too, so that no formatting verb prints the secret.
func (c Credential) GoString() string { return c.Hint() }

// Scheme is how a secret was presented.
type Scheme uint8

// Schemes that change what a secret means.
const (
	Plain       Scheme = iota // a key, a bearer token, whatever its value says it is
	BasicScheme               // base64 of user:password
	SigV4                     // AWS signature version 4: the access key id stands in Credential=
	Cookies                   // the value of a session cookie
)

// Parse reads what a secret says about itself. It allocates: callers keep what it returns by a keyed hash of the secret.
func Parse(scheme Scheme, secret string) Credential {
	switch scheme {
	case BasicScheme:
		return parseBasic(secret)
	case SigV4:
		return Credential{Raw: secret, Kind: AWSAccessKey, Format: "aws_access_key_id"}
	}
	if c, ok := callers[scheme]; ok {
		c.Raw = secret
		return c
	}
	if claims, ok := ParseJWT(secret); ok {
		return Credential{Raw: secret, Kind: JWT, Format: "jwt", Claims: claims}
	}
	if f := Recognise(secret); f != nil && f.sound(secret) {
		return Credential{Raw: secret, Kind: f.Kind, Format: f.Name}
	}
	if scheme == Cookies {
		return Credential{Raw: secret, Kind: Session}
	}
	return Credential{Raw: secret, Kind: APIKey}
}

// parseBasic tells a user with a password from an API key that is sent in Basic's clothes: providers take keys as a user
// without a password, or as the password of a fixed user.
func parseBasic(encoded string) Credential {
	user, password, ok := DecodeBasic(encoded)
	if !ok {
		return Credential{Raw: encoded, Kind: APIKey}
	}
	switch {
	case keyed(user, password):
		return Parse(Plain, user)
	case user == "" || Recognise(password) != nil || keyUsers[strings.ToLower(user)]:
		return Parse(Plain, password)
	}
	return Credential{Raw: user + ":" + password, Kind: Basic, User: user}
}

// fillers are passwords that stand beside a key which is sent as the user: Stripe and others leave it empty, GitHub's, BambooHR's,
// Freshdesk's and Toggl's documentation name these.
var fillers = map[string]bool{"": true, "x-oauth-basic": true, "x": true, "X": true, "api_token": true}

// keyed says whether the user of Basic is a key, and the password none.
func keyed(user, password string) bool {
	return user != "" && fillers[password] || Recognise(user) != nil
}

// keyUsers are users that everybody has whose password is a key, as the documentation of SendGrid, Mailgun, Bitbucket, GitHub, GitLab and
// Google's registries has them.
var keyUsers = map[string]bool{
	"apikey": true, "api": true, "api_key": true, "api-key": true, "x-token-auth": true, "x-access-token": true, "oauth2": true,
	"oauth2accesstoken": true, "_token": true, "gitlab-ci-token": true,
}
