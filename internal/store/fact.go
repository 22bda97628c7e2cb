package store

import "time"

// Kind says what a fact counts, and what its two keys mean.
type Kind uint8

// Kinds of facts. The numbers are in files: they do not change.
const (
	Outcomes       Kind = 1 + iota // requests; First is the outcome
	Routes                         // requests; First is method and route, as in GET /v1/orders/{id}
	Origins                        // requests; First is the country, Second the AS number
	Releases                       // requests; First is the service, Second its version
	Clients                        // requests; First is the client, such as curl
	Bytes                          // bytes of bodies; First is receive or transmit, as the server sees it
	Durations                      // requests and how long they took, in Histogram
	RouteDurations                 // the same of a route, whoever asked; First is method and route, Second the outcome; no subject
	Units                          // what requests used; First is the unit, Second the model
	Costs                          // what that cost, in billionths; First is the currency, Second the model
	Coverage                       // server spans; First is the service, Second with, without or unreadable; no subject
)

// Subject is whose doing a fact is: a token, under the owner that it had then. Billing depends on that. What had no owner then is told of
// the owner that its token has now: who registers a key late has used it before.
type Subject struct {
	Token, Owner, Team string
}

// Fact is what one subject did in one minute, under one key of one dimension.
type Fact struct {
	Minute        int64 // of event time: unix seconds / 60
	Kind          Kind
	Subject       Subject
	First, Second string
	Overflow      bool // the sum of all that had no fact of their own because of a limit
	Value         int64
	Histogram     *Histogram // of durations, in seconds
}

// Histogram is an exponential histogram of OpenTelemetry with positive values and zeros: bucket i counts what lies above 2^(i·2^-Scale),
// up to 2^((i+1)·2^-Scale).
type Histogram struct {
	Scale  int32
	Offset int32 // index of Counts[0]
	Counts []uint64
	Zeros  uint64
	Sum    float64
}

// Batch is what arrives at once. One that comes again, with the Engine and the Sequence of one that was written, changes nothing; without
// an Engine it is always written.
type Batch struct {
	Engine    string
	Sequence  uint64
	Pipe      string // sequences are by engine and pipe
	Facts     []Fact
	Sightings []Sighting
}

// Sighting is the latest that is known of a token: how it was used last, and how much speaks against it.
type Sighting struct {
	Token    Token
	Evidence *Evidence // nil: nothing new
}

// Evidence is how much speaks against a token, in nats, and how much the alert budget asks for.
type Evidence struct {
	At        time.Time `json:"at,omitzero"`
	Nats      float64   `json:"nats"`
	Threshold float64   `json:"threshold"`
	Learning  bool      `json:"learning,omitempty"` // not enough evidence yet
	Frozen    bool      `json:"frozen,omitempty"`   // nothing is learned while an incident is open
}
