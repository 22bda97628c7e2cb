package courier

import (
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Notice is something that happened on the way, for those who count, log and watch over health.
type Notice struct {
	Kind     Kind
	Target   string
	Delivery response.Delivery // without its body; zero where the notice is about a target or the store
	Wait     time.Duration     // Retried: until the next attempt; Delivered: since arrival
	Count    int               // Forgotten, Parked: how many
	Err      error             // StoreFailed, Damaged: why
}

// Kind is what a notice tells.
type Kind uint8

const (
	Duplicate   Kind = iota // the same anomaly was accepted for the target before
	Retried                 // an attempt failed, there will be another
	Ended                   // a delivery came to an end, its state says how
	Held                    // an act waits because its intent cannot be written
	Disabled                // the target answered 410 Gone
	TargetDown              // the target has been failing for long
	TargetUp                // it works again
	StoreFailed             // the store refuses, deliveries are kept in memory
	StoreWorks              // it works again
	Forgotten               // remembered anomalies or, with a target, dead letters had to go before their time
	Parked                  // deliveries in the outbox belong to a target that is not configured
	Damaged                 // stored records cannot be read
)
