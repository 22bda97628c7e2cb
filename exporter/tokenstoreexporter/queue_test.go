package tokenstoreexporter

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/holterhq/holter/internal/tokenstore"
)

// disk is a storage whose disk may be full.
type disk struct {
	component.StartFunc
	component.ShutdownFunc
	full atomic.Bool
}

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return &onDisk{disk: d, all: map[string][]byte{}}, nil
}

type onDisk struct {
	storage.Client
	disk *disk
	mu   sync.Mutex
	all  map[string][]byte
}

func (c *onDisk) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[key], nil
}

func (c *onDisk) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *onDisk) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *onDisk) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = c.all[op.Key]
		case storage.Set:
			if c.disk.full.Load() {
				return fmt.Errorf("write queue: %w", syscall.ENOSPC)
			}
			c.all[op.Key] = op.Value
		case storage.Delete:
			delete(c.all, op.Key)
		}
	}
	return nil
}

func (*onDisk) Close(context.Context) error { return nil }

// watchedHost notes what is told to its store.
type watchedHost struct {
	host
	disk *disk
	mu   *sync.Mutex
	said *[]string
}

func (h watchedHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{tokenstore.DefaultID: h, component.MustNewID("file_storage"): h.disk}
}

func (h watchedHost) Trouble(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.said = append(*h.said, fmt.Sprintf("%s: %v", what, err))
}

// What the queue cannot keep never comes to the store: it is told of it, until the queue can again.
func TestAStoreHearsOfAFullQueue(t *testing.T) {
	h := watchedHost{host{Store: open(t)}, &disk{}, &sync.Mutex{}, &[]string{}}
	set := settings()
	set.ID = tokenstore.DefaultID
	metrics, _ := exporters(t, set, h, func(c *Config) {
		id := component.MustNewID("file_storage")
		c.Queue.GetOrInsertDefault().StorageID = &id
	})
	said := func() []string {
		h.mu.Lock()
		defer h.mu.Unlock()
		return append([]string(nil), *h.said...)
	}
	send := func(sequence int64) error { return metrics.ConsumeMetrics(t.Context(), written(t, sequence)) }
	require.NoError(t, send(1))
	assert.Empty(t, said())
	h.disk.full.Store(true)
	require.ErrorIs(t, send(2), syscall.ENOSPC)
	const what = "write to the sending_queue of token_store, metrics: "
	assert.Equal(t, []string{what + "write queue: no space left on device"}, said())
	h.disk.full.Store(false)
	require.NoError(t, send(2))
	require.NoError(t, send(3))
	assert.Equal(t, []string{what + "write queue: no space left on device", what + "<nil>"}, said())
}
