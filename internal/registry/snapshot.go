package registry

import (
	"crypto/sha256"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// Snapshot is one reading of the registry, immutable. The nil snapshot is no registry.
//
// A large registry that changes little is two tables: what was read whole, and over it what has changed since. A record of the
// upper table hides the lower one's of the same id.
type Snapshot struct {
	base, over *table // over may be nil
	hidden     int    // records of base that over hides
}

// Len is how many tokens are registered.
func (s *Snapshot) Len() int {
	switch {
	case s == nil:
		return 0
	case s.over == nil:
		return s.base.n
	}
	return s.base.n - s.hidden + s.over.n
}

// Find is the registered token that a credential belongs to, nil if there is none. The surest way of joining wins: the whole
// credential, then its id at a gateway, the user of Basic, its claims from the narrowest set to the widest, then its ends.
func (s *Snapshot) Find(c credential.Credential) *Token {
	if s.Len() == 0 {
		return nil
	}
	digest := sha256.Sum256([]byte(c.Raw))
	for _, how := range [...]join{byDigest, byGateway, byUser, byClaims, byEnds} {
		over, overNear, overAs, changed := s.over.find(c, &digest, how)
		base, baseNear, baseAs, ok := s.base.find(c, &digest, how)
		ok = ok && !s.hides(base)
		switch {
		case changed && (!ok || overNear >= baseNear):
			return s.over.at(over).token(overAs)
		case ok:
			return s.base.at(base).token(baseAs)
		}
	}
	return nil
}

// ByID is the registered token of an id, nil if there is none.
func (s *Snapshot) ByID(id string) *Token {
	if r := s.byID(id); r != nil {
		return r.token(0)
	}
	return nil
}

func (s *Snapshot) byID(id string) *record {
	if s == nil {
		return nil
	}
	if at, ok := s.over.byID(id); ok {
		return s.over.at(at)
	}
	if at, ok := s.base.byID(id); ok {
		return s.base.at(at)
	}
	return nil
}

// successor is the record that replaces the one of an id.
func (s *Snapshot) successor(id string) *record {
	if s == nil {
		return nil
	}
	if s.over != nil {
		if at, ok := s.over.successors[id]; ok {
			return s.over.at(at)
		}
	}
	if at, ok := s.base.successors[id]; ok && !s.hides(at) {
		return s.base.at(at)
	}
	return nil
}

func (s *Snapshot) hides(at uint32) bool {
	if s.over == nil {
		return false
	}
	_, ok := s.over.byID(s.base.at(at).id)
	return ok
}

// token is a record for those who ask.
func (r *record) token(as join) *Token {
	t := &Token{ID: r.id, Owner: r.owner, Status: r.status, First: r.id, joined: as, ExpiresAt: moment(r.expires), CreatedAt: moment(r.created)}
	if r.terms != nil {
		t.Scopes, t.Tags, t.Networks, t.Routes = r.terms.scopes, r.terms.tags, r.terms.networks, r.terms.routes
	}
	if s := r.succession; s != nil {
		t.Replaces, t.RotatedAt, t.APITokenID = s.replaces, s.rotated, s.apiTokenID
	}
	return t
}

func moment(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// tookOver is until when the one that a record replaces may be used.
func (r *record) tookOver() (until time.Time, known bool) {
	s := r.succession
	if s == nil || !s.graced {
		return time.Time{}, false
	}
	switch {
	case !s.rotated.IsZero():
		return s.rotated.Add(s.grace), true
	case r.created != 0:
		return moment(r.created).Add(s.grace), true
	}
	return time.Time{}, false
}

// Same says whether the row of an id is registered with a sum, so that it need not be read again.
func (s *Snapshot) Same(id string, sum uint64) bool {
	r := s.byID(id)
	return r != nil && r.sum == sum
}

// compactAt is the part of the base, and the least number, from which on changes are worked into it.
const (
	compactPart  = 8
	compactLeast = 1024
)

// With is the snapshot with rows changed or added, and what is wrong with some of them. where names them as for a Builder. It
// costs as much as what has changed since the last full reading; now and then as much as all.
func (s *Snapshot) With(changes []Row, where func(at int, field string) string) (*Snapshot, error) {
	b := NewBuilder(where)
	for i := range changes {
		b.Add(i, &changes[i])
	}
	if s.over != nil {
		b.adopt(s.over)
	}
	if b.table.n > max(compactLeast, s.base.n/compactPart) {
		b.adopt(s.base)
		return b.Snapshot()
	}
	next := &Snapshot{base: s.base, over: b.table}
	for i := range uint32(b.table.n) {
		r := b.table.at(i)
		if _, ok := next.base.byID(r.id); ok {
			next.hidden++
		}
		if next.circular(r) {
			b.Fail(int(b.ats[i]), "replaces", errCircle)
			b.table.unchain(i)
		}
	}
	return next, b.err()
}

// circular says whether the rotations before a record come back to it.
func (s *Snapshot) circular(r *record) bool {
	before := r
	for range maxRotations {
		if before.succession == nil || before.succession.replaces == "" {
			return false
		}
		if before = s.byID(before.succession.replaces); before == nil {
			return false
		}
		if before == r {
			return true
		}
	}
	return false
}

// adopt enters the records of an older table whose place no newer record takes.
func (b *Builder) adopt(older *table) {
	for i := range uint32(older.n) {
		r := *older.at(i)
		faults := b.table.taken(&r)
		if len(faults) == 1 && faults[0].field == "replaces" {
			alone := *r.succession
			alone.replaces, alone.graced = "", false
			r.succession, faults = &alone, nil
		}
		if len(faults) == 0 {
			b.ats = append(b.ats, -1)
			b.table.enter(r)
		}
	}
}
