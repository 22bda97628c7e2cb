package tokenregistry

import (
	"context"
	"errors"

	"github.com/holterhq/holter/internal/tokenstore"
)

// Forget lets go of what was seen of tokens that somebody has erased, of their sealed credentials, and of their lineage: a successor that is used
// later has an id of its own. Sealed credentials that came from elsewhere do not say whose they are: all of them go, and are sent again within the
// interval of whoever seals them. What a registry says of the tokens is the registry's.
func (r *Registry) Forget(ctx context.Context, of tokenstore.Forgetting) error {
	r.dossiers.forget(of.Tokens)
	if r.seen != nil {
		r.seen.Forget(of.Tokens, of.Words)
	}
	if r.sealing.store != nil {
		r.sealing.store.Forget(of.Tokens)
	}
	if r.client == nil {
		return r.lineage.Forget(ctx, nil, of.Tokens)
	}
	if err := r.lineage.Forget(ctx, r.client, of.Tokens); err != nil {
		return err
	}
	if r.directory != nil {
		r.directory.Changed()
	}
	err := errors.Join(r.saveLineage(ctx), r.saveSealed(ctx))
	if r.seen != nil {
		_, seenErr := r.saveSeen(ctx)
		err = errors.Join(err, seenErr)
	}
	if err != nil {
		return err
	}
	return r.client.Renew(ctx)
}
