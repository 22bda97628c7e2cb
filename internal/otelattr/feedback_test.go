package otelattr

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/behavior"
)

func TestFeedbackOf(t *testing.T) {
	log := plog.NewLogRecord()
	_, ok, err := FeedbackOf(log)
	require.NoError(t, err)
	require.False(t, ok)
	log.SetEventName(EventFeedback)
	log.SetTimestamp(7)
	require.NoError(t, log.Attributes().FromRaw(map[string]any{
		TokenID: "tok_a", FeedbackVerdict: "malicious", FeedbackFacet: "country", FeedbackValue: "NL", FeedbackTTL: "720h", FeedbackBy: "ann", TokenDirection: DirectionOutbound,
	}))
	f, ok, err := FeedbackOf(log)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, behavior.Feedback{
		Token: "tok_a", Time: 7, Outbound: true, Verdict: behavior.Malicious, Facet: "country", Value: "NL", TTL: 720 * time.Hour, By: "ann",
	}, f)
	log.Attributes().PutInt(FeedbackTTL, 60)
	f, _, _ = FeedbackOf(log)
	require.Equal(t, time.Minute, f.TTL)
	log.Attributes().PutInt(FeedbackTTL, -1)
	_, _, err = FeedbackOf(log)
	require.ErrorContains(t, err, "number of seconds")
	log.Attributes().PutStr(FeedbackTTL, "1h")
	log.Attributes().PutStr(FeedbackVerdict, "fine")
	_, _, err = FeedbackOf(log)
	require.ErrorContains(t, err, "benign or malicious")
}
