package tokenstoreextension

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/extension/tokenstoreextension/internal/metadata"
	"github.com/holterhq/holter/extension/tokenstoreextension/internal/metadatatest"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/store/errand"
	"github.com/holterhq/holter/internal/tokenstore"
)

// host hears how the extension is, and holds others.
type host struct {
	component.Host
	others map[component.ID]component.Component

	mu   sync.Mutex
	said []string
	news chan struct{}
}

func newHost() *host { return &host{Host: componenttest.NewNopHost(), news: make(chan struct{}, 100)} }

func (h *host) GetExtensions() map[component.ID]component.Component { return h.others }

func (h *host) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := event.Status().String()
	if event.Err() != nil {
		text += ": " + event.Err().Error()
	}
	h.said = append(h.said, text)
	h.news <- struct{}{}
}

func (h *host) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.said...)
}

func configured(folder string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Directory = folder
	return cfg
}

func started(t *testing.T, set extension.Settings, folder string, h component.Host) *storeExtension {
	t.Helper()
	e, err := newStoreExtension(set, configured(folder))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}

func settings() extension.Settings { return extensiontest.NewNopSettings(metadata.Type) }

var minute = time.Date(2026, 3, 25, 3, 0, 0, 0, time.UTC)

// used is that a token was used once.
func used(token, owner string, sequence uint64) store.Batch {
	return store.Batch{
		Engine: "0a", Sequence: sequence,
		Facts: []store.Fact{{Minute: minute.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: token, Owner: owner}, First: "success", Value: 1}},
		Sightings: []store.Sighting{{Token: store.Token{
			ID: token, OwnerID: owner, LastUse: store.Use{At: minute, Country: "DE", Route: "GET /v1/orders"},
		}}},
	}
}

func TestWhatIsWrittenOutlivesTheProcess(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "store")
	h := newHost()
	for run := range 3 {
		e := started(t, settings(), folder, h)
		s, err := tokenstore.FromHost(&host{Host: h, others: map[component.ID]component.Component{tokenstore.DefaultID: e}}, tokenstore.DefaultID)
		require.NoError(t, err)
		require.NoError(t, s.Write(t.Context(), used("tok_a", "acme", uint64(run+1))))
		page, err := s.Tokens(t.Context(), store.TokenQuery{})
		require.NoError(t, err)
		require.Len(t, page.Tokens, 1)
		assert.Equal(t, int64(run+1), page.Tokens[0].Requests)
		require.NoError(t, s.Close(), "whoever shares the store does not close it")
		require.NoError(t, e.Shutdown(t.Context()))
		require.ErrorIs(t, s.Write(t.Context(), used("tok_a", "acme", 9)), store.ErrAway)
	}
	assert.Empty(t, h.all(), "nothing was off")
}

// A folder that another process has does not stop the Collector. The store is there as soon as that process lets go.
func TestAFolderThatAnotherProcessHas(t *testing.T) {
	folder := t.TempDir()
	before := started(t, settings(), folder, newHost())
	h := newHost()
	e := started(t, settings(), folder, h)
	s := e.TokenStore()
	require.ErrorIs(t, s.Write(t.Context(), used("tok_a", "acme", 1)), store.ErrAway)
	_, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.ErrorIs(t, err, store.ErrAway)
	for _, err := range s.Facts(t.Context(), store.FactQuery{}) {
		require.ErrorIs(t, err, store.ErrAway)
	}
	status, err := s.Status(t.Context())
	require.NoError(t, err)
	assert.Contains(t, status.Trouble, "the store is not open: directory: ")
	opened := s.Appended()
	<-h.news
	require.NoError(t, before.Shutdown(t.Context()))
	<-opened
	<-h.news
	require.NoError(t, s.Write(t.Context(), used("tok_a", "acme", 1)))
	said := h.all()
	require.Len(t, said, 2)
	assert.Contains(t, said[0], "StatusRecoverableError: directory: ")
	assert.Equal(t, "StatusOK", said[1])
}

// full is a store whose disk is full for a while.
type full struct {
	store.Store
	err error
}

func (f *full) Write(ctx context.Context, b store.Batch) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.Write(ctx, b)
}

func (f *full) Maintain(ctx context.Context, now time.Time) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.Maintain(ctx, now)
}

func TestTroubleHasItsEnd(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	set := settings()
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	h := newHost()
	e := started(t, set, t.TempDir(), h)
	e.cancel() // nothing but the test looks after the store
	e.working.Wait()
	e.keeper.mu.Lock()
	disk := &full{Store: e.keeper.backend, err: store.ErrFull}
	e.keeper.backend = disk
	e.keeper.mu.Unlock()
	s := e.TokenStore()

	require.NoError(t, s.Append(t.Context(), []store.Entry{{Time: minute, Kind: store.EntryAudit}}))
	assert.Empty(t, h.all())
	require.ErrorIs(t, s.Write(t.Context(), used("tok_a", "acme", 1)), store.ErrFull)
	require.ErrorIs(t, s.Maintain(t.Context(), minute), store.ErrFull)
	assert.Equal(t, []string{
		"StatusRecoverableError: the disk is full: free some space, or keep usage for a shorter time",
		"StatusRecoverableError: the disk is full: free some space, or keep usage for a shorter time\nthe disk is full: free some space, or keep usage for a shorter time",
	}, h.all())
	_, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err, "reading goes on")
	failing := func(want int64) {
		t.Helper()
		metadatatest.AssertEqualTokenStoreFailing(t, telemetry, []metricdata.DataPoint[int64]{{Value: want}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	}
	failing(1)
	disk.err = nil
	require.NoError(t, s.Write(t.Context(), used("tok_a", "acme", 1)))
	require.NoError(t, s.Maintain(t.Context(), minute))
	assert.Equal(t, "StatusOK", h.all()[len(h.all())-1])
	failing(0)
	errs := func(operation string) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: 1, Attributes: attribute.NewSet(attribute.String("operation", operation))}
	}
	metadatatest.AssertEqualTokenStoreErrors(t, telemetry, []metricdata.DataPoint[int64]{errs("maintain"), errs("write")}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	one := []metricdata.DataPoint[int64]{{Value: 1}}
	metadatatest.AssertEqualTokenStoreFacts(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreSightings(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreEntries(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// mindful is a component that remembers tokens.
type mindful struct {
	forgot []store.Forgetting
	err    error
}

func (m *mindful) forget(_ context.Context, of store.Forgetting) error {
	of.Sequence = 0
	if m.err == nil {
		m.forgot = append(m.forgot, of)
	}
	return m.err
}

func TestAnErasureReachesWhoRemembers(t *testing.T) {
	h, behavior, responder := newHost(), &mindful{}, &mindful{}
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	set := settings()
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	folder := t.TempDir()
	e := started(t, set, folder, h)
	e.cancel() // nothing but the test looks after the store
	e.working.Wait()
	s := e.TokenStore()
	leaveQueue := tokenstore.AfterErase(hostOf{e}, "sending_queue", func(context.Context, store.Forgetting) error {
		assert.NotEmpty(t, behavior.forgot, "whoever fills the queue has forgotten")
		assert.NotEmpty(t, responder.forgot)
		return nil
	})
	stop := tokenstore.OnErase(hostOf{e}, "token_behavior", behavior.forget)
	tokenstore.OnErase(hostOf{e}, "token_response", responder.forget)
	require.NoError(t, e.Ready())
	require.NoError(t, s.Write(t.Context(), used("tok_a", "acme", 1)))
	require.NoError(t, s.Write(t.Context(), used("tok_b", "other", 2)))
	require.NoError(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Time: minute, Kind: store.EventAnomaly, Token: "tok_a", Owner: "acme"}}))
	erased, err := s.Erase(t.Context(), store.Erasure{Owner: "acme", By: "ada", At: minute})
	require.NoError(t, err)
	assert.Equal(t, []string{"tok_a"}, erased.Tokens)
	assert.Equal(t, []string{"sending_queue", "token_behavior", "token_response"}, erased.Reached)
	assert.Empty(t, erased.Missed)
	leaveQueue()
	told := []store.Forgetting{{Tokens: []string{"tok_a"}, Words: []string{"acme"}}}
	assert.Equal(t, told, behavior.forgot)
	assert.Equal(t, told, responder.forgot)
	untold := func() int {
		notes, err := s.Untold(t.Context())
		require.NoError(t, err)
		return len(notes)
	}
	assert.Zero(t, untold())
	page, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	require.Len(t, page.Tokens, 1)
	assert.Equal(t, "tok_b", page.Tokens[0].ID)

	one := []metricdata.DataPoint[int64]{{Value: 1}}
	metadatatest.AssertEqualTokenStoreErasedTokens(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreTokens(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualTokenStoreMinuteFacts(t, telemetry, one, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())

	responder.err = errors.New("not now")
	erased, err = s.Erase(t.Context(), store.Erasure{Tokens: []string{"tok_b"}, By: "ada", At: minute})
	require.NoError(t, err)
	assert.Equal(t, []string{"token_behavior"}, erased.Reached)
	assert.Equal(t, []string{"token_response: not now"}, erased.Missed)
	assert.Equal(t, 1, untold())
	stop() // and is not told any more
	responder.err = nil
	e.tell(t.Context())
	assert.Len(t, behavior.forgot, 2, "once")
	assert.Equal(t, []string{"tok_b"}, responder.forgot[1].Tokens)
	assert.Zero(t, untold())
}

// Whom a command has erased while no Collector ran is forgotten after the next start, and its note stays until all components were there.
func TestAnErasureIsToldAfterTheNextStart(t *testing.T) {
	folder := t.TempDir()
	backend, err := embedded.Open(embedded.Options{Folder: folder})
	require.NoError(t, err)
	require.NoError(t, backend.Write(t.Context(), used("tok_a", "acme", 1)))
	_, err = backend.Erase(t.Context(), store.Erasure{Owner: "acme", By: "ada", At: minute})
	require.NoError(t, err)
	require.NoError(t, backend.Close())

	e, m := started(t, settings(), folder, newHost()), &mindful{}
	untold := func() int {
		notes, err := e.keeper.Untold(t.Context())
		require.NoError(t, err)
		return len(notes)
	}
	e.tell(t.Context())
	assert.Equal(t, 1, untold(), "somebody may be missing")
	defer tokenstore.OnErase(hostOf{e}, "token_behavior", m.forget)()
	require.NoError(t, e.Ready())
	assert.Eventually(t, func() bool { return untold() == 0 }, 5*time.Second, time.Millisecond)
	assert.Equal(t, []store.Forgetting{{Tokens: []string{"tok_a"}, Words: []string{"acme"}}}, m.forgot)
}

// hostOf is a host with nothing but the extension.
type hostOf struct{ extension *storeExtension }

func (h hostOf) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{tokenstore.DefaultID: h.extension}
}

// What holter store leaves in the folder is done by the extension, which has it open.
func TestErrandsAreDone(t *testing.T) {
	folder := t.TempDir()
	s := started(t, settings(), folder, newHost()).TokenStore()
	require.NoError(t, s.Write(t.Context(), used("tok_a", "acme", 1)))
	answer, err := errand.Ask(t.Context(), folder, errand.Errand{Erase: &store.Erasure{Owner: "acme", By: "ada"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"tok_a"}, answer.Erased.Tokens)
}

// What is off on the way to the store is in its status: whoever looks at figures that stand still learns why.
func TestTheStatusTellsWhatIsOff(t *testing.T) {
	h := newHost()
	e := started(t, settings(), t.TempDir(), h)
	s := e.TokenStore()
	status := func() (bool, string) {
		status, err := s.Status(t.Context())
		require.NoError(t, err)
		return status.Full, status.Trouble
	}
	full, trouble := status()
	assert.False(t, full)
	assert.Empty(t, trouble)
	tell := tokenstore.Troubles(hostOf{e})
	tell("write to the queue", fmt.Errorf("write queue: %w", syscall.ENOSPC))
	tell("write to the other queue", errors.New("it is broken"))
	full, trouble = status()
	assert.True(t, full)
	assert.Equal(t, "cannot write to the other queue: it is broken; cannot write to the queue: write queue: no space left on device", trouble)
	assert.Contains(t, h.all()[0], "no space left")
	tell("write to the queue", nil)
	full, trouble = status()
	assert.False(t, full)
	assert.Equal(t, "cannot write to the other queue: it is broken", trouble)
	tell("write to the other queue", nil)
	_, trouble = status()
	assert.Empty(t, trouble)
	assert.Equal(t, "StatusOK", h.all()[len(h.all())-1])
}
