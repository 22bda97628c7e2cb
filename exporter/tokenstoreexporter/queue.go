package tokenstoreexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/holterhq/holter/internal/tokenstore"
)

// queue is the storage of a sending_queue, which the Collector's helper opens: it is handed out in such a way that it can be opened anew,
// so that an erasure reaches what was deleted from it.
type queue struct {
	name string

	mu      sync.Mutex
	client  *tokenstore.Client  // nil: the queue is in memory, or off
	waiting map[string]struct{} // keys of batches that were written or read since the start, and are not deleted
	stop    func()
	tell    func(what string, err error)
	refused bool // the last batch that was to wait
}

func newQueue(id component.ID, signal string) *queue {
	return &queue{name: fmt.Sprintf("sending_queue of %s, %s", id, signal), waiting: make(map[string]struct{}), stop: func() {}, tell: func(string, error) {}}
}

// metricsExporter and logsExporter are those of the helper, with a queue that erasures reach.
type (
	metricsExporter struct {
		exporter.Metrics
		queue *queue
	}
	logsExporter struct {
		exporter.Logs
		queue *queue
	}
)

func (e metricsExporter) Start(ctx context.Context, host component.Host) error {
	return e.queue.start(ctx, host, e.Metrics)
}

func (e metricsExporter) Shutdown(ctx context.Context) error { return e.queue.shutdown(ctx, e.Metrics) }

func (e logsExporter) Start(ctx context.Context, host component.Host) error {
	return e.queue.start(ctx, host, e.Logs)
}

func (e logsExporter) Shutdown(ctx context.Context) error { return e.queue.shutdown(ctx, e.Logs) }

func (q *queue) start(ctx context.Context, host component.Host, of component.Component) error {
	q.tell = tokenstore.Troubles(host)
	if err := of.Start(ctx, queueHost{host, q}); err != nil {
		return err
	}
	if q.client != nil {
		q.stop = tokenstore.AfterErase(host, q.name, q.forget)
	}
	return nil
}

func (q *queue) shutdown(ctx context.Context, of component.Component) error {
	q.stop()
	return of.Shutdown(ctx)
}

// drainFor is how long an erasure waits for the queue to be empty; where it is not, the erasure comes again.
const (
	drainFor  = 5 * time.Second
	lookAgain = 10 * time.Millisecond
)

var errWaiting = errors.New("batches wait in the queue, and may tell of who is erased until they are written")

// forget has the file compacted once the batches that wait are written: the store drops what tells of who is erased.
func (q *queue) forget(ctx context.Context, _ tokenstore.Forgetting) error {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	for !q.empty() {
		select {
		case <-ctx.Done():
			return errWaiting
		case <-time.After(lookAgain):
		}
	}
	return q.client.Renew(ctx)
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}

// queueHost hands the storage out.
type queueHost struct {
	component.Host
	queue *queue
}

func (h queueHost) GetExtensions() map[component.ID]component.Component {
	extensions := maps.Clone(h.Host.GetExtensions())
	for id, extension := range extensions {
		if keeper, ok := extension.(storage.Extension); ok {
			extensions[id] = queueStorage{keeper, h.queue}
		}
	}
	return extensions
}

// Report passes a status on.
func (h queueHost) Report(event *componentstatus.Event) { componentstatus.ReportStatus(h.Host, event) }

type queueStorage struct {
	storage.Extension
	queue *queue
}

// GetClient opens the queue's client.
func (s queueStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := tokenstore.OpenClient(ctx, func(ctx context.Context) (storage.Client, error) {
		return s.Extension.GetClient(ctx, kind, id, name)
	})
	if err != nil {
		return nil, err
	}
	s.queue.client = client
	return queueClient{client, s.queue}, nil
}

// queueClient knows which batches wait: they stand under numbers.
type queueClient struct {
	*tokenstore.Client
	queue *queue
}

// numbered says whether an operation is about a batch.
func numbered(op *storage.Operation) bool {
	_, err := strconv.ParseUint(op.Key, 10, 64)
	return err == nil
}

// took says whether a batch can wait here. One that cannot never comes to the store, which would not know of it.
func (q *queue) took(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil || q.refused {
		q.refused = err != nil
		q.tell("write to the "+q.name, err)
	}
}

// Batch does several things, all or nothing.
func (c queueClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	q := c.queue
	err := c.Client.Batch(ctx, ops...)
	if slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Set && numbered(op) }) {
		q.took(ctx, err)
	}
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, op := range ops {
		if !numbered(op) {
			continue
		}
		switch op.Type {
		case storage.Set, storage.Get: // what is read was there before the start
			if op.Value != nil {
				q.waiting[op.Key] = struct{}{}
			}
		case storage.Delete:
			delete(q.waiting, op.Key)
		}
	}
	return nil
}
