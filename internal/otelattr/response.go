package otelattr

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/behavior"
)

// JournalSelf is who says what no person said.
const JournalSelf = "holter"

// Values of ActState that have to show in what the token does, or no longer.
var actStates = map[string]behavior.ActState{
	"done": behavior.ActDone, "proven": behavior.ActDone, "unproven": behavior.ActDone, "undone": behavior.ActOver, "expired": behavior.ActOver,
}

// actionLock is the action after which a token may not work at all. After the others it may, and nothing is to be seen from outside.
const actionLock = "lock"

// ResponseOf reads what an api_token.response event says of a token. ok is false for any other record, and for one that says nothing that
// has to show; an error says what is wrong with one.
func ResponseOf(log plog.LogRecord) (r behavior.Response, ok bool, err error) {
	if log.EventName() != EventResponse {
		return r, false, nil
	}
	if r.Time = int64(log.Timestamp()); r.Time == 0 {
		r.Time = int64(log.ObservedTimestamp())
	}
	var incident, act, by string
	for k, v := range log.Attributes().All() {
		switch k {
		case TokenID:
			r.Token = shortText(v)
		case TokenHint:
			r.Hint = shortText(v)
		case TokenDirection:
			r.Outbound = v.AsString() == DirectionOutbound
		case IncidentState:
			incident = v.AsString()
		case JournalBy:
			by = v.AsString()
		case ActID:
			r.Act.ID = shortText(v)
		case ActAction:
			r.Act.Action = shortText(v)
		case ActTarget:
			r.Act.Target = shortText(v)
		case ActState:
			act = v.AsString()
		case ActDelay:
			if r.Act.Delay, err = delayOf(v); err != nil {
				return r, true, err
			}
		}
	}
	switch {
	case incident == "open" || incident == "acknowledged":
		r.Incident = behavior.IncidentOpen
	case incident == "resolved" && by != "" && by != JournalSelf: // that it was quiet for long tells nothing of what was new in it
		r.Incident = behavior.IncidentOver
	}
	if r.Act.Action == actionLock {
		r.Act.State = actStates[act]
	}
	return r, r.Incident != behavior.NoIncident || r.Act.State != behavior.NoAct, nil
}

// delayOf reads a number of seconds.
func delayOf(v pcommon.Value) (time.Duration, error) {
	const most = 30 * 24 * 3600
	n := math.NaN()
	switch v.Type() {
	case pcommon.ValueTypeInt:
		n = float64(v.Int())
	case pcommon.ValueTypeDouble:
		n = v.Double()
	}
	if !(n >= 0 && n <= most) {
		return 0, fmt.Errorf("%s: %q: write a number of seconds", ActDelay, shortText(v))
	}
	return time.Duration(n * float64(time.Second)), nil
}
