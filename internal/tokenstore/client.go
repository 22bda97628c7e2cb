package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Client is a storage client that can be opened anew while it is in use. What was deleted stands in a storage's files until they are
// compacted: a storage that does so on start, as file_storage with compaction: {on_start: true}, does it then.
type Client struct {
	open func(context.Context) (storage.Client, error)

	mu     sync.RWMutex
	held   storage.Client // nil: it could not be opened again
	closed bool
}

var _ storage.Client = (*Client)(nil)

var (
	errClosed = errors.New("the storage is closed")
	errInUse  = errors.New("the storage was in use all the time, and its files are not compacted")
)

const lookAgain = 5 * time.Millisecond

// OpenClient opens a client. It is opened in the same way later.
func OpenClient(ctx context.Context, open func(context.Context) (storage.Client, error)) (*Client, error) {
	held, err := open(ctx)
	if err != nil {
		return nil, err
	}
	if held == nil {
		return nil, errors.New("the extension gave no client")
	}
	return &Client{open: open, held: held}, nil
}

// Renew closes the client and opens it again. What is asked meanwhile waits.
func (c *Client) Renew(ctx context.Context) error {
	for !c.mu.TryLock() { // Lock would keep others waiting behind who never ends
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errInUse, ctx.Err())
		case <-time.After(lookAgain):
		}
	}
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if held := c.held; held != nil {
		if err := held.Close(ctx); err != nil {
			return err
		}
		c.held = nil
	}
	return c.reopen(context.WithoutCancel(ctx))
}

// reopen opens the client. The caller holds mu.
func (c *Client) reopen(ctx context.Context) (err error) {
	if c.closed {
		return errClosed
	}
	if c.held == nil {
		c.held, err = c.open(ctx)
	}
	return err
}

// use does something with the client; where it could not be opened again, that is tried first.
func (c *Client) use(ctx context.Context, do func(storage.Client) error) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.held == nil {
		c.mu.RUnlock()
		c.mu.Lock()
		err := c.reopen(ctx)
		c.mu.Unlock()
		c.mu.RLock()
		if err != nil {
			return err
		}
	}
	if c.held == nil {
		return errClosed
	}
	return do(c.held)
}

// Get reads a key.
func (c *Client) Get(ctx context.Context, key string) (value []byte, err error) {
	err = c.use(ctx, func(s storage.Client) (err error) {
		value, err = s.Get(ctx, key)
		return err
	})
	return value, err
}

// Set writes a key.
func (c *Client) Set(ctx context.Context, key string, value []byte) error {
	return c.use(ctx, func(s storage.Client) error { return s.Set(ctx, key, value) })
}

// Delete deletes a key.
func (c *Client) Delete(ctx context.Context, key string) error {
	return c.use(ctx, func(s storage.Client) error { return s.Delete(ctx, key) })
}

// Batch does several things, all or nothing.
func (c *Client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	return c.use(ctx, func(s storage.Client) error { return s.Batch(ctx, ops...) })
}

// Close closes the client for good.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	held := c.held
	c.held = nil
	if held == nil {
		return nil
	}
	return held.Close(ctx)
}
