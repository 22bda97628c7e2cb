package tokenresponseexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/response"
)

// fromJournal is a record as the receiver of the journal brings it.
func fromJournal(name string, sequence int64, attributes map[string]string) plog.Logs {
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetEventName(name)
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.Attributes().PutInt("holter.journal.sequence", sequence)
	record.Attributes().PutStr("holter.journal.by", "ann")
	for key, value := range attributes {
		record.Attributes().PutStr(key, value)
	}
	return logs
}

func TestWhatPeopleWantComesByTheJournal(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, _ := asking(t, kong.URL, people.URL, "")
	r := run(t, storageHost(t, t.TempDir()), cfg+"\nstorage: file_storage")
	r.sends(raised("a-1"))
	proposed := r.told(people, response.ActProposed)
	approval := fromJournal("api_token.approval", 7, map[string]string{
		"approval.verb": "approve", "approval.why": "it is stolen", "act.id": proposed.Incident.Act.ID,
	})
	r.sends(approval)
	r.sends(approval) // the journal brings each at least once
	done := r.told(people, response.ActDone)
	assert.Equal(t, "ann", done.Incident.Act.By)
	assert.Equal(t, 1, kong.count())
	assert.Len(t, r.said("decided: approve"), 1)

	r.sends(fromJournal("api_token.approval", 8, map[string]string{"approval.verb": "acknowledge", "incident.id": proposed.Incident.ID}))
	assert.Equal(t, "ann", r.told(people, response.Acknowledged).Incident.AcknowledgedBy)
	r.sends(fromJournal("api_token.approval", 9, map[string]string{"approval.verb": "undo", "act.id": proposed.Incident.Act.ID}))
	r.eventually("why not", func() bool { return len(r.said("decided: undo")) == 1 })
	assert.Contains(t, r.said("decided: undo")[0].ContextMap()["why"], "kong cannot take it back: look at the provider")
	r.sends(fromJournal("api_token.feedback", 10, map[string]string{"api_token.id": "tok_abc", "feedback.verdict": "benign", "feedback.by": "ann"}))
	assert.Equal(t, "ann", r.told(people, response.Resolved).Incident.ResolvedBy)
	assert.Equal(t, 1, kong.count())
}

func TestAStopCountsAlthoughTheJournalBeganAnew(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, _ := asking(t, kong.URL, people.URL, "")
	r := run(t, storageHost(t, t.TempDir()), cfg+"\nstorage: file_storage")
	want := func(verb string, at time.Time) {
		record := fromJournal("api_token.approval", 1, map[string]string{"approval.verb": verb})
		record.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.sends(record)
	}
	now := time.Now()
	want("stop", now.Add(-time.Hour))
	want("resume", now.Add(-time.Minute))
	assert.Len(t, r.said("decided: resume"), 1)
	want("stop", now)
	want("stop", now)
	assert.Len(t, r.said("decided: stop"), 2)
	want("resume", now.Add(-5*time.Hour))
	require.Len(t, r.said("decided: resume"), 2)
	assert.Contains(t, r.said("decided: resume")[1].ContextMap()["why"], "before acts were stopped")
	r.sends(raised("a-1", leaked))
	assert.Equal(t, "blocked", r.told(people, response.Opened).Incident.Act.State)
}
