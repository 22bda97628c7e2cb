package tokenbehaviorconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
)

// acted tells of an act about a token.
func acted(token, act, state string, at time.Time) plog.Logs {
	ld := plog.NewLogs()
	log := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(otelattr.EventResponse)
	log.SetTimestamp(pcommon.NewTimestampFromTime(at))
	_ = log.Attributes().FromRaw(map[string]any{
		otelattr.TokenID: token, otelattr.ActID: act, otelattr.ActAction: "lock", otelattr.ActTarget: "kong", otelattr.ActState: state,
		otelattr.ActDelay: 30, otelattr.IncidentID: "i", otelattr.IncidentState: "open",
	})
	return ld
}

func (h *house) watched() (n int) {
	h.runtime().worker.ask(h.t.Context(), func() { n = h.runtime().worker.learner.engine.Stats().Watched })
	return n
}

// disproved is what was said of acts that do not hold.
func (h *house) disproved() (all []map[string]any) {
	for _, ld := range h.events.AllLogs() {
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					if _, ok := log.Attributes().Get(otelattr.ActID); !ok {
						continue
					}
					said := map[string]any{"severity": log.SeverityText()}
					for _, name := range []string{otelattr.TokenID, otelattr.AnomalyDetector, otelattr.ActID, otelattr.ActAction, otelattr.ActTarget} {
						if v, ok := log.Attributes().Get(name); ok {
							said[name] = v.AsString()
						}
					}
					all = append(all, said)
				}
			}
		}
	}
	return all
}

func TestALockIsWatched(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, nil).onDisk(dir).start()
	h.send(many(0, 100))
	h.sendLogs(acted("tok_1", "a1", "done", morning))
	h.sendLogs(acted("tok_2", "a2", "done", morning))
	h.sendLogs(acted("tok_2", "a2", "undone", morning))
	h.sendLogs(acted("tok_3", "a3", "dry_run", morning))
	h.sendLogs(acted("", "a4", "done", morning))
	assert.Equal(t, 1, h.watched())
	crashed := h.killed(t, dir)
	h.stop()
	for _, where := range []string{dir, crashed} {
		again := newHouse(t, nil).onDisk(where).start()
		assert.Equal(t, 1, again.watched(), "it survives a restart, and a crash")
		var calls []call
		for i := range 8 {
			calls = append(calls, call{n: 5000 + i, token: fmt.Sprint("tok_", i/2), at: morning.Add(time.Hour)})
		}
		again.send(spans(calls...))
		again.stop()
		assert.Equal(t, []map[string]any{{
			otelattr.TokenID: "tok_1", otelattr.AnomalyDetector: "revoked_use", otelattr.ActID: "a1", otelattr.ActAction: "lock", otelattr.ActTarget: "kong",
			"severity": "FATAL",
		}}, again.disproved())
	}
}

func TestWatchingMayBeOff(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Watch.Enabled = false }).start()
	h.send(many(0, 100))
	h.sendLogs(acted("tok_1", "a1", "done", morning))
	assert.Zero(t, h.watched())
	h.stop()
	c := createDefaultConfig().(*Config)
	c.Watch.For = c.Watch.Delay
	require.ErrorContains(t, c.Validate(), "watch::for")
	c.Watch.Delay = 2 * time.Hour
	require.ErrorContains(t, c.Validate(), "watch::delay")
}
