package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a storage client that can fail and hang.
type disk struct {
	mu      sync.Mutex
	values  map[string][]byte
	batches int
	err     error
	hang    chan struct{}
}

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.values[key], d.err
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	if d.hang != nil {
		<-d.hang
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches++
	if d.err != nil {
		return d.err
	}
	for _, op := range ops {
		if op.Type == storage.Set {
			d.values[op.Key] = op.Value
		} else {
			delete(d.values, op.Key)
		}
	}
	return nil
}

func (*disk) Close(context.Context) error { return nil }

func TestWritesAreGroupedInOrder(t *testing.T) {
	d := &disk{values: map[string][]byte{}, hang: make(chan struct{})}
	w := NewWriter(d)
	var order []int
	for i := range 100 {
		ops := []*storage.Operation{storage.SetOperation("last", fmt.Append(nil, i)), storage.SetOperation(fmt.Sprint(i), nil)}
		w.Submit(ops, func(err error) {
			assert.NoError(t, err)
			order = append(order, i)
		})
	}
	assert.Eventually(t, func() bool { return w.Hangs(time.Millisecond) }, time.Second, time.Millisecond)
	close(d.hang)
	require.NoError(t, w.Close(t.Context()))
	require.NoError(t, w.Close(t.Context()), "twice")
	assert.Len(t, order, 100)
	assert.IsIncreasing(t, order)
	assert.Equal(t, "99", string(d.values["last"]))
	assert.Len(t, d.values, 101)
	assert.LessOrEqual(t, d.batches, 2)
	w.Submit(nil, func(err error) { assert.ErrorIs(t, err, ErrFull) })
}

func TestFailuresAreTold(t *testing.T) {
	full := errors.New("no space left on device")
	w := NewWriter(&disk{err: full})
	w.Submit([]*storage.Operation{storage.DeleteOperation("a")}, func(err error) { assert.ErrorIs(t, err, full) })
	require.NoError(t, w.Close(t.Context()))
	assert.False(t, w.Hangs(0))
}

func TestADiskThatHangsTakesNoMoreThanItsShare(t *testing.T) {
	d := &disk{values: map[string][]byte{}, hang: make(chan struct{})}
	w := NewWriter(d)
	var refused int
	for range 20 {
		w.Submit([]*storage.Operation{storage.SetOperation("a", make([]byte, 8<<20))}, func(err error) {
			if err != nil {
				refused++
			}
		})
	}
	assert.LessOrEqual(t, w.Waiting(), maxWaiting)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, w.Close(ctx), context.DeadlineExceeded)
	close(d.hang)
	<-w.done
	assert.GreaterOrEqual(t, refused, 12)
}
