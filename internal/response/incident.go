package response

// Occasion is why a message goes out: what happened to an incident.
type Occasion string

// Occasions.
const (
	Opened       Occasion = "opened"
	Updated      Occasion = "updated" // more anomalies of the same token
	Acknowledged Occasion = "acknowledged"
	Escalated    Occasion = "escalated" // nobody acknowledged in time, or an act does not hold
	Resolved     Occasion = "resolved"
	ActProposed  Occasion = "act_proposed" // it waits for somebody's approval
	ActDone      Occasion = "act_done"
	ActUndone    Occasion = "act_undone"
	ActLate      Occasion = "act_late" // it does not get through, and is still tried
	ActFailed    Occasion = "act_failed"
	ActUnknown   Occasion = "act_unknown"  // its answer was lost: a person has to look
	ActUnproven  Occasion = "act_unproven" // the provider said yes, and the token still works
	CircuitOpen  Occasion = "circuit_open" // a cap was reached: nothing more is done by itself
)

// Incident is one token's trouble, as messages tell of it: all anomalies of the token until it is calm again. What is not
// known is left out. Times are RFC 3339.
type Incident struct {
	ID             string    `json:"id"`
	Occasion       Occasion  `json:"occasion"`
	State          string    `json:"state"` // open, acknowledged, resolved
	Opened         string    `json:"opened"`
	Updated        string    `json:"updated,omitempty"`
	Sequence       int       `json:"sequence"` // of the messages about this incident, from 1
	Anomalies      int       `json:"anomalies"`
	Detectors      []string  `json:"detectors,omitempty"` // in the order in which they first spoke
	Severity       string    `json:"severity"`            // the highest so far
	AcknowledgedBy string    `json:"acknowledged_by,omitempty"`
	ResolvedBy     string    `json:"resolved_by,omitempty"`
	Cause          string    `json:"cause,omitempty"`     // deploy, attack, unclear
	CauseWhy       string    `json:"cause_why,omitempty"` // one sentence
	Reached        []Reached `json:"reached,omitempty"`   // what the anomalous requests called
	Blast          *Blast    `json:"blast,omitempty"`     // what locking would break
	Grant          *Grant    `json:"grant,omitempty"`     // what the token needs, as its own past tells
	Act            *ActTold  `json:"act,omitempty"`       // the act that the occasion is about
	Links          Links     `json:"links"`
}

// Reached is a route that was called.
type Reached struct {
	Method   string `json:"method,omitempty"`
	Route    string `json:"route"`
	Status   int64  `json:"status_code,omitempty"`
	Requests int64  `json:"requests,omitempty"`
}

// Blast is what an act would have hit, had it been in force for so many days.
type Blast struct {
	Days     int      `json:"days"`
	Requests int64    `json:"requests"`           // of the token
	Refused  int64    `json:"refused"`            // that the act would have refused; all of them for a lock
	Routes   []string `json:"routes,omitempty"`   // the busiest
	Services []string `json:"services,omitempty"` // that the token called
	Last     string   `json:"last,omitempty"`     // its latest request
	Sentence string   `json:"sentence,omitempty"`
}

// Grant is the narrower grant that a token's own past asks for: all that it really used on the days before its trouble, and how many
// of its requests that would have refused. An empty list restricts nothing.
type Grant struct {
	Days       int      `json:"days"`                  // that it was learned on, the last of them before the trouble
	Active     int      `json:"active_days"`           // of them, those on which the token was used
	Scopes     []string `json:"scopes,omitempty"`      // to keep; empty: none is known to be needless
	Idle       []string `json:"idle_scopes,omitempty"` // to take away: no request exercised them
	Routes     []string `json:"routes,omitempty"`      // such as GET /v1/orders/{id}
	Networks   []string `json:"networks,omitempty"`    // such as AS3320
	Countries  []string `json:"countries,omitempty"`   // such as DE
	Counted    int      `json:"counted_days"`          // the latest days, on which its requests were tried against it
	Requests   int64    `json:"requests"`              // of the token on these
	Refused    int64    `json:"refused"`               // of them, at most so many
	Unforeseen int64    `json:"unforeseen"`            // that a grant learned anew each day, on as many days before, would have refused
	Sentence   string   `json:"sentence,omitempty"`
}

// Narrows says whether there is anything that the grant takes away.
func (g *Grant) Narrows() bool {
	return g != nil && len(g.Idle)+len(g.Routes)+len(g.Networks)+len(g.Countries) > 0
}

// ActTold is an act as messages and the journal tell of it.
type ActTold struct {
	ID      string `json:"id"`
	Action  string `json:"action"`
	Target  string `json:"target"`
	State   string `json:"state"`
	Why     string `json:"why,omitempty"`
	By      string `json:"by,omitempty"`
	Answer  string `json:"answer,omitempty"`
	Proof   string `json:"proof,omitempty"`
	Expires string `json:"expires,omitempty"` // when it is undone by itself, or no longer waits for approval
}

// Links lead on from a message. Each works by itself; the commands need no console.
type Links struct {
	Console string `json:"console,omitempty"`
	File    string `json:"file,omitempty"` // the incident file
	Trace   string `json:"trace,omitempty"`
	Approve string `json:"approve,omitempty"` // signed, once, expires
	Undo    string `json:"undo,omitempty"`
	Curl    string `json:"curl,omitempty"` // the command that undoes, or approves, the act
}
