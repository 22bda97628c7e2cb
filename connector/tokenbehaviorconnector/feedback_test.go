package tokenbehaviorconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
)

// say makes feedback about a token.
func say(token, verdict, facet string) plog.Logs {
	ld := plog.NewLogs()
	log := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	log.SetEventName(otelattr.EventFeedback)
	log.SetTimestamp(pcommon.NewTimestampFromTime(morning.Add(time.Hour)))
	log.Attributes().PutStr(otelattr.TokenID, token)
	log.Attributes().PutStr(otelattr.FeedbackVerdict, verdict)
	log.Attributes().PutStr(otelattr.FeedbackFacet, facet)
	log.Attributes().PutStr(otelattr.FeedbackBy, "ann")
	return ld
}

func (h *house) advised() (n int) {
	h.runtime().worker.ask(h.t.Context(), func() { n = h.runtime().worker.learner.engine.Stats().Advised })
	return n
}

func TestFeedbackIsHeardAndKept(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, nil).onDisk(dir).start()
	h.send(many(0, 100))
	h.sendLogs(say("tok_1", "benign", "country"))
	h.sendLogs(say("tok_2", "malicious", ""))
	h.sendLogs(say("tok_nobody", "benign", ""))
	h.sendLogs(say("tok_3", "fine", ""))
	h.sendLogs(say("tok_3", "benign", "leaked_credential"))
	assert.Equal(t, 2, h.advised())
	assert.Equal(t, int64(100), func() int64 { h.stop(); return h.prometheus.last(otelattr.MetricRequests) }(), "it is no request")
	again := newHouse(t, nil).onDisk(dir).start()
	assert.Equal(t, 2, again.advised(), "it survives a restart")
	again.stop()
}

func TestFeedbackComesBackFromTheJournal(t *testing.T) {
	dir := folder(t)
	h := newHouse(t, nil).onDisk(dir).start()
	h.send(many(0, 100))
	h.sendLogs(say("tok_1", "benign", "country"))
	crashed := h.killed(t, dir)
	h.stop()
	again := newHouse(t, nil).onDisk(crashed).start()
	assert.Equal(t, 1, again.advised())
	again.stop()
}

func TestFeedbackMayBeOff(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Feedback.Enabled = false }).start()
	h.send(many(0, 100))
	h.sendLogs(say("tok_1", "benign", "country"))
	assert.Zero(t, h.advised())
	h.stop()
	c := createDefaultConfig().(*Config)
	c.Feedback.TTL = 0
	require.ErrorContains(t, c.Validate(), "feedback::ttl")
}
