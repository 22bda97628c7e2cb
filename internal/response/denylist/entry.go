package denylist

import (
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Entry is one act upon one token. A token may have several: it is refused until the last is taken away.
type Entry struct {
	Token    string          `json:"id"`  // api_token.id
	Act      string          `json:"act"` // that put it here; taking it away needs the same
	Action   response.Action `json:"action"`
	Reason   string          `json:"reason,omitempty"` // the detector that spoke first
	Incident string          `json:"incident,omitempty"`
	Since    time.Time       `json:"since"`
	Until    time.Time       `json:"until,omitzero"`  // from then on it counts no more; zero: until it is taken away
	Grant    *Grant          `json:"grant,omitempty"` // of a restriction: what is still allowed
}

// over says whether the entry counts no more.
func (e *Entry) over(now time.Time) bool { return !e.Until.IsZero() && !now.Before(e.Until) }

// same says whether another entry says the same, whenever it came.
func (e *Entry) same(o *Entry) bool {
	return e.Token == o.Token && e.Act == o.Act && e.Action == o.Action && e.Reason == o.Reason && e.Incident == o.Incident &&
		e.Until.Equal(o.Until) && e.Grant.equal(o.Grant)
}
