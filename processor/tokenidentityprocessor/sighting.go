package tokenidentityprocessor

import (
	"iter"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/otelattr"
)

// sighting is a record that shows a token, between the look at the record and the writing of what is known of the token.
type sighting struct {
	otelattr.Sight
	shown
}

// shown is what a record says about the use of its token.
type shown struct {
	record     int // which one it is of its scope
	attributes pcommon.Map
	request    otelattr.Request
	when       time.Time
	outbound   bool
	outcome    *string // nil: unknown
}

// groupSize is how many records are looked at before their tokens are looked up: a look-up waits for memory, many at once wait for it
// together.
const groupSize = 32

// groups are the first records of the groups of n.
func groups(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; from < n && yield(from); from += groupSize {
		}
	}
}

// next is where the next sighting is noted. It counts from keep on.
func (w *worker) next() *sighting {
	n := len(w.sightings)
	return &w.sightings[: n+1 : groupSize][n]
}

// keep keeps what was noted last.
func (w *worker) keep() { w.sightings = w.sightings[:len(w.sightings)+1] }

// findTokens looks the tokens of all sightings up, and what will be read of them.
func (e *engine) findTokens(w *worker) {
	w.entries = w.entries[:len(w.sightings)]
	for i := range w.sightings {
		seen := &w.sightings[i]
		w.entries[i].Key = e.cache.Key(w.tenant, seen.Scheme, seen.Secret)
	}
	e.cache.Find(w.entries)
	for i := range w.entries {
		if t := w.entries[i].Value; w.entries[i].Found {
			w.touched += len(t.ID)
		}
	}
	for i := range w.entries {
		if t := w.entries[i].Value; w.entries[i].Found && t.Owner != nil {
			w.touched += len(t.Owner.ID)
		}
	}
}
