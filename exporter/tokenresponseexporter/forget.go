package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/tokenstore"
)

// leastWord is how long a word is that is looked for in messages: a shorter one stands in those of others by chance.
const leastWord = 4

// forget lets go of tokens that somebody has erased: their incidents, what waits to be sent about them and what is kept of that. What is denied
// stays denied.
func (r *responder) forget(ctx context.Context, of tokenstore.Forgetting) error {
	words := make([]string, 0, len(of.Words))
	for _, word := range of.Words {
		if len(word) >= leastWord {
			words = append(words, word)
		}
	}
	now := time.Now()
	err := errors.Join(
		r.desk.Forget(ctx, now, of.Tokens, of.Words),
		r.out.Forget(ctx, now, tokenstore.NewFinder(of.Tokens, words).In),
	)
	if err != nil {
		return err
	}
	client, ok := r.client.(*tokenstore.Client)
	if !ok {
		return nil
	}
	if err := client.Renew(ctx); err != nil {
		return fmt.Errorf("it is forgotten, and may still stand in the storage's files: %w", err)
	}
	return nil
}
