package tokenbehaviorconnector

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/otelattr"
	tokenstore "github.com/holterhq/holter/internal/store"
)

func withBaselines(c *Config) { c.Outputs = map[pipeline.ID]Output{otherLogsID: {Baselines: true}} }

// onDay is a request of each of some tokens on a day.
func onDay(d, tokens int) ptrace.Traces {
	calls := make([]call, tokens)
	for i := range calls {
		calls[i] = call{n: 1000*d + i, token: fmt.Sprint("tok_", i), at: morning.AddDate(0, 0, d)}
	}
	return spans(calls...)
}

// baselines are those that a pipeline got, as a store knows them, by their id.
func (s *logsSink) baselines(t *testing.T) map[string]tokenstore.Event {
	all := make(map[string]tokenstore.Event)
	for _, ld := range s.AllLogs() {
		events, unread := otelattr.StoredEvents(ld)
		require.Zero(t, unread.Malformed)
		for _, e := range events {
			if e.Kind == tokenstore.EventBaseline {
				all[e.ID] = e
			}
		}
	}
	return all
}

func TestBaselinesAreToldAfterADay(t *testing.T) {
	const tokens = 120
	h := newHouse(t, withBaselines).onDisk(folder(t)).start()
	for d := range 3 {
		h.send(onDay(d, tokens))
	}
	h.send(onDay(3, 1))
	require.Eventually(t, func() bool { return len(h.otherEvents.baselines(t)) >= tokens }, 10*time.Second, 20*time.Millisecond)
	h.stop()
	assert.Empty(t, h.events.records(), "this pipeline did not ask for them")
	seen := 0
	for id, e := range h.otherEvents.baselines(t) {
		if !e.Time.After(morning.AddDate(0, 0, 2)) {
			continue // of a day that was told already
		}
		seen++
		assert.NotEmpty(t, id)
		assert.Equal(t, time.Date(2026, 3, 4, 23, 59, 59, 999999999, time.UTC), e.Time)
		assert.Equal(t, "inbound", e.Direction)
		assert.Equal(t, "acme", e.Owner)
		assert.Contains(t, string(e.Attributes), `"baseline.days":3`)
		assert.Contains(t, string(e.Attributes), `"baseline.state":"learning"`)
		if e.Token != "tok_0" { // which the day after has begun for
			assert.Contains(t, string(e.Attributes), `"baseline.countries":[{"last":"2026-03-04T00:00:00Z","share":1,"value":"DE"}]`)
		}
		assert.Contains(t, string(e.Attributes), `"value":"GET /v1/orders/{id}"`)
	}
	assert.Equal(t, tokens, seen)
}

// Those that were not told when the process ended are told after the next start, under the same ids.
func TestBaselinesAreToldAfterARestart(t *testing.T) {
	const tokens = 500
	dir := folder(t)
	h := newHouse(t, func(c *Config) {
		withBaselines(c)
		c.Limits.MaxOutbox = 1_000
	}).onDisk(dir)
	h.otherEvents.set(errors.New("not now")) // they wait while a tenth of the outbox is taken
	h.start()
	for d := range 2 {
		h.send(onDay(d, tokens))
	}
	require.Eventually(t, func() bool { return h.runtime().events.waiting() >= 100 }, 10*time.Second, 10*time.Millisecond)
	h.stop()
	require.Empty(t, h.otherEvents.records())
	h = newHouse(t, withBaselines).onDisk(dir).start()
	require.Eventually(t, func() bool { return len(h.otherEvents.baselines(t)) == tokens }, 20*time.Second, 20*time.Millisecond)
	h.stop()
	told := make(map[string]bool)
	for _, e := range h.otherEvents.baselines(t) {
		told[e.Token] = true
	}
	assert.Len(t, told, tokens)
}

func TestABaselineStandsBesideAnAnomaly(t *testing.T) {
	h := newHouse(t, withBaselines).start()
	h.send(spans(call{n: 1, token: "tok_a", status: "unknown"}))
	h.stop()
	ids := h.events.ids()
	require.Len(t, ids, 1)
	all := h.otherEvents.baselines(t)
	require.Len(t, all, 1)
	for _, e := range all {
		assert.Equal(t, morning.Add(time.Second), e.Time)
		assert.Contains(t, string(e.Attributes), ids[0])
	}
}

// The journal of a store comes as log records: feedback is heard, all else in it is for others.
func TestTheJournalOfAStore(t *testing.T) {
	h := newHouse(t, nil).start()
	h.send(many(0, 100))
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, kind := range []string{tokenstore.EntryFeedback, tokenstore.EntryAudit, tokenstore.EntryResponse, tokenstore.EntryApproval, "baseline"} {
		require.NoError(t, otelattr.PutEntry(&tokenstore.Entry{
			Sequence: 7, Time: morning, Kind: kind, Token: "tok_1", By: "ann", Body: "said so",
			Attributes: []byte(`{"feedback.verdict": "benign", "feedback.facet": "country", "feedback.ttl": 86400, "http.request.method": "GET", "http.response.status_code": 200}`),
		}, records.AppendEmpty()))
	}
	h.sendLogs(ld)
	assert.Equal(t, 1, h.advised())
	h.stop()
	assert.Equal(t, int64(100), h.prometheus.last(otelattr.MetricRequests))
	assert.Len(t, h.events.ids(), 10)
}
