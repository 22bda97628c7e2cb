package outbox

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

func TestTheOutboxForgets(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	o, _ := open(t, store, roomy)
	waits, dead, act, other := delivery("gone-1", "people"), delivery("gone-2", "people"), delivery("gone-3", "kong"), delivery("stays", "people")
	add(t, o, waits, dead, act, other)
	dead.State = response.Dead
	o.End(ctx, noon, dead, response.Message, Batch{})
	act.State = response.Delivered
	o.End(ctx, noon, act, response.Act, Batch{})
	tells := func(stored []byte) bool { return bytes.Contains(stored, []byte("gone")) }
	store.set(true)
	require.ErrorIs(t, o.Forget(ctx, noon, tells), errDisk, "it is held, and in the store as it was")
	store.set(false)
	require.NoError(t, o.Forget(ctx, noon.Add(retryStore), tells))
	for key, value := range store.values {
		assert.False(t, tells(value), key)
	}
	waits.Body = nil
	require.ErrorIs(t, o.Fetch(ctx, waits), ErrGone)
	other.Body = nil
	require.NoError(t, o.Fetch(ctx, other))
	assert.Zero(t, o.DeadLetters()["people"])
	var letters int
	require.NoError(t, o.Letters(ctx, func(Letter) { letters++ }))
	assert.Zero(t, letters)
	_, found := open(t, store.snapshot(), roomy)
	require.Len(t, found, 1)
	assert.Equal(t, "stays", found[0].ID)
}
