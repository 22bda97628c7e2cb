package tokenidentityprocessor

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/registry"
)

// token is what is remembered of a credential: everything that is said about it, and not the credential.
type token struct {
	otelattr.Identity
	registered *registry.Token
	snapshot   *registry.Snapshot // that it was joined with
}

// tokenOf is the token behind a secret.
func (e *engine) tokenOf(tenant string, scheme credential.Scheme, secret string) *token {
	var snapshot *registry.Snapshot
	if e.registry != nil {
		snapshot = e.registry.Snapshot()
	}
	return e.cache.Get(tenant, scheme, secret,
		func(t *token) bool { return t.snapshot == snapshot },
		func() *token { return e.makeToken(tenant, credential.Parse(scheme, secret), snapshot) })
}

func (e *engine) makeToken(tenant string, c credential.Credential, snapshot *registry.Snapshot) *token {
	t := &token{snapshot: snapshot, registered: snapshot.Find(c)}
	t.ID, t.Hint, t.Type, t.Format = e.namer.ID(tenant, c), c.Hint(), string(c.Kind), c.Format
	if e.choice.Wants(otelattr.TokenFingerprint) {
		t.Fingerprint = e.namer.Fingerprint(tenant, c)
	}
	if c.Claims != nil {
		t.Issuer, t.ClientID, t.Scopes, t.ExpiresAt, t.Unverified = c.Claims.Issuer, c.Claims.ClientID, c.Claims.Scopes, c.Claims.ExpiresAt, true
	}
	if r := t.registered; r != nil {
		t.RegistryID, t.Tags = r.ID, r.Tags
		if len(r.Scopes) > 0 {
			t.Scopes = r.Scopes
		}
		if !r.ExpiresAt.IsZero() {
			t.ExpiresAt = r.ExpiresAt
		}
		if o := r.Owner; o != nil {
			t.OwnerID, t.OwnerName, t.OwnerType, t.OwnerTeam = o.ID, o.Name, o.Type, o.Team
		}
	}
	return t
}

// identify says whose token a sight shows, and of what use it was at the time of its event.
func (e *engine) identify(ctx context.Context, tenant string, sight *otelattr.Sight, when time.Time, outbound bool) (*token, otelattr.Use) {
	t := e.tokenOf(tenant, sight.Scheme, sight.Secret)
	use := otelattr.Use{Direction: otelattr.DirectionInbound}
	switch {
	case t.registered != nil:
		status, violations := t.registered.At(when)
		use.Status, use.Violations = string(status), violations
	case t.snapshot != nil:
		use.Status = string(registry.Unknown)
	}
	if outbound {
		use.Direction = otelattr.DirectionOutbound
	} else {
		use.Country, use.Client = e.locate(ctx, sight)
	}
	return t, use
}

// locate says where a request came from. With trusted proxies the client's address may be another than the record says.
func (e *engine) locate(ctx context.Context, sight *otelattr.Sight) (country, client string) {
	if e.country == nil && len(e.proxies) == 0 {
		return "", ""
	}
	addr, ok := e.proxies.Client(sight.Origin)
	if !ok {
		return "", ""
	}
	if len(e.proxies) > 0 {
		if text := addr.String(); text != sight.Origin.Client {
			client = text
		}
	}
	if e.country != nil {
		if country = e.country.Country(addr); country == "" && geo.KindOf(addr) == geo.Public {
			e.telemetry.TokenIdentityGeoMisses.Add(ctx, 1)
		}
	}
	return country, client
}
