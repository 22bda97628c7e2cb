package access

// Provider is an OpenID provider that people log in at.
type Provider struct{}
