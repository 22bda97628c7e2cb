package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/store"
)

// shelfOfRecords takes records, or says why it does not.
type shelfOfRecords struct {
	err     error
	entries []store.Entry
}

func (s *shelfOfRecords) Append(_ context.Context, entries []store.Entry) error {
	if s.err == nil {
		s.entries = append(s.entries, entries...)
	}
	return s.err
}

func TestRecordsWaitForTheirStore(t *testing.T) {
	kept := &shelfOfRecords{err: fmt.Errorf("closed: %w", store.ErrAway)}
	j := &Journal{Store: kept}
	body, err := json.Marshal([]store.Entry{{Kind: store.EntryAudit, By: "ann", Time: noon}})
	require.NoError(t, err)
	answer := j.Send(t.Context(), &response.Delivery{Body: body}, noon)
	assert.Equal(t, response.Refused, answer.Verdict)
	assert.True(t, answer.Busy)
	kept.err = nil
	assert.Equal(t, response.Done, j.Send(t.Context(), &response.Delivery{Body: body}, noon).Verdict)
	assert.Equal(t, "ann", kept.entries[0].By)
	assert.Equal(t, response.Final, j.Send(t.Context(), &response.Delivery{Body: []byte("x")}, noon).Verdict)

	schedule := JournalSchedule()
	due, more := schedule.Due(8000, noon, 0, 0)
	assert.True(t, more, "for a day")
	assert.Equal(t, "10s", due.Sub(noon).String())
}
