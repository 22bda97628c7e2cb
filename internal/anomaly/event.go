// Package anomaly is the event that Holter raises when a token's behaviour changes: its model, its sentence, its severity
// and its stable id. It knows nothing of telemetry formats.
package anomaly

import "time"

// Event says that a token did what it normally does not do. The same event twice has the same ID.
type Event struct {
	ID       string // UUIDv5 of token, detector, block and severity
	Time     int64  // event time of the request that tipped it, unix nanoseconds
	Trace    [16]byte
	Span     [8]byte
	Detector Detector
	Severity Severity
	Score    float64 // evidence, in nats
	Limit    float64 // the evidence that the alert budget asks for, in nats
	Evidence []Evidence
	Action   Action
	Sentence string // one sentence a person understands
	Token    Token
	Tokens   []string // of a population shift: the ids of the tokens that shifted, Token being none of them
	Trigger  Trigger
	Remedy   Remedy     // that does not hold
	Examples [][16]byte // traces of other requests of the day that are unlike the token, the first ones
}

// Remedy is an act that was done about a token, which should not work any more.
type Remedy struct {
	ID, Action, Target string
	Time               int64 // when it was done, unix nanoseconds
}

// Token is whose behaviour changed, as far as it may be shown.
type Token struct {
	ID, Hint, Type, Registry      string
	Tenant                        string
	OwnerID, OwnerName, OwnerTeam string
	Outbound                      bool
}

// Trigger is the request that tipped the evidence over the limit.
type Trigger struct {
	Service, Version, Environment string
	Method, Route                 string
	HTTPStatus                    uint16
	Country, Network, Client      string // Client is the user agent's family
	First                         bool   // the token never made such a request before
}

// Evidence is what one facet contributed.
type Evidence struct {
	Facet    string // country, network, client, endpoint, hour, count, errors …
	Observed string
	Expected string
	Nats     float64
	Samples  uint64        // how many requests the expectation rests on
	Age      time.Duration // how long the baseline has been learning, in event time
	Others   Others
}

// Others is what the owner's other tokens do.
type Others struct {
	Tokens int    // that there are; 0: it is not known, or the facet is not compared
	Same   int    // that do what was observed
	Mostly string // what most of them do
}

// Severity is what the event means for the person who reads it.
type Severity uint8

// Severities in rising order; they map to the log severities WARN, ERROR and FATAL.
const (
	Look      Severity = iota // WARN: have a look
	Act                       // ERROR: do something
	Confirmed                 // FATAL: confirmed compromise
)

// String is the severity text of the log record.
func (s Severity) String() string { return [...]string{"WARN", "ERROR", "FATAL"}[s] }

// Action is what Holter suggests.
type Action string

// Suggested actions, mildest first.
const (
	Observe        Action = "observe"
	Restrict       Action = "restrict"
	Reauthenticate Action = "reauthenticate"
	Lock           Action = "lock"
)
