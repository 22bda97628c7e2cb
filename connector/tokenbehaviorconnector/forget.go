package tokenbehaviorconnector

import (
	"container/heap"
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/tokenstore"
)

var (
	errNotForgotten = errors.New("it did not get to it: it is tried again")
	errNotSaved     = errors.New("it is forgotten, and still stands in the storage: it is tried again")
	errStateLost    = errors.New("it is forgotten in memory, and the storage's state, which could not be read, may tell of it: it is tried again, and once Holter was started with a storage that can be read it succeeds")
)

// forget lets go of tokens that somebody has erased: in memory, in what waits to be delivered, and in the storage. What was in the storage's
// files is gone from them once the client was opened anew by a storage that compacts on start.
func (r *runtime) forget(ctx context.Context, of tokenstore.Forgetting) error {
	done := errNotForgotten
	r.worker.ask(ctx, func() { done = r.worker.forget(ctx, of) })
	if ctx.Err() != nil { // it may be going on: done is not ours to read
		return fmt.Errorf("%w: %w", errNotForgotten, ctx.Err())
	}
	if done != nil || r.worker.store.writer == nil {
		return done
	}
	if err := r.client.Renew(ctx); err != nil {
		return fmt.Errorf("it is forgotten, and may still stand in the storage's files: %w", err)
	}
	return nil
}

// forget saves all that is left at once, so that the journal need not be kept, which tells of the tokens as well.
func (w *worker) forget(ctx context.Context, of tokenstore.Forgetting) error {
	w.store.settle(ctx)
	w.store.barrier(ctx) // batches that were cut are on their way then
	if err := w.learner.forget(of.Tokens, of.Words); err != nil {
		return err
	}
	gone := otelattr.NewGone(of.Tokens, of.Words)
	w.reorder.forget(gone.Tokens)
	w.recent.Forget(of.Tokens)
	w.units.forget(gone.Tokens)
	w.metrics.forget(of.Tokens, gone, w.store)
	w.events.forget(gone)
	if w.store.writer == nil {
		if w.config.Storage != nil {
			return errStateLost
		}
		return nil
	}
	w.save()
	w.store.settle(ctx)
	if w.store.saving != nil || w.store.failures > 0 {
		return errNotSaved
	}
	return nil
}

// forget has the engine let go of tokens.
func (l *learner) forget(tokens, words []string) (err error) {
	defer recoverTo(&err)
	l.engine.Forget(tokens, words)
	return nil
}

// forget takes out what waits of tokens.
func (r *reorder) forget(gone map[string]bool) {
	all := r.heap
	r.heap = nil
	for i := range all {
		if !gone[all[i].record.Token] {
			r.heap = append(r.heap, all[i])
		}
	}
	heap.Init(&r.heap)
}

// forget takes out the requests of tokens: what spans within them used is nobody's.
func (u *units) forget(gone map[string]bool) {
	for _, generation := range [...]map[[16]byte]request{u.requests.old, u.requests.young} {
		for trace, r := range generation {
			if gone[r.obs.Token] {
				delete(generation, trace)
			}
		}
	}
}

// forget takes tokens out of what was counted, and of what waits to be delivered.
func (o *metricsOutput) forget(tokens []string, gone otelattr.Gone, s *store) {
	var ops []*storage.Operation
	for _, v := range o.views {
		v.counter.Forget(tokens)
		v.evidence.forget(gone.Tokens)
		v.unsure.forget(gone.Tokens)
		for _, pipe := range v.pipes {
			pipe.courier.change(func(b *metricsBatch) (*metricsBatch, bool) {
				if !v.Delta { // a later batch says all that this one does
					return b, false
				}
				without, ok := b.without(gone)
				if ok && s.writer != nil {
					ops = append(ops, storage.SetOperation(batchKey(pipe.id, b.sequence), without.encoded))
				}
				return without, true
			})
		}
	}
	if len(ops) > 0 {
		s.write(func(error) {}, ops...)
	}
}

// without is a delta batch without some tokens; the same one where it has nothing of them.
func (b *metricsBatch) without(gone otelattr.Gone) (*metricsBatch, bool) {
	if b.encoded == nil {
		return b, false
	}
	md, err := new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(b.encoded)
	if err != nil || !otelattr.ForgetUsage(md, gone) {
		return b, false
	}
	encoded, err := new(pmetric.ProtoMarshaler).MarshalMetrics(md)
	if err != nil {
		return b, false
	}
	return &metricsBatch{encoded: encoded, sequence: b.sequence}, true
}

func (e *evidence) forget(gone map[string]bool) {
	for of := range e.told {
		if gone[of.token] {
			delete(e.told, of)
		}
	}
	for of := range e.touched {
		if gone[of.token] {
			delete(e.touched, of)
		}
	}
}

// forget takes events of tokens out of the outbox.
func (o *eventsOutput) forget(gone otelattr.Gone) {
	for _, pipe := range o.pipes {
		pipe.courier.change(func(event plog.LogRecord) (plog.LogRecord, bool) { return otelattr.ForgetEvent(event, gone) })
	}
}
