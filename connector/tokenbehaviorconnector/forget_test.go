package tokenbehaviorconnector

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
	backend "github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
)

// erasing is an extension that tells of erasures.
type erasing struct {
	component.StartFunc
	component.ShutdownFunc
	name   string
	forget tokenstore.Forget // nil: nobody is to be told
}

func (*erasing) TokenStore() backend.Store { return nil }

func (e *erasing) OnErase(name string, forget tokenstore.Forget) (stop func()) {
	e.name, e.forget = name, forget
	return func() { e.forget = nil }
}

func (e *erasing) AfterErase(name string, forget tokenstore.Forget) (stop func()) {
	return e.OnErase(name, forget)
}

// compacting lets the house keep its state in a file_storage that compacts on start.
func (h *house) compacting(folder string) *house {
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory, config.Timeout = folder, time.Second
	config.Compaction.OnStart, config.Compaction.Directory = true, folder
	extension, err := factory.Create(h.t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(h.t, err)
	h.host.extensions[storageID] = extension
	h.config.Storage = &storageID
	return h
}

// holds are the files of a folder in which a text stands.
func holds(t *testing.T, folder, text string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// fleet makes requests of two owners, every tenth by a token that no registry knows.
func fleet(from, n int) ptrace.Traces {
	calls := make([]call, n)
	for i := range calls {
		number := from + i
		owner := []string{"acme", "zeta"}[number%2]
		calls[i] = call{n: number, token: fmt.Sprint("tok_", owner, number/2%3), path: fmt.Sprint("/v1/orders/", number%5), change: func(span ptrace.Span) {
			span.Attributes().PutStr(otelattr.TokenOwnerID, "owner-"+owner)
			span.Attributes().PutStr(otelattr.TokenOwnerName, strings.ToUpper(owner)+" Ltd")
			span.Attributes().PutStr(otelattr.TokenHint, "sk_…"+owner)
		}}
		if number%10 > 7 {
			calls[i].status = "unknown"
		}
	}
	return spans(calls...)
}

var (
	acme      = tokenstore.Forgetting{Tokens: []string{"tok_acme0", "tok_acme1", "tok_acme2"}, Words: []string{"owner-acme", "ACME Ltd", "sk_…acme"}}
	acmeWords = []string{"tok_acme", "owner-acme", "ACME Ltd", "sk_…acme"}
)

func TestWhoIsErasedIsForgotten(t *testing.T) {
	for _, refusing := range []bool{false, true} { // and so everything waits
		t.Run(fmt.Sprint("refusing ", refusing), func(t *testing.T) {
			dir, told := folder(t), &erasing{}
			h := newHouse(t, withDelta).compacting(dir)
			h.host.extensions[tokenstore.DefaultID] = told
			h.start()
			assert.Equal(t, "token_behavior", told.name)
			if refusing {
				h.events.set(assert.AnError)
				h.warehouse.set(assert.AnError)
			}
			const n = 600
			w := h.runtime().worker
			for i := range n / 100 {
				h.send(fleet(i*100, 100))
				if i%2 == 0 {
					w.ask(t.Context(), func() { w.flush(); w.save(); w.store.settle(t.Context()) })
				}
			}
			h.runtime().worker.store.barrier(t.Context())
			for _, word := range append(acmeWords, "tok_zeta") {
				assert.NotEmpty(t, holds(t, dir, word), "%s is there to be forgotten", word)
			}
			for _, pipe := range h.runtime().metrics.views[1].pipes {
				require.Eventually(t, func() bool { return refusing || pipe.courier.len() == 0 }, 5*time.Second, time.Millisecond)
			}

			require.NoError(t, told.forget(t.Context(), acme))
			for _, word := range acmeWords {
				assert.Empty(t, holds(t, dir, word), word)
			}
			assert.NotEmpty(t, holds(t, dir, "tok_zeta"))
			require.NoError(t, told.forget(t.Context(), acme), "again")

			before := len(h.warehouse.AllMetrics())
			h.events.set(nil)
			h.warehouse.set(nil)
			h.send(fleet(n, 2)) // it may be used again, and is a token like any other
			w.ask(t.Context(), func() {
				assert.Zero(t, w.learner.engine.Life("tok_acme0", false).Requests)
				assert.NotZero(t, w.learner.engine.Life("tok_zeta0", false))
			})
			h.stop()
			assert.Nil(t, told.forget)
			requests := map[string]int64{}
			late := new(metricsSink)
			for i, md := range h.warehouse.AllMetrics() {
				if i >= before {
					_ = late.ConsumeMetrics(t.Context(), md)
				}
			}
			late.points(otelattr.MetricRequests, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
				id, _ := attrs.Get(otelattr.TokenOwnerID)
				requests[id.Str()] += p.IntValue()
			})
			all := new(metricsSink)
			for _, md := range h.warehouse.AllMetrics() {
				_ = all.ConsumeMetrics(t.Context(), md)
			}
			var zeta int64
			all.points(otelattr.MetricRequests, func(attrs pcommon.Map, p pmetric.NumberDataPoint) {
				if id, _ := attrs.Get(otelattr.TokenOwnerID); id.Str() == "owner-zeta" {
					zeta += p.IntValue()
				}
			})
			assert.Equal(t, int64(n/2+1), zeta, "of others nothing is lost")
			assert.Equal(t, int64(1), requests["owner-acme"])
			for _, event := range h.events.records() {
				if id, _ := event.Attributes().Get(otelattr.TokenID); refusing {
					assert.NotContains(t, id.Str(), "tok_acme")
				}
			}

			again := newHouse(t, withDelta).compacting(dir).start()
			w = again.runtime().worker
			w.ask(t.Context(), func() {
				assert.Nil(t, w.learner.engine.Life("tok_acme1", false))
				assert.NotNil(t, w.learner.engine.Life("tok_zeta1", false))
			})
			again.stop()
		})
	}
}

// Without a storage, tokens are forgotten in memory.
func TestWhoIsErasedIsForgottenInMemory(t *testing.T) {
	told := &erasing{}
	h := newHouse(t, withDelta)
	h.host.extensions[tokenstore.DefaultID] = told
	h.start()
	h.send(fleet(0, 20))
	require.NoError(t, told.forget(t.Context(), acme))
	w := h.runtime().worker
	w.ask(t.Context(), func() { assert.Nil(t, w.learner.engine.Life("tok_acme1", false)) })
	h.stop()
	assert.Equal(t, int64(10), h.warehouse.sum(otelattr.MetricRequests))
}

// A storage that fails has the erasure told again.
func TestForgettingIsNotSaidBeforeItIsSo(t *testing.T) {
	told, dir := &erasing{}, folder(t)
	h := newHouse(t, nil).onDisk(dir)
	h.host.extensions[tokenstore.DefaultID] = told
	h.start()
	h.send(fleet(0, 20))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, told.forget(gone, acme), context.Canceled)
	forget := told.forget
	require.NoError(t, forget(t.Context(), acme))
	h.stop()
}

// State that cannot be read is left alone, and still tells of who is erased.
func TestForgettingIsNotSaidWhileTheStateCannotBeRead(t *testing.T) {
	for _, prefix := range []string{metaKey, cutKey, "outbox/", "journal/"} {
		t.Run(prefix, func(t *testing.T) {
			d := &unreadable{disk: newDisk()}
			h := newHouse(t, withDelta).withStorage(d).start()
			h.send(fleet(0, 200))
			h.stop()
			d.prefix = prefix
			forget := func() (err error) {
				told := &erasing{}
				h := newHouse(t, withDelta).withStorage(d)
				h.host.extensions[tokenstore.DefaultID] = told
				h.start()
				defer h.stop()
				return told.forget(t.Context(), acme)
			}
			require.ErrorIs(t, forget(), errStateLost)
			d.prefix = ""
			require.NoError(t, forget())
			for key, value := range d.values {
				for _, word := range acmeWords {
					assert.NotContains(t, string(value)+key, word)
				}
			}
		})
	}
}

func TestEventsForAPipelineThatIsNoMoreAreGivenUp(t *testing.T) {
	d := newDisk()
	h := newHouse(t, nil).withStorage(d)
	h.events.set(assert.AnError)
	h.start()
	h.send(fleet(0, 100))
	h.stop()
	require.NotEmpty(t, d.values[outboxKey(logsID.String())])
	d.values[outboxKey("logs/gone")] = d.values[outboxKey(logsID.String())]
	delete(d.values, outboxKey(logsID.String()))
	d.values[metaKey] = []byte(strings.ReplaceAll(string(d.values[metaKey]), `"`+logsID.String()+`"`, `"logs/gone"`))
	require.Contains(t, string(d.values[metaKey]), "logs/gone")
	h = newHouse(t, nil).withStorage(d).start()
	h.stop()
	assert.NotContains(t, d.values, outboxKey("logs/gone"))
	assert.NotContains(t, string(d.values[metaKey]), "logs/gone")
}
