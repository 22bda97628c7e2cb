package registry

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// Source is one place where owners and tokens are written down. Snapshot may be called at any time, Check by one goroutine at
// a time.
type Source interface {
	// Name is how the source is called where people read of it: "file owners.yaml". It holds no secret.
	Name() string
	// Snapshot is the reading in force, nil before the first.
	Snapshot() *Snapshot
	// Check reads the source if it has changed. It says whether another reading came into force, and what is wrong with the
	// source as it is now; the last good reading stays in force.
	Check(ctx context.Context) (changed bool, err error)
	// Interval is how often to check.
	Interval() time.Duration
	// Optional says whether to go on without a first reading.
	Optional() bool
}

// Directory asks sources in order: the first that knows a token is believed. Safe for concurrent use. The nil Directory knows
// nothing.
type Directory struct {
	sources    []Source
	generation atomic.Uint64
}

// NewDirectory asks these sources; it is nil without any.
func NewDirectory(sources ...Source) *Directory {
	if len(sources) == 0 {
		return nil
	}
	return &Directory{sources: sources}
}

// Sources are the sources in order.
func (d *Directory) Sources() []Source { return d.sources }

// Changed says that a source has another reading: what was found before may be found otherwise now.
func (d *Directory) Changed() { d.generation.Add(1) }

// Generation is how often a source has changed.
func (d *Directory) Generation() uint64 { return d.generation.Load() }

// Read says whether any source has been read: only then is a token that is not found unknown.
func (d *Directory) Read() bool {
	for _, source := range d.sources {
		if source.Snapshot() != nil {
			return true
		}
	}
	return false
}

// Find is the registered token that a credential belongs to, and what the other tokens of all sources say of it; nil if there is
// none.
func (d *Directory) Find(c credential.Credential) *Token {
	for _, source := range d.sources {
		if found := source.Snapshot().Find(c); found != nil {
			d.relate(found)
			return found
		}
	}
	return nil
}

// maxRotations is how far a token is followed back.
const maxRotations = 10_000

// relate follows a token's rotations back to the first and on to the last.
func (d *Directory) relate(t *Token) {
	next := d.successor(t.ID)
	if t.Replaces == "" && next == nil {
		return
	}
	seen := map[string]bool{t.ID: true}
	for before := t.Replaces; before != "" && !seen[before] && len(seen) < maxRotations; {
		t.First, t.Rotates, seen[before] = before, true, true
		r := d.byID(before)
		if r == nil || r.succession == nil {
			break
		}
		if t.APITokenID == "" {
			t.APITokenID = r.succession.apiTokenID
		}
		before = r.succession.replaces
	}
	if next == nil {
		return
	}
	t.Rotates = true
	if until, known := next.tookOver(); known {
		t.UsableUntil = until
	}
	for t.APITokenID == "" && next != nil && !seen[next.id] && len(seen) < maxRotations {
		t.APITokenID, seen[next.id] = next.succession.apiTokenID, true
		next = d.successor(next.id)
	}
}

func (d *Directory) successor(id string) *record {
	for _, source := range d.sources {
		if r := source.Snapshot().successor(id); r != nil {
			return r
		}
	}
	return nil
}

func (d *Directory) byID(id string) *record {
	for _, source := range d.sources {
		if r := source.Snapshot().byID(id); r != nil {
			return r
		}
	}
	return nil
}
