package message

import (
	"sync"

	"github.com/holterhq/holter/internal/response"
)

// endings remembers which incidents a target has been told are over. A message that was held up until after the end must
// not open at the target what nobody closes any more. The zero value is empty.
type endings struct {
	mu    sync.Mutex
	at    map[string]int // the sequence of the message that ended it
	order []string       // the oldest first
}

const maxEndings = 10_000

// past says whether the target knows of the end of an incident that the message comes before.
func (e *endings) past(i *response.Incident) bool {
	if i == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	at, known := e.at[i.ID]
	return known && i.Sequence < at
}

// told takes note of what the target was told. forgot, if any, hears of an end that is forgotten to make room.
func (e *endings) told(i *response.Incident, forgot func()) {
	if i == nil || i.Occasion != response.Resolved {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = make(map[string]int)
	}
	if _, known := e.at[i.ID]; !known {
		e.order = append(e.order, i.ID)
	}
	e.at[i.ID] = max(e.at[i.ID], i.Sequence)
	if len(e.order) > maxEndings {
		delete(e.at, e.order[0])
		e.order = e.order[1:]
		if forgot != nil {
			forgot()
		}
	}
}

// overtaken is the answer to a message that is not sent any more.
func overtaken() response.Answer {
	return response.Answer{Verdict: response.Done, Overtaken: true, Reason: "not sent: the target has been told that the incident is over"}
}

// urgent are the occasions that call for somebody even when the incident itself has been acknowledged.
var urgent = []response.Occasion{
	response.Escalated, response.ActLate, response.ActFailed, response.ActUnknown, response.ActUnproven, response.CircuitOpen,
}
