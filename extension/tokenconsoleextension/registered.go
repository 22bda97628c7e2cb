package tokenconsoleextension

import (
	"iter"

	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// registered are the tokens of a registry as a store would know them.
func registered(r *tokenregistry.Registry) iter.Seq[store.Token] {
	return func(yield func(store.Token) bool) {
		for t := range r.Registered() {
			if !yield(tokenOf(t)) {
				return
			}
		}
	}
}

func tokenOf(t *registry.Token) store.Token {
	known := store.Token{RegistryID: t.ID, Status: string(t.Status), Scopes: t.Scopes, Tags: t.Tags, ExpiresAt: t.ExpiresAt, FirstSeen: t.CreatedAt}
	if t.Owner != nil {
		known.OwnerID, known.OwnerName, known.OwnerType, known.OwnerTeam = t.Owner.ID, t.Owner.Name, t.Owner.Type, t.Owner.Team
	}
	return known
}
