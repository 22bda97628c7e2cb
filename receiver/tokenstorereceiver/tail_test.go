package tokenstorereceiver

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/tokenstore"
	"github.com/holterhq/holter/receiver/tokenstorereceiver/internal/metadata"
	"github.com/holterhq/holter/receiver/tokenstorereceiver/internal/metadatatest"
)

// host holds one store.
type host struct {
	component.StartFunc
	component.ShutdownFunc
	store.Store
}

var _ tokenstore.Holder = host{}

func (h host) TokenStore() store.Store { return h.Store }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{tokenstore.DefaultID: h}
}

// pipeline is what stands behind the receiver. It answers as it is told, first come first.
type pipeline struct {
	mu      sync.Mutex
	answers []error
	got     chan plog.LogRecord
}

func newPipeline(answers ...error) *pipeline {
	return &pipeline{answers: answers, got: make(chan plog.LogRecord, 1_000)}
}

func (p *pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *pipeline) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.answers) > 0 {
		err := p.answers[0]
		p.answers = p.answers[1:]
		if err != nil {
			return err
		}
	}
	for _, record := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		p.got <- record
	}
	return nil
}

// sequences are the numbers of the next n entries that arrive.
func (p *pipeline) sequences(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		record := <-p.got
		sequence, _ := record.Attributes().Get(otelattr.JournalSequence)
		all[i] = sequence.Int()
	}
	return all
}

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func settings() receiver.Settings {
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	return set
}

// run starts the receiver and returns how it is stopped.
func run(t *testing.T, s store.Store, next consumer.Logs, edit ...func(*Config)) (stop func()) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	for _, e := range edit {
		e(cfg)
	}
	r, err := NewFactory().CreateLogs(t.Context(), settings(), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), host{Store: s}))
	stop = sync.OnceFunc(func() { require.NoError(t, r.Shutdown(context.WithoutCancel(t.Context()))) })
	t.Cleanup(stop)
	return stop
}

func say(t *testing.T, s store.Store, kinds ...string) {
	t.Helper()
	entries := make([]store.Entry, len(kinds))
	for i, kind := range kinds {
		entries[i] = store.Entry{Time: time.Unix(1774407600, 0), Kind: kind, Token: "tok_a", By: "ada", Attributes: json.RawMessage(`{"feedback.verdict":"benign"}`)}
	}
	require.NoError(t, s.Append(t.Context(), entries))
}

// until waits for a cursor.
func until(t *testing.T, s store.Store, want uint64) {
	t.Helper()
	require.Eventually(t, func() bool {
		at, err := s.Cursor(t.Context(), "receiver/token_store")
		return err == nil && at == want
	}, time.Minute, time.Millisecond)
}

func TestTheJournalIsBroughtOnAndOn(t *testing.T) {
	s, p := open(t), newPipeline()
	say(t, s, store.EntryFeedback, store.EntryAudit)
	stop := run(t, s, p)
	assert.Equal(t, []int64{1, 2}, p.sequences(2))
	say(t, s, store.EntryApproval)
	assert.Equal(t, []int64{3}, p.sequences(1))
	until(t, s, 3)
	stop()
	say(t, s, store.EntryResponse)
	run(t, s, p)
	record := <-p.got
	assert.Equal(t, "api_token.response", record.EventName())
	assert.Equal(t, int64(1774407600), record.Timestamp().AsTime().Unix())
	assert.Empty(t, p.got, "what was accepted is not brought again")
}

func TestManyEntries(t *testing.T) {
	s, p := open(t), newPipeline()
	for range 5 {
		say(t, s, make([]string, group/2)...)
	}
	run(t, s, p)
	all := p.sequences(5 * group / 2)
	for i, sequence := range all {
		require.Equal(t, int64(i+1), sequence)
	}
}

// What a pipeline refuses comes again; the cursor waits.
func TestWhatIsRefusedComesAgain(t *testing.T) {
	s, p := open(t), newPipeline(errors.New("busy"), errors.New("busy"))
	say(t, s, store.EntryFeedback)
	run(t, s, p)
	assert.Equal(t, []int64{1}, p.sequences(1))
	until(t, s, 1)
}

// What was accepted and not noted, because the process ended in between, comes again.
func TestAtLeastOnce(t *testing.T) {
	s, p := open(t), newPipeline()
	say(t, s, store.EntryFeedback)
	stop := run(t, forgetful{s}, p)
	assert.Equal(t, []int64{1}, p.sequences(1))
	stop()
	run(t, s, p)
	assert.Equal(t, []int64{1}, p.sequences(1))
}

type forgetful struct{ store.Store }

func (forgetful) SetCursor(context.Context, string, uint64) error {
	return errors.New("the process ends")
}

func TestWhatIsRefusedForGoodIsLeftOut(t *testing.T) {
	s, p := open(t), newPipeline(consumererror.NewPermanent(errors.New("never")))
	say(t, s, store.EntryFeedback)
	run(t, s, p)
	until(t, s, 1)
	say(t, s, store.EntryFeedback)
	assert.Equal(t, []int64{2}, p.sequences(1))
}

func TestKindsAreChosen(t *testing.T) {
	s, p := open(t), newPipeline()
	say(t, s, store.EntryFeedback, store.EntryAudit, store.EntryFeedback, store.EntryAudit)
	run(t, s, p, func(c *Config) { c.Kinds = []string{store.EntryAudit} })
	assert.Equal(t, []int64{2, 4}, p.sequences(2))
	until(t, s, 4)
}

func TestTelemetry(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	set := settings()
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	s, p := open(t), newPipeline(errors.New("busy"), nil, consumererror.NewPermanent(errors.New("never")))
	r, err := newTail(set, createDefaultConfig().(*Config), p)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), host{Store: s}))
	say(t, s, store.EntryFeedback)
	until(t, s, 1)
	say(t, s, store.EntryFeedback)
	until(t, s, 2)
	one := []metricdata.DataPoint[int64]{{Value: 1}}
	metadatatest.AssertEqualTokenStoreJournalDelivered(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreJournalRefused(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreJournalSkipped(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	require.NoError(t, r.Shutdown(context.Background()))
	require.NoError(t, r.Shutdown(context.Background()))
}

func TestAStoreThatIsNotThere(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.TokenStore = component.MustNewID("elsewhere")
	r, err := NewFactory().CreateLogs(t.Context(), settings(), cfg, newPipeline())
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), host{}), `token_store: extension "elsewhere" is not there`)
	require.NoError(t, r.Shutdown(t.Context()))
}
