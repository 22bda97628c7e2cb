package otelattr

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/behavior"
)

func TestResponseOf(t *testing.T) {
	log := plog.NewLogRecord()
	_, ok, err := ResponseOf(log)
	require.NoError(t, err)
	require.False(t, ok)
	log.SetEventName(EventResponse)
	log.SetTimestamp(7)
	for _, tt := range []struct {
		name string
		said map[string]any
		want behavior.Response
		ok   bool
	}{
		{"a lock is done", map[string]any{
			ActID: "a", ActAction: "lock", ActTarget: "kong", ActState: "done", ActDelay: 30, TokenHint: "sk_…1", TokenDirection: DirectionOutbound,
		}, behavior.Response{
			Outbound: true, Hint: "sk_…1", Act: behavior.Act{ID: "a", Action: "lock", Target: "kong", State: behavior.ActDone, Delay: 30 * time.Second},
		}, true},
		{"it is taken back", map[string]any{ActID: "a", ActAction: "lock", ActState: "undone"}, behavior.Response{
			Act: behavior.Act{ID: "a", Action: "lock", State: behavior.ActOver},
		}, true},
		{"it only waits", map[string]any{ActID: "a", ActAction: "lock", ActState: "proposed", IncidentState: "open"}, behavior.Response{
			Incident: behavior.IncidentOpen, Act: behavior.Act{ID: "a", Action: "lock"},
		}, true},
		{"it was only described", map[string]any{ActID: "a", ActAction: "lock", ActState: "dry_run"}, behavior.Response{
			Act: behavior.Act{ID: "a", Action: "lock"},
		}, false},
		{"a restricted token may go on", map[string]any{ActID: "a", ActAction: "restrict", ActState: "done"}, behavior.Response{
			Act: behavior.Act{ID: "a", Action: "restrict"},
		}, false},
		{"a person is done", map[string]any{IncidentState: "resolved", JournalBy: "ann"}, behavior.Response{Incident: behavior.IncidentOver}, true},
		{"it was quiet", map[string]any{IncidentState: "resolved", JournalBy: JournalSelf}, behavior.Response{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, log.Attributes().FromRaw(tt.said))
			log.Attributes().PutStr(TokenID, "tok_a")
			tt.want.Token, tt.want.Time = "tok_a", 7
			got, ok, err := ResponseOf(log)
			require.NoError(t, err)
			require.Equal(t, tt.ok, ok)
			require.Equal(t, tt.want, got)
		})
	}
	for _, wrong := range []any{-1, "soon", 1e12} {
		require.NoError(t, log.Attributes().FromRaw(map[string]any{ActDelay: wrong}))
		_, ok, err = ResponseOf(log)
		require.True(t, ok)
		require.ErrorContains(t, err, "act.delay")
	}
}
