package tokenregistry

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/registry"
)

// LineageConfig bounds what is remembered of rotations.
type LineageConfig struct {
	// MaxTokens is how many registered tokens' first ids are remembered.
	MaxTokens int `mapstructure:"max_tokens"`

	_ struct{}
}

// Validate refuses a lineage that forgets at once.
func (l *LineageConfig) Validate() error {
	if l.MaxTokens < 1 {
		return fmt.Errorf("max_tokens: %d must be at least 1: the default is %d", l.MaxTokens, defaultMaxTokens)
	}
	return nil
}

const (
	defaultMaxTokens = 1_000_000
	saveInterval     = time.Second
)

// startLineage reads what is known of rotations, and keeps what is learned of them from then on.
func (r *Registry) startLineage(ctx context.Context) {
	if r.client == nil || r.passing {
		return
	}
	if err := r.lineage.Load(ctx, r.client); err != nil {
		r.tellLineage(ctx, err)
	}
	r.done.Go(func() {
		ticker := time.NewTicker(saveInterval)
		defer ticker.Stop()
		for {
			select {
			case <-r.watching.Done():
				return
			case <-ticker.C:
				r.tellLineage(r.watching, r.saveLineage(r.watching))
			}
		}
	})
}

func (r *Registry) saveLineage(ctx context.Context) error {
	if r.passing {
		return nil
	}
	return r.lineage.Save(ctx, r.client)
}

// tellLineage says in health, log and metric how the lineage is.
func (r *Registry) tellLineage(ctx context.Context, err error) {
	if n := r.lineage.Evicted(); n > 0 {
		r.telemetry.TokenRegistryLineageEvictions.Add(ctx, n)
	}
	switch {
	case err != nil && !r.lineageOff && r.watching.Err() == nil:
		r.logger.Error("The lineage of tokens cannot be kept: after a restart, a token that has been rotated meanwhile may be another", zap.Error(err))
		r.troubles.trouble("lineage", err)
	case err == nil && r.lineageOff:
		r.logger.Info("The lineage of tokens is kept again")
		r.troubles.well("lineage")
	}
	r.lineageOff = err != nil
}

// The kinds of names that first ids are remembered under.
const (
	byRegistryID = "registry"
	byPrincipal  = "principal"
)

// settle is the id of a registered token: the one that the first of its rotations had, as far as any has been seen.
func (r *Registry) settle(tenant string, t *registry.Token, id string) string {
	names := [...]string{t.First, t.Replaces, t.ID}
	switch {
	case !t.One():
		return id
	case t.APITokenID != "":
		id = t.APITokenID
	case t.Rotates:
		for _, name := range names {
			if name == "" {
				continue
			}
			if first, known := r.lineage.Known(identity.NewLineageKey(byRegistryID, tenant, name)); known {
				id = first
				break
			}
		}
	}
	for i, name := range names {
		if name != "" && (i == 0 || name != names[i-1]) {
			r.lineage.First(identity.NewLineageKey(byRegistryID, tenant, name), id)
		}
	}
	return id
}

// Keep is the id of a token that somebody else than the registry knows by other names, its issuer, client and subject for one:
// the id that these names had first.
func (r *Registry) Keep(tenant, id string, names ...string) string {
	return r.lineage.First(identity.NewLineageKey(byPrincipal, tenant, names...), id)
}

// Announce says that a credential succeeds another, which whoever issued them knows: it keeps the other's id from now on.
func (r *Registry) Announce(tenant string, old, successor credential.Credential) {
	id := r.namer.ID(tenant, successor)
	key, ok := identity.SuccessorKey(id)
	if first := r.Resolve(Query{Tenant: tenant, Credential: old}).ID; ok && first != id {
		r.lineage.Put(key, first)
		if r.directory != nil {
			r.directory.Changed()
		}
	}
}

// succeeded is the id of the credential that was announced to come before the one of an id.
func (r *Registry) succeeded(id string) string {
	if key, ok := identity.SuccessorKey(id); ok {
		if first, known := r.lineage.Known(key); known {
			return first
		}
	}
	return id
}
