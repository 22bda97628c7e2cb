package tokenregistry

import (
	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
)

// Whoever has the fingerprint key can name a credential without sending it. Such a fingerprint, be it of a former key, is the token
// whose credential it is of, once that was seen in the open.

const byFingerprint = "fingerprint"

// isFingerprint says whether a credential is an id that has the form of an api_token.fingerprint.
func isFingerprint(c credential.Credential) bool {
	return c.Kind == credential.TrustedID && identity.IsFingerprint(c.Raw)
}

// recognise remembers the id of a credential under its fingerprints.
func (r *Registry) recognise(found *Resolution, tenant string, c credential.Credential) {
	if c.Named() {
		return
	}
	present := found.Fingerprint
	if present == "" {
		present = r.namer.Fingerprint(tenant, c)
	}
	for _, fingerprint := range append(r.namer.Former(tenant, c), present) {
		r.lineage.Put(identity.NewLineageKey(byFingerprint, tenant, fingerprint), found.ID)
	}
}

// recall gives a fingerprint the id of its credential.
func (r *Registry) recall(found *Resolution, tenant string, c credential.Credential) {
	key := identity.NewLineageKey(byFingerprint, tenant, c.Raw)
	if id, known := r.lineage.Known(key); known {
		found.ID = id
	} else {
		found.unmet = &key
	}
}

func (r *Registry) met(key identity.LineageKey) bool {
	_, known := r.lineage.Known(key)
	return known
}
