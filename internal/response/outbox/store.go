// Package outbox keeps deliveries on disk until they have come to an end, remembers which anomalies were accepted, and what
// became of acts and of what could not be delivered. When the store refuses to write, it carries on in bounded memory and
// writes later.
package outbox

import "context"

// Store keeps values under keys.
type Store interface {
	// Get returns the values of the keys in their order, nil for a key that is not there.
	Get(ctx context.Context, keys ...string) ([][]byte, error)
	// Apply makes all changes or none.
	Apply(ctx context.Context, changes ...Change) error
}

// Change sets a key, or deletes it if the value is nil.
type Change struct {
	Key   string
	Value []byte
}
