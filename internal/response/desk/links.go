package desk

import (
	"net/url"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// Links make addresses that lead on from a message. What is empty leads nowhere.
type Links struct {
	Console string // base address of the page
	Trace   string // with {trace_id} and {span_id}
	// Sign is a one-time address that does something about an act until a time; nil: there is none.
	Sign func(verb, act string, until time.Time) string
}

// links are those of a message.
func (l Links) links(e *response.Event, a *incident.Act, now time.Time) (out response.Links) {
	if base := strings.TrimSuffix(l.Console, "/"); base != "" && e.ID != "" {
		out.Console = base + "/anomaly/" + url.PathEscape(e.ID)
		out.File = base + "/api/v1/anomalies/" + url.PathEscape(e.ID) + "/incident.html"
	}
	if l.Trace != "" && e.TraceID != "" {
		out.Trace = strings.NewReplacer("{trace_id}", e.TraceID, "{span_id}", e.SpanID).Replace(l.Trace)
	}
	if a == nil || l.Sign == nil {
		return out
	}
	switch {
	case a.State == incident.Proposed:
		out.Approve = l.Sign("approve", a.ID, a.Expires)
		out.Curl = curl(out.Approve)
	case a.CanUndo && a.InForce():
		out.Undo = l.Sign("undo", a.ID, now.Add(undoFor))
		out.Curl = curl(out.Undo)
	}
	return out
}

// undoFor is how long a link can be used that takes an act back.
const undoFor = 30 * 24 * time.Hour

// curl is a line for a shell. The address is made by Sign: it holds no quotes.
func curl(address string) string { return "curl -X POST '" + address + "'" }

// harmless are links that only show something.
func harmless(l response.Links) response.Links {
	l.Approve, l.Undo, l.Curl = "", "", ""
	return l
}
