package tokenidentityprocessor

import (
	"context"
	"sync/atomic"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// token is what is remembered of a credential: everything that is said about it, and not the credential. There may be a million of
// them: it is small, and its texts are one piece of memory.
type token struct {
	otelattr.Identity
	check    *check // nil: nobody asks for its signature
	standing tokenregistry.Standing
	trail    tokenregistry.Trail
	sealed   atomic.Uint32 // when the event was that it was last sealed for, in unix seconds; 0: none
}

// check is what came of checking a token's signature.
type check struct {
	verdict jwks.Verdict
	expires int64 // of a token that is genuine, in unix seconds; 0: never
}

// verdict is whether the token's signature is right.
func (t *token) verdict() jwks.Verdict {
	if t.check == nil {
		return jwks.Verdict{}
	}
	return t.check.verdict
}

// tokenOf is the token that a record shows.
func (e *engine) tokenOf(ctx context.Context, w *worker, seen *sighting, found identity.Entry[*token]) *token {
	if found.Found && e.fresh(found.Value) {
		return found.Value
	}
	return e.cache.Get(found.Key, e.fresh, func() *token { return e.makeToken(ctx, w.tenant, e.claims.Parse(seen.Scheme, seen.Secret)) })
}

// fresh says whether what is remembered of a token still holds.
func (e *engine) fresh(t *token) bool {
	return e.registry.Fresh(&t.standing) && e.verifies.Fresh(t.verdict())
}

func (e *engine) makeToken(ctx context.Context, tenant string, c credential.Credential) *token {
	q := tokenregistry.Query{
		Tenant: tenantFor(tenant, c), Credential: c, ByClient: e.cfg.LearnBy == learnByClient,
		ByOwner: e.cfg.LearnBy == learnByOwner, Fingerprint: e.choice.Wants(otelattr.TokenFingerprint),
		Recognised: e.cfg.Sources.trustsFingerprints(),
	}
	verdict := e.verify(ctx, c)
	if verdict.State == jwks.Forged {
		q.Principal, q.Forged = identity.Unverified(identity.Principal(c)), true
	}
	found := e.registry.Resolve(q)
	t := &token{standing: found.Standing()}
	texts := found.ID + found.Fingerprint + c.Hint()
	fingerprint, hint := len(found.ID), len(found.ID)+len(found.Fingerprint)
	t.ID, t.Fingerprint, t.Hint = texts[:fingerprint], texts[fingerprint:hint], texts[hint:]
	if found.Token != nil {
		t.Owner = found.Token.Owner
	}
	if e.choice.Detailed() {
		t.Details = detailsOf(c, &found)
		t.Details.Tenant = q.Tenant
	}
	if verdict.State != jwks.Unasked {
		t.check = &check{verdict: verdict}
	}
	if verdict.State == jwks.Genuine {
		t.genuine(c.Claims)
	}
	return t
}

// genuine notes that the claims are those of the issuer.
func (t *token) genuine(claims *credential.Claims) {
	if !claims.ExpiresAt.IsZero() {
		t.check.expires = claims.ExpiresAt.Unix()
	}
	if t.Details != nil {
		t.Details.Unverified, t.Details.Verified = false, true
	}
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
	}
	return d
}

// identify writes whose token a record shows, and of what use it was at the time of the event.
func (e *engine) identify(ctx context.Context, w *worker, seen *sighting, found identity.Entry[*token]) {
	t := e.tokenOf(ctx, w, seen, found)
	use := otelattr.Use{Direction: otelattr.DirectionInbound, Outcome: seen.outcome, Provisional: t.standing.Provisional()}
	networks, routes := t.standing.Limits()
	asked := registry.Use{When: seen.when}
	if seen.outbound {
		use.Direction = otelattr.DirectionOutbound
	} else {
		use.Place, use.Client = e.origins.locate(w, &seen.Sight)
		if networks {
			asked.Addr, _ = e.origins.proxies.Client(seen.Origin)
		}
	}
	if routes {
		asked.Method, asked.Path = seen.request.Called()
	}
	status, violations := t.standing.Check(asked)
	if verdict := t.verdict(); verdict.State != jwks.Unasked {
		status, violations = t.check.judge(seen.when, status, violations)
		use.Provisional = use.Provisional || verdict.State == jwks.Pending
	}
	use.Status, use.Violations = string(status), violations
	if t.trail.Step(&t.standing, seen.when) {
		e.remember(w, t, seen, &use)
	}
	w.appender.PutIdentity(seen.attributes, &t.Identity, &use, e.choice, !seen.Identified)
	w.signature.put(seen.attributes)
	if e.seals > 0 {
		e.seal(w.tenant, seen, t)
	}
}

// remember tells the registry of one use of a token in a minute.
func (e *engine) remember(w *worker, t *token, seen *sighting, use *otelattr.Use) {
	told := registry.Sighting{When: seen.when, Service: textOf(w.resource, otelattr.ServiceName)}
	if t.Owner != nil {
		told.Owner = t.Owner.ID
	}
	if use.Direction == otelattr.DirectionInbound {
		told.Country = use.Place.Where().Country
		told.Addr, _ = e.origins.proxies.Client(seen.Origin)
	}
	e.registry.Saw(t.ID, &t.trail, told)
}
