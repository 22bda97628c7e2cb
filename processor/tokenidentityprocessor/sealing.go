package tokenidentityprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/otelattr"
)

// seal has the credential of a record sealed where that is due, and lets one that is ready leave with the record.
func (e *engine) seal(tenant string, sight *otelattr.Sight, t *token, when time.Time, record pcommon.Map) {
	if sealed := e.registry.Outgoing(); sealed != nil {
		otelattr.PutSealed(record, sealed)
	}
	now, last := when.UnixNano()|1, t.sealed.Load()
	if age := now - last; last != 0 && age < int64(e.seals) && age > -int64(e.seals) || t.verdict.State == jwks.Forged {
		return
	}
	if t.sealed.CompareAndSwap(last, now) {
		c := e.claims.Parse(sight.Scheme, sight.Secret)
		if c.Named() {
			return // an id that stands for a credential: nothing to seal
		}
		if !e.registry.Seal(tenantFor(tenant, c), c) {
			t.sealed.Store(last) // with the next record
		}
	}
}
