// Package journal writes what was observed before it is acknowledged, and reads it back after a crash.
package journal

import (
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// Entry is one thing that happened, in the order in which it happened.
type Entry struct {
	Arrival int64 // clock, unix nanoseconds
	Drain   bool  // the reorder window was emptied, instead of Records
	Records []otelattr.Record

	Feedback  []behavior.Feedback    // comes before the records
	Responses []behavior.Response    // come after feedback
	Uses      []otelattr.Consumption // come after the records
}

// Versions, the first byte of an encoded entry: of one with records alone, of one with feedback or uses, of one with responses too, and
// of one with uses that stand for more than themselves.
const (
	version          = 1
	versionMore      = 2
	versionResponses = 3
	versionWeights   = 4
)

// flags of an encoded record.
const (
	flagOutbound = 1 << iota
	flagRemote
	flagServed
	flagUnreadable
	flagProvisional
	flagWeight
	flagViolations
	flagIDs
)

// bits beside the outcome of an encoded record.
const (
	bitAstray      = 6
	bitHourUnknown = 7
)

// texts are the fields that hold strings, in the order of the encoding. What is likely to differ from record to record
// stands first.
func texts(r *otelattr.Record) [textCount]*string {
	o := &r.Observation
	return [textCount]*string{
		&o.Token, &o.Hint, &o.OwnerID, &o.OwnerName, &o.Route, &o.Path, &o.Country, &o.Network, &o.Client, &o.Method,
		&o.Type, &o.OwnerTeam, &o.Registry, &o.Service, &o.Version, &o.Environment, &o.Status, &o.Tenant,
	}
}

const textCount = 18
