package response

import (
	"time"
)

// Kind says what a delivery does at its target.
type Kind uint8

const (
	Message Kind = iota // tells people; sending it twice does no harm, receivers know it by its id
	Act                 // does something to a token; must happen once
)

// State is where a delivery stands.
type State uint8

const (
	Waiting   State = iota // to be sent when due
	Sending                // intent: written before an act is sent, so that a crash in between is seen
	Asking                 // the answer to an act was lost, the target is asked whether it was done
	Delivered              // the target said yes
	Dead                   // given up
	Unknown                // an act was sent and nobody knows whether it was done: never sent again
	DryRun                 // described instead of sent
	Recalled               // called back before anything was sent
)

var stateNames = [...]string{"waiting", "sending", "asking", "delivered", "dead", "unknown", "dry_run", "recalled"}

func (s State) String() string { return stateNames[s] }

// Delivery is one event on its way to one target.
type Delivery struct {
	Seq     uint64 // position in the outbox
	ID      string // the anomaly's, message's or act's id: the idempotency key, together with the target
	Target  string
	Rule    string
	Arrived time.Time
	DryRun  bool   // acts of this delivery are described, whatever the configuration says later
	Action  Action // of an act
	Step    Step   // of an act
	Body    []byte // the message; nil while it rests in storage only

	Progress
}

// Dry says whether the delivery is described instead of sent, at a target that is dry or is not. What was done in earnest is proven and
// taken back although its target is dry by now: that is never the dangerous direction.
func (d *Delivery) Dry(target bool) bool { return d.DryRun || target && d.Step == Do }

// Progress is what changes about a delivery.
type Progress struct {
	State    State
	Attempts int // requests made so far
	Due      time.Time
	Answer   Answer // the last one
	Doubt    bool   // an earlier request may have done it: its answer was lost
}

// Verdict is what an answer means.
type Verdict uint8

const (
	Done      Verdict = iota // the target did it
	Refused                  // the target said no, nothing was done: worth another try later
	Unreached                // nothing was sent
	Lost                     // something was sent, and no answer tells whether it was done
	Undone                   // asked, the target says that it was not done, or does not hold
	Final                    // another try makes no sense or would do harm
	Gone                     // the target wants no more deliveries, ever
	Described                // dry run: what would have been sent was said
)

// Answer is what came back from a target. Text is bounded and holds no secrets.
type Answer struct {
	Verdict    Verdict
	Status     int           // HTTP status, 0 without an answer
	Text       string        // the answer's first bytes, or what went wrong
	Reason     string        // why the verdict is not Done
	RetryAfter time.Duration // what the target asked for
	Busy       bool          // the target is overloaded or unreachable: slow down
	Request    string        // dry run: what would have been sent
	Detour     bool          // the address that the event names is forbidden, the target's own endpoint got it
	Before     bool          // Done: nothing was sent, it was so before
	Overtaken  bool          // nothing was sent: the target has been told of something later that makes it void
}
