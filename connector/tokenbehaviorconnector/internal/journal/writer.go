package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// ErrFull is what Submit's callback gets when so much waits for the storage already that no more is taken.
var ErrFull = errors.New("the storage does not keep up")

const (
	maxWaiting = 64 << 20 // bytes
	maxGroup   = 8 << 20  // bytes that are written in one transaction, unless a single write is larger
)

// Writer writes to a storage client in the background, in the order of submission, and writes what has gathered meanwhile
// in one transaction. A storage that hangs delays nobody.
type Writer struct {
	client storage.Client

	mu      sync.Mutex
	queue   []write
	waiting int       // bytes in queue
	began   time.Time // of the write that is under way; zero if none is
	closed  bool
	wake    chan struct{}
	done    chan struct{}
}

// write is a number of operations that happen together or not at all.
type write struct {
	ops  []*storage.Operation
	size int
	then func(error)
}

// NewWriter returns a Writer that has started.
func NewWriter(client storage.Client) *Writer {
	w := &Writer{client: client, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// Submit queues operations that belong together. then is called once, from another goroutine or before Submit returns.
func (w *Writer) Submit(ops []*storage.Operation, then func(error)) {
	var size int
	for _, op := range ops {
		size += len(op.Key) + len(op.Value)
	}
	w.mu.Lock()
	if w.closed || w.waiting > 0 && w.waiting+size > maxWaiting {
		w.mu.Unlock()
		then(ErrFull)
		return
	}
	w.queue = append(w.queue, write{ops, size, then})
	w.waiting += size
	select {
	case w.wake <- struct{}{}:
	default:
	}
	w.mu.Unlock()
}

// Waiting is how many bytes are queued.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// Hangs says whether a write has been under way for longer than patience.
func (w *Writer) Hangs(patience time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.began.IsZero() && time.Since(w.began) > patience
}

// Get reads a key. It waits no longer than ctx allows.
func (w *Writer) Get(ctx context.Context, key string) ([]byte, error) {
	type answer struct {
		value []byte
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		a.err = Guard(func() (err error) {
			a.value, err = w.client.Get(ctx, key)
			return err
		})
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the storage did not answer: %w", ctx.Err())
	}
}

// Guard calls into a storage, whose files may be damaged: what makes it panic, or read memory that is not there, is an error.
func Guard(call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the storage panicked: %v", p)
		}
	}()
	return call()
}

// Close writes what is queued and closes the client. It waits no longer than ctx allows.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		return fmt.Errorf("the storage did not finish: %w", ctx.Err())
	}
	if closed {
		return nil
	}
	return Guard(func() error { return w.client.Close(ctx) })
}

func (w *Writer) run() {
	defer close(w.done)
	for range w.wake {
		w.writeAll()
	}
	w.writeAll()
}

func (w *Writer) writeAll() {
	for {
		group := w.take()
		if len(group) == 0 {
			return
		}
		var ops []*storage.Operation
		for _, one := range group {
			ops = append(ops, one.ops...)
		}
		err := Guard(func() error { return w.client.Batch(context.Background(), ops...) })
		w.mu.Lock()
		w.began = time.Time{}
		for _, one := range group {
			w.waiting -= one.size
		}
		w.mu.Unlock()
		for _, one := range group {
			one.then(err)
		}
	}
}

// take removes the next writes from the queue, as many as go into one transaction.
func (w *Writer) take() []write {
	w.mu.Lock()
	defer w.mu.Unlock()
	var n, size int
	for n < len(w.queue) && (n == 0 || size+w.queue[n].size <= maxGroup) {
		size += w.queue[n].size
		n++
	}
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	if n > 0 {
		w.began = time.Now()
	}
	return group
}
