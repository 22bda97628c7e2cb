package tokenidentityprocessor

import (
	"time"

	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/otelattr"
)

// seal has the credential of a record sealed where that is due, and lets one that is ready leave with the record.
func (e *engine) seal(tenant string, seen *sighting, t *token) {
	if sealed := e.registry.Outgoing(); sealed != nil {
		otelattr.PutSealed(seen.attributes, sealed)
	}
	now, last := uint32(max(1, seen.when.Unix())), t.sealed.Load()
	if age := (time.Duration(now) - time.Duration(last)) * time.Second; last != 0 && age.Abs() < e.seals || t.verdict().State == jwks.Forged {
		return
	}
	if t.sealed.CompareAndSwap(last, now) {
		c := e.claims.Parse(seen.Scheme, seen.Secret)
		if c.Named() {
			return // an id that stands for a credential: nothing to seal
		}
		if !e.registry.Seal(t.ID, tenantFor(tenant, c), c) {
			t.sealed.Store(last) // with the next record
		}
	}
}
