package tokenidentityprocessor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// token is what is remembered of a credential: everything that is said about it, and not the credential.
type token struct {
	otelattr.Identity
	found   tokenregistry.Resolution
	trail   tokenregistry.Trail
	verdict jwks.Verdict
	expires int64        // of a token that was checked, in unix seconds; 0: never
	sealed  atomic.Int64 // the time of the event that it was last sealed for, in unix nanoseconds; 0: none
}

// tokenOf is the token behind a secret.
func (e *engine) tokenOf(ctx context.Context, tenant string, scheme credential.Scheme, secret string) *token {
	return e.cache.Get(tenant, scheme, secret,
		func(t *token) bool { return e.registry.Fresh(&t.found) && e.verifies.Fresh(t.verdict) },
		func() *token { return e.makeToken(ctx, tenant, e.claims.Parse(scheme, secret)) })
}

func (e *engine) makeToken(ctx context.Context, tenant string, c credential.Credential) *token {
	q := tokenregistry.Query{
		Tenant: tenantFor(tenant, c), Credential: c, ByClient: e.cfg.LearnBy == learnByClient,
		ByOwner: e.cfg.LearnBy == learnByOwner, Fingerprint: e.choice.Wants(otelattr.TokenFingerprint),
	}
	verdict := e.verify(ctx, c)
	if verdict.State == jwks.Forged {
		q.Principal, q.Forged = identity.Unverified(identity.Principal(c)), true
	}
	t := &token{found: e.registry.Resolve(q), verdict: verdict}
	if verdict.State == jwks.Genuine && !c.Claims.ExpiresAt.IsZero() {
		t.expires = c.Claims.ExpiresAt.Unix()
	}
	t.ID, t.Hint, t.Fingerprint = t.found.ID, c.Hint(), t.found.Fingerprint
	if r := t.found.Token; r != nil && r.Owner != nil {
		t.OwnerID, t.OwnerTeam = r.Owner.ID, r.Owner.Team
	}
	if e.choice.Detailed() {
		t.Details = detailsOf(c, &t.found)
		if verdict.State == jwks.Genuine {
			t.Unverified, t.Verified = false, true
		}
	}
	t.found.Settle()
	return t
}

// tenantFor is the tenant of the resource or, where that says none, of the token.
func tenantFor(tenant string, c credential.Credential) string {
	if tenant == "" && c.Claims != nil {
		return c.Claims.Tenant
	}
	return tenant
}

// detailsOf is what is written of a token by choice alone.
func detailsOf(c credential.Credential, found *tokenregistry.Resolution) *otelattr.Details {
	d := &otelattr.Details{Type: string(c.Kind), Format: c.Format}
	if c.Claims != nil {
		d.Issuer, d.ClientID, d.Scopes, d.ExpiresAt, d.Unverified = c.Claims.Issuer, c.Claims.ClientID, c.Claims.Scopes, c.Claims.ExpiresAt, true
	}
	if a := found.Claims; a != nil {
		d.Issuer, d.ClientID, d.Unverified, d.Verified = a.Issuer, a.ClientID, false, true // the server itself said so
	}
	if r := found.Token; r != nil {
		d.RegistryID, d.Tags = r.ID, r.Tags
		if len(r.Scopes) > 0 {
			d.Scopes = r.Scopes
		}
		if !r.ExpiresAt.IsZero() {
			d.ExpiresAt = r.ExpiresAt
		}
		if o := r.Owner; o != nil {
			d.OwnerName, d.OwnerType = o.Name, o.Type
		}
	}
	return d
}

// identify says whose token a sight shows, and of what use it was at the time of its event.
func (e *engine) identify(ctx context.Context, w *worker, sight *otelattr.Sight, when time.Time, outbound bool, request otelattr.Request) (*token, otelattr.Use) {
	t := e.tokenOf(ctx, w.tenant, sight.Scheme, sight.Secret)
	use := otelattr.Use{Direction: otelattr.DirectionInbound, Provisional: t.found.Provisional}
	networks, routes := t.found.Limits()
	asked := registry.Use{When: when}
	if outbound {
		use.Direction = otelattr.DirectionOutbound
	} else {
		use.Place, use.Client = e.origins.locate(w, sight)
		if networks {
			asked.Addr, _ = e.origins.proxies.Client(sight.Origin)
		}
	}
	if routes {
		asked.Method, asked.Path = request.Called()
	}
	status, violations := t.found.Check(asked)
	if t.verdict.State != jwks.Unasked {
		status, violations = t.judge(when, status, violations)
		use.Provisional = use.Provisional || t.verdict.State == jwks.Pending
	}
	use.Status, use.Violations = string(status), violations
	if t.trail.Step(&t.found, when) {
		e.remember(w, t, sight, when, use)
	}
	return t, use
}

// remember tells the registry of one use of a token in a minute.
func (e *engine) remember(w *worker, t *token, sight *otelattr.Sight, when time.Time, use otelattr.Use) {
	seen := registry.Sighting{When: when, Owner: t.OwnerID, Service: textOf(w.resource, otelattr.ServiceName)}
	if use.Direction == otelattr.DirectionInbound {
		seen.Country = use.Place.Where().Country
		seen.Addr, _ = e.origins.proxies.Client(sight.Origin)
	}
	e.registry.Saw(&t.found, &t.trail, seen)
}
