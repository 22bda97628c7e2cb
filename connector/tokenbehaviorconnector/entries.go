package tokenbehaviorconnector

import (
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/requests"
	"github.com/holterhq/holter/internal/otelattr"
)

// Entries tells requests from the spans and log records that are part of one, as the connector does with count: entry. Not safe for
// concurrent use.
type Entries struct{ recent *requests.Recent }

// NewEntries remembers so many of the latest records.
func NewEntries(capacity int) *Entries {
	return &Entries{requests.NewRecent("recent", capacity, false)}
}

// Request says whether a record is a request of its own: what came before it tells of no span that it lies in, or that lies in it.
func (e *Entries) Request(record *otelattr.Record) bool {
	verdict := e.recent.Admit(record)
	return verdict == requests.New || verdict == requests.Counterpart
}
