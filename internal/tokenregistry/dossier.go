package tokenregistry

import (
	"context"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// Dossier is what is known of a token besides what telemetry carries: whoever acts on it needs these names. It holds no secret.
type Dossier struct {
	Fingerprint      string // of the credential that was seen last
	RegistryID       string
	Issuer, ClientID string
	Format           string
	Scopes           []string
	ExpiresAt        time.Time
	Tags             map[string]string
}

// dossiers are those of the tokens that were resolved last. Of two halves the older is let go of when the younger is full.
type dossiers struct {
	mu         sync.Mutex
	half       int // 0: none are kept
	young, old map[string]Dossier
}

// put keeps one; it returns how many were let go of.
func (d *dossiers) put(id string, known Dossier) (evicted int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.half == 0 {
		return 0
	}
	if len(d.young) >= d.half {
		if _, there := d.young[id]; !there {
			evicted = len(d.old)
			d.old, d.young = d.young, make(map[string]Dossier)
		}
	}
	delete(d.old, id)
	d.young[id] = known
	return evicted
}

func (d *dossiers) get(id string) (Dossier, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.young[id]; ok {
		return known, true
	}
	known, ok := d.old[id]
	return known, ok
}

func (d *dossiers) forget(ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		delete(d.young, id)
		delete(d.old, id)
	}
}

// KeepDossiers begins to keep what is known of up to so many tokens, the ones resolved last.
func (r *Registry) KeepDossiers(tokens int) {
	d := &r.dossiers
	d.mu.Lock()
	defer d.mu.Unlock()
	if half := (tokens + 1) / 2; half > d.half {
		d.half = half
		if d.young == nil {
			d.young = make(map[string]Dossier)
		}
	}
}

// Dossier is what is known of a token that was seen since KeepDossiers.
func (r *Registry) Dossier(id string) (Dossier, bool) { return r.dossiers.get(id) }

// file keeps what a resolution has found out.
func (r *Registry) file(found *Resolution, tenant string, c credential.Credential) {
	d := &r.dossiers
	d.mu.Lock()
	kept := d.half > 0
	d.mu.Unlock()
	if !kept || c.Named() {
		return
	}
	known := Dossier{Fingerprint: found.Fingerprint, Format: c.Format}
	if known.Fingerprint == "" {
		known.Fingerprint = r.namer.Fingerprint(tenant, c)
	}
	claims := c.Claims
	if found.Claims != nil {
		claims = found.Claims
	}
	if claims != nil {
		known.Issuer, known.ClientID, known.Scopes, known.ExpiresAt = claims.Issuer, claims.ClientID, claims.Scopes, claims.ExpiresAt
	}
	if t := found.Token; t != nil {
		known.RegistryID, known.Tags = t.ID, t.Tags
		if len(t.Scopes) > 0 {
			known.Scopes = t.Scopes
		}
		if !t.ExpiresAt.IsZero() {
			known.ExpiresAt = t.ExpiresAt
		}
	}
	if evicted := d.put(found.ID, known); evicted > 0 {
		r.telemetry.TokenRegistryDossierEvictions.Add(context.Background(), int64(evicted))
	}
}
