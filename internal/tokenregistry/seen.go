package tokenregistry

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

// SeenConfig bounds what is remembered of tokens that are used and not registered.
type SeenConfig struct {
	// MaxTokens is how many are remembered; 0: none.
	MaxTokens int `mapstructure:"max_tokens"`

	_ struct{}
}

// Validate refuses a number that means nothing.
func (s *SeenConfig) Validate() error {
	if s.MaxTokens < 0 {
		return fmt.Errorf("max_tokens: %d must not be below 0: the default is 10000, 0 remembers none", s.MaxTokens)
	}
	return nil
}

// keepSeen is how often what was seen is written to storage.
const keepSeen = 30 * time.Second

// startSeen takes back what was seen before, and keeps what is seen from now on.
func (r *Registry) startSeen(ctx, keeping context.Context) {
	if r.seen == nil {
		return
	}
	if r.client != nil {
		for _, key := range registry.SeenKeys() {
			text, err := r.client.Get(ctx, key)
			if err == nil && len(text) > 0 {
				err = r.seen.Restore(key, text)
			}
			if err != nil {
				r.logger.Error("What was seen of unregistered tokens cannot be read back: it is learned anew", zap.Error(err))
				break
			}
		}
	}
	r.done.Go(func() {
		ticker := time.NewTicker(keepSeen)
		defer ticker.Stop()
		for {
			select {
			case <-keeping.Done():
				r.keepSeen(context.Background())
				return
			case <-ticker.C:
				r.keepSeen(keeping)
			}
		}
	})
}

// keepSeen counts, and writes what has changed.
func (r *Registry) keepSeen(ctx context.Context) {
	if n := r.seen.Evicted(); n > 0 {
		r.telemetry.TokenRegistrySeenEvictions.Add(ctx, n)
	}
	r.telemetry.TokenRegistrySeenTokens.Record(ctx, int64(r.seen.Len()))
	if r.client == nil {
		return
	}
	changed, err := r.saveSeen(ctx)
	if err == nil && !changed {
		return // nothing to keep tells nothing of the storage
	}
	r.tellSeen(err)
}

// saveSeen writes what has changed to storage in one batch.
func (r *Registry) saveSeen(ctx context.Context) (changed bool, err error) {
	r.savingSeen.Lock()
	defer r.savingSeen.Unlock()
	changes, err := r.seen.Changes()
	if err != nil || len(changes) == 0 {
		return false, err
	}
	batch := make([]*storage.Operation, 0, len(changes))
	for key, text := range changes {
		batch = append(batch, storage.SetOperation(key, text))
	}
	if err := r.client.Batch(ctx, batch...); err != nil {
		r.seen.Unkept(changes)
		return false, err
	}
	return true, nil
}

// tellSeen says in health and log how the storage does; a fault that stays is logged once.
func (r *Registry) tellSeen(err error) {
	const what = "unregistered tokens"
	switch {
	case err != nil:
		if !r.seenOff {
			r.logger.Error("What was seen of unregistered tokens cannot be kept: it is tried again every half minute", zap.Error(err))
		}
		r.troubles.trouble(what, fmt.Errorf("what was seen of unregistered tokens cannot be kept: %w", err))
	case r.seenOff:
		r.logger.Info("What was seen of unregistered tokens is kept again")
		r.troubles.well(what)
	}
	r.seenOff = err != nil
}

// introduce makes a token that is used known, or takes it from the list of those that are not registered.
func (r *Registry) introduce(found *Resolution, c credential.Credential) {
	switch {
	case found.Token != nil:
		r.seen.Registered(found.ID)
		found.watched = found.Token.Owner != nil
	case found.Consulted && !found.Provisional:
		r.seen.Introduce(registry.NewSeenToken(found.ID, c))
		found.watched = true
	}
}

// Trail samples the uses of one token: of those in one minute of event time one is looked at. The zero value is ready.
type Trail struct {
	minute  atomic.Int32 // since 1970, of the use that was looked at last
	pending atomic.Uint32
}

// Step counts a use of a token, and says whether it is the one to look at: Saw is to be called with it then.
func (t *Trail) Step(s *Standing, when time.Time) bool {
	if !s.watched {
		return false
	}
	t.pending.Add(1)
	const hour = 60
	minute, last := int32(when.Unix()/60), t.minute.Load()
	return (minute > last || minute < last-hour) && t.minute.CompareAndSwap(last, minute)
}

// Saw remembers a use of the token of an id that is not registered, or of an owner's.
func (r *Registry) Saw(id string, t *Trail, use registry.Sighting) {
	use.Requests = int64(t.pending.Swap(0))
	if use.Owner != "" {
		r.seen.SawOwner(use)
		return
	}
	r.seen.Saw(id, use)
}

// Seen are the tokens that were used and are not registered, nil where they are not remembered.
func (r *Registry) Seen() *registry.Seen { return r.seen }

// SourceHealth is how a source is.
type SourceHealth struct {
	Name   string `json:"name"`
	Tokens int    `json:"tokens"`
	Error  string `json:"error,omitempty"`
}

// Sources is how every source is.
func (r *Registry) Sources() []SourceHealth {
	all := make([]SourceHealth, 0, len(r.watches)+len(r.introspections))
	for _, w := range r.watches {
		w.mu.Lock()
		all = append(all, SourceHealth{w.source.Name(), w.source.Snapshot().Len(), w.said})
		w.mu.Unlock()
	}
	for _, i := range r.introspections {
		i.mu.Lock()
		all = append(all, SourceHealth{i.name(), i.inquiries.Len(), i.said})
		i.mu.Unlock()
	}
	return all
}
