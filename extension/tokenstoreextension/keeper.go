package tokenstoreextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/extension/tokenstoreextension/internal/metadata"
	"github.com/holterhq/holter/internal/store"
)

// keeper is the store that the others get: the backend once it is open, an answer that says why not until then. It counts, and says
// what is off.
type keeper struct {
	telemetry *metadata.TelemetryBuilder
	troubles  *troubles
	memories  memories // of tokens beside the store

	mu      sync.RWMutex
	backend store.Store // nil: not open
	away    error       // why
	opened  chan struct{}
	using   sync.WaitGroup // does not grow while there is no backend
}

var _ store.Store = (*keeper)(nil)

var (
	errNotYet = errors.New("it is not open yet")
	errClosed = errors.New("the Collector is shutting down")
)

func newKeeper(telemetry *metadata.TelemetryBuilder, troubles *troubles) *keeper {
	return &keeper{
		telemetry: telemetry, troubles: troubles, away: errNotYet, opened: make(chan struct{}),
		memories: memories{news: make(chan struct{}, 1)},
	}
}

// begin takes the backend into use.
func (k *keeper) begin(backend store.Store) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.backend, k.away = backend, nil
	close(k.opened)
}

// wait notes why there is no backend.
func (k *keeper) wait(why error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away = why
}

// end closes the backend. What is asked from now on is not answered.
func (k *keeper) end() error {
	k.mu.Lock()
	backend := k.backend
	k.backend, k.away, k.opened = nil, errClosed, make(chan struct{})
	k.mu.Unlock()
	if backend == nil {
		return nil
	}
	k.using.Wait()
	return backend.Close()
}

// use does something with the backend, which stays open meanwhile.
func (k *keeper) use(operation string, do func(store.Store) error) error {
	k.mu.RLock()
	backend, away := k.backend, k.away
	if backend != nil {
		k.using.Add(1)
	}
	k.mu.RUnlock()
	if backend == nil {
		return fmt.Errorf("%w: %w", store.ErrAway, away)
	}
	defer k.using.Done()
	err := do(backend)
	switch {
	case err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrApart) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded):
	default:
		k.failed(operation)
	}
	return err
}

func (k *keeper) failed(operation string) {
	k.telemetry.TokenStoreErrors.Add(context.Background(), 1, metric.WithAttributeSet(attribute.NewSet(attribute.String("operation", operation))))
}

// write is use for what changes the store: that it cannot be written is said until it can.
func (k *keeper) write(ctx context.Context, operation string, do func(store.Store) error) error {
	err := k.use(operation, do)
	switch {
	case err == nil:
		k.troubles.well(troubleWriting)
	case ctx.Err() == nil && !errors.Is(err, store.ErrAway):
		k.troubles.trouble(troubleWriting, err)
	}
	return err
}

func (k *keeper) Write(ctx context.Context, b store.Batch) error {
	err := k.write(ctx, "write", func(s store.Store) error { return s.Write(ctx, b) })
	if err == nil {
		k.telemetry.TokenStoreFacts.Add(ctx, int64(len(b.Facts)))
		k.telemetry.TokenStoreSightings.Add(ctx, int64(len(b.Sightings)))
	}
	return err
}

func (k *keeper) PutEvents(ctx context.Context, events []store.Event) error {
	err := k.write(ctx, "events", func(s store.Store) error { return s.PutEvents(ctx, events) })
	if err == nil {
		k.telemetry.TokenStoreEvents.Add(ctx, int64(len(events)))
	}
	return err
}

func (k *keeper) PutTokens(ctx context.Context, tokens []store.Token) error {
	return k.write(ctx, "tokens", func(s store.Store) error { return s.PutTokens(ctx, tokens) })
}

func (k *keeper) Append(ctx context.Context, entries []store.Entry) error {
	err := k.write(ctx, "append", func(s store.Store) error { return s.Append(ctx, entries) })
	if err == nil {
		k.telemetry.TokenStoreEntries.Add(ctx, int64(len(entries)))
	}
	return err
}

func (k *keeper) SetCursor(ctx context.Context, reader string, sequence uint64) error {
	return k.write(ctx, "cursor", func(s store.Store) error { return s.SetCursor(ctx, reader, sequence) })
}

// Erase erases in the store, then has everybody forget who remembers something beside it.
func (k *keeper) Erase(ctx context.Context, e store.Erasure) (erased store.Erased, err error) {
	err = k.write(ctx, "erase", func(s store.Store) (err error) {
		erased, err = s.Erase(ctx, e)
		return err
	})
	if err != nil {
		return erased, err
	}
	k.telemetry.TokenStoreErasedTokens.Add(ctx, int64(len(erased.Tokens)))
	erased.Reached, erased.Missed, err = k.tell(ctx)
	return erased, err
}

// tell has everybody forget what they have not forgotten yet, and lets go of the notes of it.
func (k *keeper) tell(ctx context.Context) (reached, missed []string, err error) {
	err = k.write(ctx, "erase", func(s store.Store) (err error) {
		reached, missed, err = k.memories.tell(ctx, s)
		return err
	})
	return reached, missed, err
}

func (k *keeper) Untold(ctx context.Context) ([]store.Forgetting, error) {
	return read(k, func(s store.Store) ([]store.Forgetting, error) { return s.Untold(ctx) })
}

func (k *keeper) Told(ctx context.Context, sequence uint64) error {
	return k.write(ctx, "erase", func(s store.Store) error { return s.Told(ctx, sequence) })
}

func (k *keeper) Maintain(ctx context.Context, now time.Time) error {
	began := time.Now()
	err := k.use("maintain", func(s store.Store) error { return s.Maintain(ctx, now) })
	switch {
	case err == nil:
		k.telemetry.TokenStoreMaintenanceDuration.Record(ctx, time.Since(began).Seconds())
		k.troubles.well(troubleMaintaining)
	case ctx.Err() == nil && !errors.Is(err, store.ErrAway):
		k.troubles.trouble(troubleMaintaining, err)
	}
	return err
}

// read is use for what only asks.
func read[T any](k *keeper, ask func(store.Store) (T, error)) (answer T, err error) {
	err = k.use("read", func(s store.Store) (err error) {
		answer, err = ask(s)
		return err
	})
	return answer, err
}

func (k *keeper) Tokens(ctx context.Context, q store.TokenQuery) (store.TokenPage, error) {
	return read(k, func(s store.Store) (store.TokenPage, error) { return s.Tokens(ctx, q) })
}

func (k *keeper) Query(ctx context.Context, q store.Query) (store.Answer, error) {
	return read(k, func(s store.Store) (store.Answer, error) { return s.Query(ctx, q) })
}

func (k *keeper) Facts(ctx context.Context, q store.FactQuery) iter.Seq2[store.SubjectUse, error] {
	return func(yield func(store.SubjectUse, error) bool) {
		err := k.use("read", func(s store.Store) error {
			for fact, err := range s.Facts(ctx, q) {
				if !yield(fact, err) || err != nil {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(store.SubjectUse{}, err)
		}
	}
}

func (k *keeper) Events(ctx context.Context, q store.EventQuery) (store.EventPage, error) {
	return read(k, func(s store.Store) (store.EventPage, error) { return s.Events(ctx, q) })
}

func (k *keeper) Baseline(ctx context.Context, scope store.Scope, token, direction string) (store.Event, error) {
	return read(k, func(s store.Store) (store.Event, error) { return s.Baseline(ctx, scope, token, direction) })
}

func (k *keeper) Journal(ctx context.Context, after uint64, limit int) ([]store.Entry, error) {
	return read(k, func(s store.Store) ([]store.Entry, error) { return s.Journal(ctx, after, limit) })
}

func (k *keeper) Cursor(ctx context.Context, reader string) (uint64, error) {
	return read(k, func(s store.Store) (uint64, error) { return s.Cursor(ctx, reader) })
}

// Appended is closed at the next Append, or when the store opens.
func (k *keeper) Appended() <-chan struct{} { return k.signal(store.Store.Appended) }

// Changed is closed when something was written, or when the store opens.
func (k *keeper) Changed() <-chan struct{} { return k.signal(store.Store.Changed) }

func (k *keeper) signal(of func(store.Store) <-chan struct{}) <-chan struct{} {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.backend == nil {
		return k.opened
	}
	return of(k.backend)
}

func (k *keeper) Backup(ctx context.Context, w io.Writer) error {
	return k.use("backup", func(s store.Store) error { return s.Backup(ctx, w) })
}

// stands is how the backend is, whether it can be asked or not.
func (k *keeper) stands(ctx context.Context) (store.Status, error) {
	status, err := read(k, func(s store.Store) (store.Status, error) { return s.Status(ctx) })
	if errors.Is(err, store.ErrAway) {
		return store.Status{Trouble: err.Error()}, nil
	}
	return status, err
}

// Status is how the backend is, with what is off around it.
func (k *keeper) Status(ctx context.Context) (store.Status, error) {
	status, err := k.stands(ctx)
	words, full := k.troubles.words()
	status.Full = status.Full || full
	status.Trouble = strings.Join(slices.DeleteFunc([]string{status.Trouble, words}, func(s string) bool { return s == "" }), "; ")
	return status, err
}

// Close does nothing: the extension closes the backend.
func (k *keeper) Close() error { return nil }
