// Package credential finds, recognises and erases secrets in strings. It knows the formats that providers publish, the
// places that credentials stand in (headers, queries, cookies, access logs, statements, command lines), and the forms that a
// secret takes on its way (percent-encoded, base64, hex, inside JSON text). It knows nothing of telemetry formats.
//
// Nothing here is a regular expression: a Scanner reads each string once and stops at the few bytes that can begin or
// introduce a secret.
package credential

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
	if password == "" || password == "x-oauth-basic" || password == "X" || Recognise(user) != nil {
		return Parse(Plain, user)
	}
	if Recognise(password) != nil {
		return Parse(Plain, password)
	}
	return Credential{Raw: user + ":" + password, Kind: Basic, User: user}
}
