package tokenregistry

import (
	"context"
	"errors"

	"github.com/holterhq/holter/internal/tokenstore"
)

// Forget lets go of what was seen of tokens that somebody has erased, and of their lineage: a successor that is used later has an id of its own.
// What a registry says of them is the registry's, and sealed credentials, which know no id, end with their time to live.
func (r *Registry) Forget(ctx context.Context, of tokenstore.Forgetting) error {
	r.dossiers.forget(of.Tokens)
	if r.seen != nil {
		r.seen.Forget(of.Tokens, of.Words)
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
	err := r.saveLineage(ctx)
	if r.seen != nil {
		_, seenErr := r.saveSeen(ctx)
		err = errors.Join(err, seenErr)
	}
	if err != nil {
		return err
	}
	return r.client.Renew(ctx)
}
